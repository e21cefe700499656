// Edges of all ranks, one rank after the other.
#include "synbal/laplacian/whole_graph.hpp"

#include <span>

namespace synbal {

namespace {

// Collective.
std::vector<PlainEdge> all_edges(const ConductanceGraph& graph) {
  std::vector<std::int32_t> ends;
  std::vector<double> conductance;
  const auto put = [&](GlobalIndex i, GlobalIndex j, double w) {
    ends.push_back(static_cast<std::int32_t>(i)), ends.push_back(static_cast<std::int32_t>(j));
    conductance.push_back(w);
  };
  for_each_undirected_edge(graph,
                           [&](LocalIndex i, LocalIndex j, double w) { put(graph.global(i), graph.global(j), w); });
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (graph.ground()[at(i)] > 0) put(graph.global(i), graph.global_size(), graph.ground()[at(i)]);
  }
  ends = graph.comm().gather_all(std::span<const std::int32_t>(ends));
  conductance = graph.comm().gather_all(std::span<const double>(conductance));
  std::vector<PlainEdge> edges;
  edges.reserve(conductance.size());
  for (std::size_t e = 0; e < conductance.size(); ++e) edges.push_back({ends[2 * e], ends[2 * e + 1], conductance[e]});
  return edges;
}

}  // namespace

std::optional<WholeGraph> whole_graph(const ConductanceGraph& graph, double operations) {
  if (graph.edges() + graph.global_size() > EliminationOrder::kMostEdges) return {};
  WholeGraph whole{static_cast<std::int32_t>(graph.global_size()), all_edges(graph), {}};
  whole.order = order_for_little_fill(whole.nodes, whole.edges);
  if (!whole.order.light(operations)) return {};
  return whole;
}

}  // namespace synbal
