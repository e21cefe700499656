// Kruskal's forest on every rank, then of all these forests.
#include "resistance/strongest_tree.hpp"

#include <algorithm>
#include <numeric>

namespace synbal::detail {

namespace {

struct TreeEdge {
  GlobalIndex i, j;
  double conductance;
  GlobalIndex first, second;  // places in which sets are kept
};

std::vector<TreeEdge> strongest_forest(std::vector<TreeEdge> edges, GlobalIndex places) {
  std::stable_sort(edges.begin(), edges.end(),
                   [](const TreeEdge& a, const TreeEdge& b) { return a.conductance > b.conductance; });
  std::vector<GlobalIndex> parent(at(places));
  std::iota(parent.begin(), parent.end(), GlobalIndex{0});
  const auto find = [&](GlobalIndex i) {
    while (parent[at(i)] != i) i = parent[at(i)] = parent[at(parent[at(i)])];
    return i;
  };
  std::erase_if(edges, [&](const TreeEdge& e) {
    const auto a = find(e.first), b = find(e.second);
    parent[at(std::max(a, b))] = std::min(a, b);
    return a == b;
  });
  return edges;
}

std::vector<TreeEdge> forest_of_rank(const ConductanceGraph& graph) {
  const GlobalIndex ground = graph.size() + graph.halo().ghost_count();
  std::vector<TreeEdge> edges;
  for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double w) {
    edges.push_back({graph.global(i), graph.global(j), w, i, j});
  });
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const double g = graph.ground()[at(i)];
    if (g > 0) edges.push_back({graph.global(i), graph.global_size(), g, i, ground});
  }
  return strongest_forest(std::move(edges), ground + 1);
}

// Collective.
std::vector<TreeEdge> forest_of_all(const ConductanceGraph& graph) {
  std::vector<GlobalIndex> ends;
  std::vector<double> conductance;
  for (const auto& e : forest_of_rank(graph)) {
    ends.push_back(e.i), ends.push_back(e.j), conductance.push_back(e.conductance);
  }
  ends = graph.comm().gather_all(std::span<const GlobalIndex>(ends));
  conductance = graph.comm().gather_all(std::span<const double>(conductance));
  std::vector<TreeEdge> edges;
  for (std::size_t e = 0; e < conductance.size(); ++e) {
    edges.push_back({ends[2 * e], ends[2 * e + 1], conductance[e], ends[2 * e], ends[2 * e + 1]});
  }
  return strongest_forest(std::move(edges), graph.global_size() + 1);
}

}  // namespace

// Ground first, so that it is above all that is joined with it.
StrongestTree::StrongestTree(const ConductanceGraph& graph) {
  const auto edges = forest_of_all(graph);
  const auto nodes = at(graph.global_size()) + 1;
  std::vector<std::vector<std::pair<GlobalIndex, double>>> around(nodes);
  for (const auto& e : edges) {
    around[at(e.i)].emplace_back(e.j, e.conductance), around[at(e.j)].emplace_back(e.i, e.conductance);
  }
  above_.assign(nodes, -1), conductance_.assign(nodes, 0.0);
  std::vector<std::uint8_t> reached(nodes, 0);
  for (std::size_t root = nodes; root-- > 0;) {
    if (reached[root] != 0) continue;
    reached[root] = 1;
    auto next = order_.size();
    order_.push_back(static_cast<GlobalIndex>(root));
    for (; next < order_.size(); ++next) {
      for (const auto& [node, w] : around[at(order_[next])]) {
        if (reached[at(node)] != 0) continue;
        reached[at(node)] = 1, above_[at(node)] = order_[next], conductance_[at(node)] = w;
        order_.push_back(node);
      }
    }
  }
  std::reverse(order_.begin(), order_.end());
}

double StrongestTree::energy_bound(std::span<const double> r) const {
  std::vector<long double> below(r.begin(), r.end());
  below.push_back(0);
  long double energy = 0;
  for (const auto node : order_) {
    const auto above = above_[at(node)];
    if (above < 0) continue;
    energy += below[at(node)] * below[at(node)] / conductance_[at(node)];
    below[at(above)] += below[at(node)];
  }
  return static_cast<double>(energy);
}

}  // namespace synbal::detail
