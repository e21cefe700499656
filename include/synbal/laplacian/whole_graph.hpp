// A graph on every rank, where its elimination is so light that every rank can do it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/krylov/star_mesh.hpp"

namespace synbal {

/// Its edges, those to ground included, and an order that fills little.
struct WholeGraph {
  std::int32_t nodes = 0;
  std::vector<PlainEdge> edges;
  EliminationOrder order;

  [[nodiscard]] StarMesh eliminated() const { return {nodes, edges, order}; }
};

/// How dear an elimination may be, in multiplications: about a nanosecond each, which resistances need three times.
constexpr double kLightElimination = 3e9;

/// Collective. The same on all ranks; nothing where elimination takes more than `operations`, which an order tells
/// before anything is eliminated, or where the graph has more edges than one rank should hold (4 million, 16 bytes
/// each).
[[nodiscard]] std::optional<WholeGraph> whole_graph(const ConductanceGraph& graph,
                                                    double operations = kLightElimination);

}  // namespace synbal
