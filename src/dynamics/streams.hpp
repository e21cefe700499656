// Which streams of random numbers the dynamics use, so that no two are the same.
#pragma once

#include <cstdint>

namespace synbal::streams {

constexpr std::uint32_t kInputs = 81;         ///< of built-in protocols
constexpr std::uint32_t kNoise = 82;          ///< that neurons receive
constexpr std::uint32_t kPerturbation = 83;   ///< of states, to see how they are amplified
constexpr std::uint32_t kInputWeights = 84;   ///< drawn where a network has none
constexpr std::uint32_t kOutputWeights = 85;  ///< likewise

}  // namespace synbal::streams
