// Families of undirected graphs on which Laplacian solvers differ, the same at any rank count.
#pragma once

#include <string>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::benchmark {

struct GraphChoice {
  std::string kind;  ///< see graph_kinds()
  GlobalIndex nodes = 50'000;
  std::int64_t edges = 500'000;  ///< drawn; trees have nodes - 1
  std::uint64_t seed = 1;
};

/// random        both ends uniform
/// scale-free    preferential attachment (Barabasi & Albert 1999)
/// kronecker     R-MAT with (0.57, 0.19, 0.19) (Chakrabarti et al. 2004); nodes a power of two
/// small-world-2, small-world-3   a ring of near neighbours, 1e-2 or 1e-3 of the edges redirected (Watts & Strogatz
/// 1998) modular-3, modular-5           64 modules, 1e-3 or 1e-5 of the edges between any two nodes lognormal random,
/// conductances e^{3 z} tree          uniform among all labelled trees (Aldous 1990)
const std::vector<std::string>& graph_kinds();

/// Collective. The largest component of a graph of that kind.
ConductanceGraph benchmark_graph(const Comm& comm, const GraphChoice& choice);

}  // namespace synbal::benchmark
