// The numbers of core that something else might be as good for. None came from a measurement: what each guards against
// is said.
#pragma once

#include <cstddef>

namespace synbal::tuning {

// Forecasts of the end of a run (progress.cpp): a wrong ETA is worse than none.
inline constexpr std::size_t kMostSamples = 64;   ///< kept of a run, evenly thinned: bounded memory
inline constexpr std::size_t kFewestSamples = 6;  ///< below that a line fits anything
inline constexpr double kSameSlope = 1.5;         ///< by which factor the halves of a steady trend may differ
inline constexpr double kGoodFit = 0.9;           ///< share of the variance that the line must explain

}  // namespace synbal::tuning
