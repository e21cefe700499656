// A balance problem that fits one processor, solved in extended precision: coarse problems of clusters, and small
// networks of any range.
#pragma once

#include <cstdint>
#include <vector>

namespace synbal {

/// minimise sum e^{log_cost + h_pre - h_post}: a balance problem with power 1 whose costs may span any range.
struct ExtendedProblem {
  struct Edge {
    std::int32_t post, pre;
    double log_cost;
  };
  std::int32_t nodes = 0;
  std::int32_t pinned = -1;  ///< the node with h = 0 for ever; -1 without one
  std::vector<Edge> edges;   ///< several at one place are summed
};

struct ExtendedSolution {
  std::vector<double> h;  ///< [nodes] relative to the pinned node; elsewhere up to a constant in every component
  double step_inf = 0;    ///< the Newton step that is left, along synapses
  std::int64_t newton_steps = 0;
  std::int64_t rounds = 0;  ///< of exact offsets over the tree of clusters
  bool converged = false;
  bool too_dense = false;  ///< given up: elimination would fill too much
};

/// Not collective; the same bits wherever it is called with the same problem. Every connected part must be strongly
/// connected. First every node, then every cluster of the single-linkage tree is given its own optimum, until the
/// moves are short; then Newton steps whose equations are solved by eliminating nodes along that tree without
/// a subtraction (Grassmann, Taksar & Heyman 1985; O'Cinneide 1993), the right side of every cluster being the sum over
/// its own cut: so cuts of any strength get their full relative accuracy. `tolerance`: of the step that is left.
[[nodiscard]] ExtendedSolution balance_extended(const ExtendedProblem& problem, double tolerance);

}  // namespace synbal
