// What a run spent its time on, as PETSc's log has it: this library's events (core/profile.hpp) and preconditioners.
#pragma once

#include <map>
#include <string>

#include "frame/sample.hpp"
#include "synbal/core/comm.hpp"

namespace synbal::benchmark {

/// Has PETSc keep its log from here on. What that costs is a reading of the clock for each event.
void keep_log();

/// Seconds of this rank in each part so far, waiting included. No part is within another.
using Parts = std::map<std::string, double>;
[[nodiscard]] Parts parts_so_far();
[[nodiscard]] Parts operator-(const Parts& a, const Parts& b);

/// Collective. The mean over ranks of each, and "rest": what of `total` seconds belongs to none. Parts that took no
/// time are left out.
[[nodiscard]] Json json_of(const Comm& comm, const Parts& parts, double total);

}  // namespace synbal::benchmark
