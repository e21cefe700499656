// The numbers of core that something else might be as good for. What each guards against is said.
#pragma once

#include <cstddef>
#include <cstdint>

namespace synbal::tuning {

// Forecasts of the end of a run (eta.cpp): a wrong ETA is worse than none.
inline constexpr std::size_t kMostSamples = 64;   ///< kept of a run, evenly thinned: bounded memory
inline constexpr std::size_t kFewestSamples = 6;  ///< below that a line fits anything
inline constexpr double kSameSlope = 1.5;         ///< by which factor the halves of a steady trend may differ
inline constexpr double kGoodFit = 0.9;           ///< share of the variance that the line must explain
// Of runs of few steps:
inline constexpr std::int64_t kFewSteps = 100;
inline constexpr double kLeastFall = 0.6;   ///< of log(imbalance) in a step, below which the way is long and unknown
inline constexpr double kMostGrowth = 1.5;  ///< of falls: Newton's order with solves to the root of the imbalance
inline constexpr double kStepsToJudge = 2;  ///< that the last solve and the proof take, which are the dearest

// Seconds between lines about the work; a log has more patience than a person.
inline constexpr double kFirstPause = 2, kPauseOnTerminal = 2, kPauseInLog = 10;

}  // namespace synbal::tuning
