// Every edge is drawn from counters, so that a rank makes its share without the others.
#include "laplacian_graphs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <map>

#include "synbal/core/agree.hpp"
#include "synbal/core/random.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal::benchmark {

namespace {

struct Drawn {
  GlobalIndex i = 0, j = 0;
  double w = 1;
};

struct Source {
  GraphChoice choice;
  CounterRandom random{choice.seed, 0x67726170};

  [[nodiscard]] GlobalIndex node(std::int64_t e, std::uint32_t step, GlobalIndex below) const {
    return static_cast<GlobalIndex>(
        random.below(static_cast<std::uint64_t>(below), static_cast<std::uint64_t>(e), step));
  }
  [[nodiscard]] double unit(std::int64_t e, std::uint32_t step) const {
    return random.uniform(static_cast<std::uint64_t>(e), step);
  }
};

Drawn random_edge(const Source& s, std::int64_t e) {
  return {s.node(e, 0, s.choice.nodes), s.node(e, 1, s.choice.nodes)};
}

// Node e / m attaches to an end of an earlier edge; what that end is follows from the same rule (Sanders & Schulz
// 2016).
Drawn scale_free_edge(const Source& s, std::int64_t e) {
  const auto degree = std::max<std::int64_t>(s.choice.edges / s.choice.nodes, 1);
  std::int64_t place = 2 * e + 1;
  while (place % 2 == 1) place = s.node(place, 0, place);
  return {e / degree, place / 2 / degree};
}

Drawn kronecker_edge(const Source& s, std::int64_t e) {
  const int levels = std::bit_width(static_cast<std::uint64_t>(s.choice.nodes)) - 1;
  Drawn drawn;
  for (int level = 0; level < levels; ++level) {
    const double u = s.unit(e, static_cast<std::uint32_t>(level));
    drawn.i = 2 * drawn.i + (u >= 0.76 ? 1 : 0);
    drawn.j = 2 * drawn.j + ((u >= 0.57 && u < 0.76) || u >= 0.95 ? 1 : 0);
  }
  return drawn;
}

Drawn small_world_edge(const Source& s, std::int64_t e, double rewiring) {
  const auto n = s.choice.nodes, i = e % n, reach = e / n + 1;
  const bool redirected = s.unit(e, 0) < rewiring;
  return {i, redirected ? s.node(e, 1, n) : (i + reach) % n};
}

Drawn modular_edge(const Source& s, std::int64_t e, double mixing) {
  constexpr GlobalIndex modules = 64;
  auto drawn = random_edge(s, e);
  const auto size = s.choice.nodes / modules;
  if (e < modules) return {e * size, (e + 1) % modules * size};
  if (s.unit(e, 2) < mixing) return drawn;
  const auto first = std::min(drawn.i / size, modules - 1) * size;
  drawn.j = first + s.node(e, 3, size);
  return drawn;
}

Drawn lognormal_edge(const Source& s, std::int64_t e) {
  auto drawn = random_edge(s, e);
  drawn.w = std::exp(3 * s.random.normal(static_cast<std::uint64_t>(e), 2));
  return drawn;
}

Drawn tree_edge(const Source& s, std::int64_t e) { return {e + 1, std::min(s.node(e, 0, s.choice.nodes), e)}; }

using Draw = std::function<Drawn(const Source&, std::int64_t)>;

const std::vector<std::pair<std::string, Draw>>& draws() {
  static const std::vector<std::pair<std::string, Draw>> all{
      {"random", random_edge},
      {"scale-free", scale_free_edge},
      {"kronecker", kronecker_edge},
      {"small-world-2", [](const Source& s, std::int64_t e) { return small_world_edge(s, e, 1e-2); }},
      {"small-world-3", [](const Source& s, std::int64_t e) { return small_world_edge(s, e, 1e-3); }},
      {"modular-3", [](const Source& s, std::int64_t e) { return modular_edge(s, e, 1e-3); }},
      {"modular-5", [](const Source& s, std::int64_t e) { return modular_edge(s, e, 1e-5); }},
      {"lognormal", lognormal_edge},
      {"tree", tree_edge}};
  return all;
}

/// Collective. The edges among the nodes of the most frequent component, with these nodes numbered anew.
ConductanceGraph largest_component(const Comm& comm, const ConductanceGraph& graph) {
  const ComponentSums components(graph);
  double largest = 0;
  for (const double size : components.sizes()) largest = std::max(largest, size);
  largest = comm.max(largest);
  GlobalIndex label = -1;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (components.sizes()[at(components.label()[at(i)])] == largest) label = graph.component()[at(i)];
  }
  label = comm.max(label);
  std::vector<GlobalIndex> number(at(graph.size()), -1);
  GlobalIndex count = 0;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (graph.component()[at(i)] == label) number[at(i)] = count++;
  }
  const auto nodes = Ownership::of_counts(comm, count);
  for (auto& k : number) k = k < 0 ? k : k + nodes.first();
  std::vector<GlobalIndex> ghosts(graph.halo().ghosts().size());
  HaloExchange<GlobalIndex>(graph.halo()).forward(number, ghosts);
  Triplets edges;
  for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double w) {
    if (number[at(i)] < 0) return;
    edges.row.push_back(number[at(i)]), edges.weight.push_back(w);
    edges.column.push_back(j < graph.size() ? number[at(j)] : ghosts[at(j - graph.size())]);
  });
  return graph_of_edges(comm, Ownership::even(comm, nodes.size()), std::move(edges));
}

}  // namespace

const std::vector<std::string>& graph_kinds() {
  static const auto names = [] {
    std::vector<std::string> all;
    for (const auto& [name, draw] : draws()) all.push_back(name);
    return all;
  }();
  return names;
}

ConductanceGraph benchmark_graph(const Comm& comm, const GraphChoice& choice) {
  const auto found = std::find_if(draws().begin(), draws().end(), [&](auto& d) { return d.first == choice.kind; });
  if (found == draws().end()) throw usage_error("unknown graph '" + choice.kind + "': see --help");
  const Source source{choice};
  const auto edges = choice.kind == "tree" ? choice.nodes - 1 : choice.edges;
  const auto share = Ownership::even(comm, edges);
  Triplets own;
  for (auto e = share.first(); e < share.first() + share.count(); ++e) {
    const auto drawn = found->second(source, e);
    own.row.push_back(drawn.i), own.column.push_back(drawn.j), own.weight.push_back(drawn.w);
  }
  const auto whole = graph_of_edges(comm, Ownership::even(comm, choice.nodes), std::move(own));
  return largest_component(comm, whole);
}

}  // namespace synbal::benchmark
