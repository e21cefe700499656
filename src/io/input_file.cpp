// Positioned reads with honest errors; CRC-32 of ranges, combined in rank order.
#include "io/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/stream.hpp"

namespace synbal::io {

namespace {
Error cannot_read(const std::string& path, const char* why) {
  return io_failure(fmt::format("{}: cannot be read ({}): check the path and its permissions", path, why));
}

std::uint32_t checksum_of_range(const InputFile& file, ByteCount begin, ByteCount end) {
  std::vector<char> block(at(std::min<ByteCount>(tuning::kTextBlock, end - begin)));
  std::uint32_t sum = 0;
  while (begin < end) {
    const auto want = at(std::min(std::ssize(block), end - begin));
    const auto got = file.read(begin, {block.data(), want});
    if (got < want) throw cannot_read(file.path(), "it became shorter while being read");
    sum = checksum_of(std::as_bytes(std::span(block).first(got)), sum);
    begin += static_cast<ByteCount>(got);
  }
  return sum;
}

}  // namespace

std::uint32_t checksum_of(const Comm& comm, const InputFile& file, ByteCount size) {
  const auto begin = size / comm.size() * comm.rank();
  const auto end = comm.rank() + 1 == comm.size() ? size : size / comm.size() * (comm.rank() + 1);
  const auto own = agreed(comm, [&] { return checksum_of_range(file, begin, end); });
  const auto sums = comm.gather_all(own);
  const auto lengths = comm.gather_all(end - begin);
  auto total = crc32(0, nullptr, 0);
  for (std::size_t r = 0; r < sums.size(); ++r) total = crc32_combine(total, sums[r], lengths[r]);
  return static_cast<std::uint32_t>(total);
}

void FileTraits::destroy(int descriptor) noexcept { ::close(descriptor); }

std::size_t read_at(int descriptor, const std::string& path, ByteCount offset, std::span<char> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto place = offset + static_cast<ByteCount>(done);
    const auto got = ::pread(descriptor, into.data() + done, into.size() - done, place);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cannot_read(path, std::strerror(errno));
    if (got == 0) break;
    done += at(got);
  }
  return done;
}

void refuse_stream(const std::string& path) {
  if (!is_stream(path)) return;
  throw io_failure(fmt::format(
      "{}: is a pipe or device, and files are read at many places at once: write what comes out of it to a file, and "
      "name that (for a network its extension says the format)",
      path));
}

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) throw cannot_read(path_, std::strerror(errno));
  fd_ = FileDescriptor::adopt(descriptor);
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) throw cannot_read(path_, std::strerror(errno));
  refuse_stream(path_);
  if (!S_ISREG(facts.st_mode)) throw cannot_read(path_, "it is not a regular file");
  size_ = facts.st_size;
}

std::uint32_t checksum_of(std::span<const std::byte> bytes, std::uint32_t so_far) noexcept {
  if (bytes.empty()) return so_far;  // zlib begins anew without a place to read from
  return static_cast<std::uint32_t>(crc32_z(so_far, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string checksum(const Comm& comm, std::span<const InputFile> files) {
  auto total = crc32(0, nullptr, 0);
  for (const auto& file : files) {
    total = crc32_combine(total, checksum_of(comm, file, file.size()), static_cast<z_off_t>(file.size()));
  }
  return checksum_words(static_cast<std::uint32_t>(total));
}

std::string checksum_words(std::uint32_t sum) { return fmt::format("crc32:{:08x}", sum); }

}  // namespace synbal::io
