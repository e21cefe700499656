// The rounds in which nodes with at most two neighbours are found and eliminated.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "laplacian/changing_graph.hpp"
#include "synbal/core/block_exchange.hpp"

namespace synbal::detail {

/// The nodes that went in one round, none next to another: x = b / pivot + sum_k share_k x(neighbour_k).
struct EliminationRound {
  struct Node {
    LocalIndex node = -1;
    std::array<LocalIndex, 2> neighbour{-1, -1};  ///< owned, or n + ghost of this round; -1: none
    std::array<double, 2> share{};                ///< conductance over pivot
    double inverse_pivot = 0;                     ///< 0 for a node that nothing held any more
  };
  std::vector<Node> nodes;
  Halo halo;  ///< ghosts: neighbours owned elsewhere
  BlockExchange exchange{halo};
};

struct EliminationRounds {
  std::vector<std::unique_ptr<EliminationRound>> rounds;
  std::vector<std::uint8_t> gone;  ///< [n]
  std::int64_t eliminated = 0;     ///< over all ranks
};

/// Collective. Eliminates in `changing` (which holds `graph`'s nodes) until no node has fewer than three neighbours.
EliminationRounds eliminate_in_rounds(const ConductanceGraph& graph, ChangingGraph& changing);

}  // namespace synbal::detail
