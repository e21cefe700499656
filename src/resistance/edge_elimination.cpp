// Every rank eliminates, and takes what it keeps.
#include "resistance/edge_elimination.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/bridges.hpp"
#include "resistance/edge_visits.hpp"

namespace synbal::detail {

namespace {

NodeEnds ends_of(GlobalIndex i, GlobalIndex j) { return {std::min(i, j), std::max(i, j)}; }

/// Resistances of the whole graph's edges, to be found by their ends.
class ByEnds {
 public:
  explicit ByEnds(const WholeGraph& whole) {
    const auto resistance = whole.eliminated().edge_resistances();
    for (std::size_t e = 0; e < resistance.size(); ++e) {
      all_.push_back({ends_of(whole.edges[e].i, whole.edges[e].j), resistance[e]});
    }
    std::sort(all_.begin(), all_.end(), [](const Edge& a, const Edge& b) { return a.ends < b.ends; });
  }
  [[nodiscard]] double operator()(GlobalIndex i, GlobalIndex j) const {
    const auto before = [](const Edge& edge, const NodeEnds& ends) { return edge.ends < ends; };
    return std::lower_bound(all_.begin(), all_.end(), ends_of(i, j), before)->resistance;
  }

 private:
  struct Edge {
    NodeEnds ends;
    double resistance;
  };
  std::vector<Edge> all_;
};

}  // namespace

Leverages eliminated_leverages(const ConductanceGraph& graph, const WholeGraph& whole) {
  const ByEnds resistance(whole);
  Leverages found;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    found.edge.push_back(graph.conductance()[e] * resistance(graph.global(i), graph.global(j)));
  });
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const double g = graph.ground()[at(i)];
    found.ground.push_back(g > 0 ? g * resistance(graph.global(i), graph.global_size()) : 0.0);
  }
  return found;
}

double bridge_error(const ConductanceGraph& graph, const Leverages& leverages) {
  const auto bridges = bridges_of(graph);
  double worst = 0;
  const auto look = [&](GlobalIndex i, GlobalIndex j, double leverage) {
    if (!std::binary_search(bridges.begin(), bridges.end(), ends_of(i, j))) return;
    worst = std::isfinite(leverage) ? std::max(worst, std::abs(1 - leverage)) : HUGE_VAL;
  };
  std::size_t next = 0;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    look(graph.global(i), graph.global(j), leverages.edge[next++]);
  });
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (graph.ground()[at(i)] > 0) look(graph.global(i), graph.global_size(), leverages.ground[at(i)]);
  }
  return graph.comm().max(worst);
}

}  // namespace synbal::detail
