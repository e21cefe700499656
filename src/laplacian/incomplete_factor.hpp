// The incomplete Cholesky factor of a Laplacian, made row by row through the ranks.
#pragma once

#include <vector>

#include "laplacian/rank_chain.hpp"
#include "synbal/core/huge_pages.hpp"

namespace synbal::detail {

/// L ~ D^1/2 (I - T) (I - T^t) D^1/2; columns count owned nodes, then ghosts of lower ranks.
struct IncompleteFactor {
  std::vector<std::int64_t> row_ptr{0};
  HugeVector<LocalIndex> column;
  HugeVector<float> coefficient;     ///< T
  std::vector<double> inverse_root;  ///< [n] D^-1/2
};

/// Collective. Entries of the lower triangle are updated by rows of other ranks, too, unless these would take more room
/// than the rank's own (then by their pivots alone), and not at all where hubs make that too dear: only pivots then.
IncompleteFactor incomplete_factor(const ConductanceGraph& graph, RankChain& chain);

}  // namespace synbal::detail
