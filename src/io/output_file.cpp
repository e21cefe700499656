// Temporary name, allocation, fsync, rename.
#include "io/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>
#include <vector>

#include "io/seal.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/io/stream.hpp"

namespace synbal::io {

namespace {
std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);  // some file systems refuse this on folders; the rename itself has succeeded
  ::close(fd);
}
}  // namespace

Error cannot_write(const std::string& path, int code) {
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return io_failure(fmt::format("{}: cannot be written ({}): {}", path, std::strerror(code),
                                full ? "free some space or write elsewhere" : "check the folder and its permissions"));
}

namespace {
void write_through(int stream, const std::string& path, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto done = ::write(stream, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw cannot_write(path, done < 0 ? errno : EIO);
    bytes = bytes.subspan(at(done));
  }
}
}  // namespace

void write_at(int descriptor, const std::string& path, ByteCount offset, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const int fault = io_fault();
    if (fault > 0) throw cannot_write(path, fault);
    const auto most = fault < 0 ? (bytes.size() + 1) / 2 : std::min(bytes.size(), std::size_t{1} << 30);
    const auto done = ::pwrite(descriptor, bytes.data(), most, offset);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw cannot_write(path, done < 0 ? errno : EIO);
    bytes = bytes.subspan(at(done));
    offset += done;
  }
}

std::string resolved(const std::string& path) {
  std::error_code none;
  auto place = std::filesystem::path(path);
  for (int links = 0; links < 40 && std::filesystem::is_symlink(place, none); ++links) {
    const auto to = std::filesystem::read_symlink(place, none);
    place = to.is_absolute() ? to : place.parent_path() / to;
  }
  return place.string();
}

void check_can_create(const std::string& link) {
  if (is_stream(link)) return;
  const auto path = resolved(link);
  const auto folder = folder_of(path);
  struct stat facts {};
  if (::stat(folder.c_str(), &facts) != 0) {
    throw io_failure(fmt::format("{}: cannot be written (folder {}: {}): create the folder or write elsewhere", path,
                                 folder, std::strerror(errno)));
  }
  if (!S_ISDIR(facts.st_mode)) throw cannot_write(path, ENOTDIR);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) throw cannot_write(path, errno);
  if (::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) throw cannot_write(path, EISDIR);
}

namespace {
/// What an output is called until it is whole.
std::string partial_name(const std::string& path) {
  std::random_device entropy;
  return fmt::format("{}.partial-{:08x}", path, entropy());
}
}  // namespace

void check_has_place(const std::string& link) {
  if (is_stream(link)) return;
  const auto path = resolved(link), probe = partial_name(path);
  const RemovedOnDeath removed(probe);
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) throw cannot_write(path, errno);
  ::close(fd);
  ::unlink(probe.c_str());
}

OutputFile::OutputFile(const Comm& comm, std::string path) : comm_(&comm), path_(std::move(path)) {
  agreed(comm, [&] {
    if (comm.is_root()) create();
  });
  partial_ = comm.broadcast(partial_, 0);
  stream_ = comm.broadcast(static_cast<std::int32_t>(stream_), 0) != 0;
}

void OutputFile::create() {
  check_can_create(path_);
  stream_ = is_stream(path_);
  if (!stream_) path_ = resolved(path_);
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (try_to_create()) return;
    if (errno != EEXIST) break;
  }
  const int code = errno;
  partial_.clear();
  throw cannot_write(path_, code);
}

/// With the permissions of what it is to replace.
bool OutputFile::try_to_create() {
  partial_ = partial_name(stream_ ? std::filesystem::temp_directory_path().string() + "/synbal" : path_);
  const int fault = io_fault();
  fd_ = fault > 0 ? -1 : ::open(partial_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fault > 0) errno = fault;
  if (fd_ < 0) return false;
  removed_.emplace(partial_);
  struct stat old {};
  if (!stream_ && ::stat(path_.c_str(), &old) == 0) ::fchmod(fd_, old.st_mode & 07777);
  return true;
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
  if (comm_->is_root() && !partial_.empty()) ::unlink(partial_.c_str());
}

void OutputFile::allocate(ByteCount size) {
  agreed(*comm_, [&] {
    if (!comm_->is_root() || size == 0) return;
    const int fault = io_fault();
    const int code = fault > 0 ? fault : ::posix_fallocate(fd_, 0, size);
    if (code == 0) return;
    const bool unsupported = code == EINVAL || code == EOPNOTSUPP;
    if (!unsupported) throw cannot_write(path_, code);
    if (::ftruncate(fd_, size) != 0) throw cannot_write(path_, errno);
  });
}

void OutputFile::open_everywhere() {
  agreed(*comm_, [&] {
    if (fd_ < 0) fd_ = ::open(partial_.c_str(), O_RDWR | O_CLOEXEC);
    if (fd_ < 0) throw cannot_write(path_, errno);
  });
}

void OutputFile::write(ByteCount offset, std::span<const char> bytes) const { write_at(fd_, path_, offset, bytes); }

// Another descriptor reads what is there for other ranks, too; network file systems want the writes flushed before.
void OutputFile::seal() {
  agreed(*comm_, [&] {
    if (::fsync(fd_) != 0) throw cannot_write(path_, errno);
  });
  const auto written = agreed(*comm_, [&] { return InputFile(partial_); });
  const auto sum = checksum_of(*comm_, written, written.size());
  agreed(*comm_, [&] {
    if (comm_->is_root()) write(written.size(), seal_line(sum, written.size()));
  });
}

void OutputFile::sync_and_close() {
  if (fd_ < 0) return;
  const int fault = io_fault();
  const bool synced = fault <= 0 && ::fsync(fd_) == 0;
  const int code = fault > 0 ? fault : errno;
  const bool closed = ::close(std::exchange(fd_, -1)) == 0;
  if (!synced) throw cannot_write(path_, code);
  if (!closed) throw cannot_write(path_, errno);
}

void OutputFile::commit(const std::function<void()>& before_rename) {
  if (stream_) return pour();
  agreed(*comm_, [&] { sync_and_close(); });
  agreed(*comm_, [&] {
    if (!comm_->is_root()) return;
    if (before_rename) before_rename();
    const int fault = io_fault();
    if (fault > 0) throw cannot_write(path_, fault);
    if (std::rename(partial_.c_str(), path_.c_str()) != 0) throw cannot_write(path_, errno);
    partial_.clear();
    removed_.reset();
    sync_folder(folder_of(path_));
  });
  partial_.clear();
}

/// Collective. All bytes into the stream, by rank 0.
void OutputFile::pour() {
  agreed(*comm_, [&] {
    if (!comm_->is_root()) return;
    const int to = is_stdout(path_) ? ::dup(STDOUT_FILENO) : ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (to < 0) throw cannot_write(path_, errno);
    const auto stream = FileDescriptor::adopt(to);
    const InputFile bytes(partial_);
    std::vector<char> block(std::size_t{1} << 16);
    for (ByteCount done = 0; done < bytes.size();) {
      const auto count = bytes.read(done, block);
      write_through(to, path_, std::span<const char>(block).first(count));
      done += static_cast<ByteCount>(count);
    }
  });
}

}  // namespace synbal::io
