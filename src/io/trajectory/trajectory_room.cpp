// What the file system tells of its free blocks; quotas are found when the file is allocated.
#include "io/trajectory/trajectory_room.hpp"

#include <fmt/format.h>
#include <sys/statfs.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "io/output_file.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/memory_room.hpp"

namespace synbal::io {

namespace {
constexpr double kGiB = 1 << 30;
constexpr double kRemembered = 12;  // bytes of a row's checksum, in a vector that doubles

/// f_type of file systems whose files are in memory.
constexpr decltype(std::declval<struct statfs>().f_type) kTmpfs = 0x01021994, kRamfs = 0x858458f6;

/// Bytes that may be written to the folder of `path`; no limit where nothing tells.
double left_for(const std::string& path) {
  constexpr double no_limit = std::numeric_limits<double>::infinity();
  const auto folder = std::filesystem::path(resolved(path)).parent_path();
  struct statfs facts {};
  if (::statfs(folder.empty() ? "." : folder.c_str(), &facts) != 0 || facts.f_blocks == 0) {
    return no_limit;
  }
  const double free = static_cast<double>(facts.f_bavail) * static_cast<double>(facts.f_bsize);
  const bool is_memory = facts.f_type == kTmpfs || facts.f_type == kRamfs;
  return is_memory ? std::min(free, memory_left_on_machine()) : free;
}
}  // namespace

void expect_room_for(const Comm& comm, const std::string& path, const RowsToCome& coming) {
  const auto rows = static_cast<double>(coming.rows), bytes = 8 * static_cast<double>(coming.width);
  const double needed = bytes * (2 * rows - static_cast<double>(coming.kept));
  agreed(comm, [&] {
    const double left = comm.is_root() ? left_for(path) : needed;
    if (needed <= left) return;
    throw io_failure(
        fmt::format("{}: {} rows of {} numbers take {:.3g} GiB, and as much again for the last copy; {:.3g} GiB are "
                    "free there: record fewer times (--output-times) or neurons (--record), or write elsewhere",
                    path, coming.rows, coming.width, bytes * rows / kGiB, left / kGiB));
  });
  expect_room(comm, kRemembered * rows, fmt::format("the checksums of {} rows", coming.rows));
}

}  // namespace synbal::io
