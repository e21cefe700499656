// Whether the rows that are to come have a place on the disk and in memory.
#pragma once

#include <string>

#include "synbal/core/comm.hpp"

namespace synbal::io {

/// Rows of a trajectory that are foreseen.
struct RowsToCome {
  std::int64_t rows = 0;   ///< in the end
  std::int64_t width = 0;  ///< numbers in each
  std::int64_t kept = 0;   ///< of `rows`: those there are already
};

/// Collective. The file itself, the copy of it that is made at the end, and what every rank remembers of a row. A disk
/// that is memory (tmpfs) has no more room than that. @throws Error io_failure on all ranks, with the figures.
void expect_room_for(const Comm& comm, const std::string& path, const RowsToCome& coming);

}  // namespace synbal::io
