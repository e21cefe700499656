// Locks by flock, beside the file: an output itself is replaced, and its lock would go with it.
#include "synbal/io/output_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "io/input_file.hpp"
#include "io/output_file.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {
namespace fs = std::filesystem;
using io::FileDescriptor;

constexpr std::string_view kPartial = ".partial-";
constexpr std::size_t kPartialDigits = 8;

std::string lock_path(const std::string& path) {
  const fs::path file(path);
  return (file.parent_path() / fmt::format(".{}.lock", file.filename().string())).string();
}

/// Whether nobody holds the file: then it is held here until the descriptor goes. True where there are no locks.
bool held_by_nobody(int descriptor) {
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
  return errno != EWOULDBLOCK;
}

/// Whether a name still stands for the open file: its holder before may have removed it since it was opened here, and
/// somebody else have made and locked another one.
bool stands_for(const std::string& name, int descriptor) {
  struct stat open {};
  struct stat there {};
  return ::fstat(descriptor, &open) == 0 && ::stat(name.c_str(), &there) == 0 && open.st_ino == there.st_ino &&
         open.st_dev == there.st_dev;
}

std::string owner_of(int descriptor) {
  std::array<char, 256> words{};
  const auto count = ::pread(descriptor, words.data(), words.size() - 1, 0);
  return count > 0 ? std::string(words.data(), static_cast<std::size_t>(count)) : "somebody";
}

/// The lock of an output, held; nothing where none can be made. @throws Error io_failure where another run has it.
std::optional<FileDescriptor> open_and_hold(const std::string& name, const std::string& path) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    const int raw = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (raw < 0) return {};
    auto descriptor = FileDescriptor::adopt(raw);
    if (!held_by_nobody(raw)) {
      throw io_failure(fmt::format("{}: another run ({}) is about to write it: wait for its end, or write elsewhere",
                                   path, owner_of(raw)));
    }
    if (stands_for(name, raw)) return descriptor;
  }
  return {};
}

/// Removes NAME.partial-XXXXXXXX: whoever holds the lock of the output knows that their writers are gone.
void remove_left_over(const std::string& path) {
  const fs::path file(path);
  const auto folder = file.parent_path().empty() ? fs::path(".") : file.parent_path();
  const auto start = file.filename().string() + std::string(kPartial);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(start) || name.size() != start.size() + kPartialDigits) continue;
    if (::unlink(entry.path().c_str()) == 0) {
      log_info("removed {}, which a run that did not come to its end left", entry.path().string());
    }
  }
}
}  // namespace

struct OutputLocks::Lock {
  Lock(std::string name, FileDescriptor descriptor)
      : path(std::move(name)), file(std::move(descriptor)), removed(path) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  std::string path;
  FileDescriptor file;
  RemovedOnDeath removed;

  ~Lock() { ::unlink(path.c_str()); }  // before the descriptor, and with it the lock, goes
};

OutputLocks::OutputLocks() = default;
OutputLocks::~OutputLocks() = default;

void OutputLocks::take(const std::string& path) {
  const auto file = io::resolved(path);
  const auto name = lock_path(file);
  for (const auto& lock : held_) {
    if (lock->path == name) return;
  }
  auto descriptor = open_and_hold(name, path);
  if (!descriptor) {
    log_debug("{}: no lock could be made", name);  // what cannot be written is found elsewhere
    return;
  }
  const int raw = descriptor->get();
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const auto owner = fmt::format("process {} on {}", ::getpid(), host.data());
  if (::ftruncate(raw, 0) == 0) std::ignore = ::pwrite(raw, owner.data(), owner.size(), 0);
  held_.push_back(std::make_unique<Lock>(name, std::move(*descriptor)));
  remove_left_over(file);
}

}  // namespace synbal
