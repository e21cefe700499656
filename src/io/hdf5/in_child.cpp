// A fork, a pipe, limits.
#include "io/hdf5/in_child.hpp"

#include <fcntl.h>
#include <hdf5.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include "io/input_file.hpp"

namespace synbal::io {

namespace {

constexpr std::size_t kLongestAnswer = std::size_t{1} << 20;
constexpr rlim_t kProcessorSeconds = 5;
constexpr auto kPatience = std::chrono::seconds(20);  // of the parent, where disks are slow
constexpr rlim_t kMemory = rlim_t{256} << 20;         // bytes beyond what the parent has
constexpr char kDone = '\x06', kNothing = '\x15';     // last byte that the child sends
constexpr std::array kDeadly{SIGSEGV, SIGBUS,  SIGABRT, SIGFPE,  SIGILL,  SIGTERM, SIGINT,   SIGALRM,
                             SIGUSR1, SIGUSR2, SIGHUP,  SIGXCPU, SIGQUIT, SIGPIPE, SIGVTALRM};

void limit(__rlimit_resource what, rlim_t most) {
  struct rlimit wanted {};
  if (::getrlimit(what, &wanted) != 0) return;
  wanted.rlim_cur = wanted.rlim_max == RLIM_INFINITY ? most : std::min(most, wanted.rlim_max);
  ::setrlimit(what, &wanted);
}

/// Address space: kMemory beyond what is in use, where that can be known.
void limit_memory() {
#if !defined(__SANITIZE_ADDRESS__)  // which reserves terabytes
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  if (statm >> pages) limit(RLIMIT_AS, pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + kMemory);
#endif
}

/// Open HDF5 files share their place in the file with the parent unless they are opened anew under the same number.
void part_from_parent() {
  std::array<hid_t, 64> files{};
  const auto count = H5Fget_obj_ids(H5F_OBJ_ALL, H5F_OBJ_FILE, files.size(), files.data());
  for (ssize_t k = 0; k < count && k < std::ssize(files); ++k) {
    void* handle = nullptr;
    if (H5Fget_vfd_handle(files[static_cast<std::size_t>(k)], H5P_DEFAULT, &handle) < 0 || handle == nullptr) continue;
    const int shared = *static_cast<int*>(handle);
    const auto own = ::open(("/proc/self/fd/" + std::to_string(shared)).c_str(), O_RDONLY | O_CLOEXEC);
    if (own < 0) continue;
    ::lseek(own, ::lseek(shared, 0, SEEK_CUR), SEEK_SET);
    ::dup2(own, shared);
    ::close(own);
  }
}

void send(int to, const char* bytes, std::size_t count) {
  while (count > 0) {
    const auto sent = ::write(to, bytes, count);
    if (sent <= 0) ::_exit(1);
    bytes += sent, count -= static_cast<std::size_t>(sent);
  }
}

/// The child's life. It ends without a word to MPI, exit handlers or memory checkers.
[[noreturn]] void live(int to, const std::function<std::optional<std::string>()>& work) {
  for (const int signal : kDeadly) std::signal(signal, SIG_DFL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kProcessorSeconds);
  limit_memory();
  part_from_parent();
  std::optional<std::string> found;
  try {
    found = work();
  } catch (...) {
    ::_exit(1);
  }
  if (found && found->size() <= kLongestAnswer) send(to, found->data(), found->size());
  send(to, found && found->size() <= kLongestAnswer ? &kDone : &kNothing, 1);
  ::_exit(0);
}

/// All that comes until the other side closes; nothing when that takes too long or is too much.
std::optional<std::string> receive(int from) {
  std::string text;
  std::array<char, 4096> block{};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (text.size() <= kLongestAnswer + 1) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    struct pollfd ready {
      from, POLLIN, 0
    };
    if (left.count() <= 0 || (::poll(&ready, 1, static_cast<int>(left.count())) < 0 && errno != EINTR)) return {};
    if (ready.revents == 0) continue;
    const auto got = ::read(from, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {};
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

std::optional<std::string> read_variable_text(std::int64_t attribute, std::int64_t type) {
  return in_child([&]() -> std::optional<std::string> {
    char* raw = nullptr;
    if (H5Aread(attribute, type, static_cast<void*>(&raw)) < 0 || raw == nullptr) return {};
    return std::string(raw);
  });
}

namespace {
/// What became of a child; it did not die where none could be made, or where it took too long.
struct Ended {
  std::optional<std::string> text;
  bool died = false;
};

/// Above 1: as memory checkers end what they find fault with.
bool is_death(int status) {
  return WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WIFEXITED(status) && WEXITSTATUS(status) > 1;
}

Ended end_of(const std::function<std::optional<std::string>()>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  const auto from = FileDescriptor::adopt(ends[0]);
  auto to = FileDescriptor::adopt(ends[1]);
  const auto child = ::fork();
  if (child < 0) return {};
  if (child == 0) live(to.get(), work);
  to.reset();
  auto text = receive(from.get());
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!text || !text->ends_with(kDone)) return {{}, is_death(status)};
  text->pop_back();
  return {text, is_death(status)};
}
}  // namespace

std::optional<std::string> in_child(const std::function<std::optional<std::string>()>& work) {
  return end_of(work).text;
}

bool dies_in_child(const std::function<void()>& work) {
  return end_of([&] { return work(), std::optional<std::string>(); }).died;
}

}  // namespace synbal::io
