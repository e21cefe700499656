// Inputs and outputs for networks that come without, so that they can be run at all.
#pragma once

#include <cstdint>

#include "synbal/network/network.hpp"

namespace synbal {

/// Of each row's width: how many inputs or outputs there are, over all arrays of that role. Not collective.
[[nodiscard]] std::int64_t count_of(const Network& network, ArrayRole role);

/// Collective. Normal input weights (N x inputs) of variance 1/inputs, normal output weights (outputs x N) of variance
/// 1/N; the same for any number of ranks. 0: none of that kind.
[[nodiscard]] NetworkArray random_input_weights(const Comm& comm, const Network& network, std::int64_t inputs,
                                                std::uint64_t seed);
[[nodiscard]] NetworkArray random_output_weights(const Comm& comm, const Network& network, std::int64_t outputs,
                                                 std::uint64_t seed);

}  // namespace synbal
