// The graph that elimination leaves.
#pragma once

#include <memory>
#include <span>

#include "laplacian/changing_graph.hpp"

namespace synbal::detail {

/// Collective. The nodes `left` (ascending local indices of `graph`) as a graph of their own, numbered in their old
/// order on their old ranks, with the rows that `changing` has now.
std::unique_ptr<ConductanceGraph> graph_of_the_rest(const ConductanceGraph& graph, const ChangingGraph& changing,
                                                    std::span<const LocalIndex> left);

}  // namespace synbal::detail
