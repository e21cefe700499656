// How long a run will still take, foretold from how its imbalance fell.
#pragma once

#include <optional>
#include <span>

#include "synbal/core/progress.hpp"

namespace synbal::detail {

/// Seconds from the last sample to the end of a run of few and dear steps, one sample a step, whose falls may grow as
/// those of Newton's method do: as many steps as the last two falls foretell, and two more, of the longer time of the
/// last two. (Newton solves once more to judge its end.) Within a factor of 2 or so on modular, random, lattice and
/// small-world networks once steps are whole. Nothing where the last step hardly helped.
[[nodiscard]] std::optional<double> seconds_of_steps(std::span<const ProgressSample> steps, double target);

}  // namespace synbal::detail
