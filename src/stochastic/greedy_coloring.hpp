// The colouring that the schedule `colored` visits by.
#pragma once

#include <cstdint>
#include <vector>

#include "stochastic/ordered_pass.hpp"

namespace synbal {

/// Collective. [n + ghosts] The greedy colouring that takes neurons with many synapses first, equal ones in an order
/// drawn from the seed, and gives each the lowest colour that none of its neighbours has: the same at any rank count
/// and under any partition. The graph has to be one block. (balance/coloring draws colours, keyed by the rows of the
/// partition, in rounds: fewer colours are not its aim, and another partition gets others, which a reference schedule
/// must not.)
std::vector<std::int64_t> greedy_coloring(const BlockGraph& graph, std::uint64_t seed);

}  // namespace synbal
