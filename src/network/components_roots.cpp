// The component of every vertex of the graph between pieces. Phases: trim; find for every vertex the largest random
// label that reaches it and that it reaches. Where both agree, the vertex is in the component of the label's owner.
// Vertices of one component always have the same pair of labels, so edges between different pairs are cut, as quicksort
// cuts at its pivots: the number of phases is logarithmic with high probability, for chains of components as for many
// separate ones. (After Orzan 2004, colouring, and Fleischer, Hendrickson & Pinar 2000, forward-backward.)
#include <algorithm>
#include <array>
#include <numeric>

#include "network/components_detail.hpp"
#include "network/tuning.hpp"
#include "synbal/core/route.hpp"

namespace synbal::detail {
namespace {

constexpr std::uint64_t kFactorA = 0x9E3779B97F4A7C15ULL;
constexpr std::uint64_t kFactorB = 0xD6E8FEB86659FD93ULL;
constexpr int kNameBits = 40;

/// Inverse of an odd number modulo 2^64, by Newton's iteration.
constexpr std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
  return x;
}
static_assert(kFactorA * inverse(kFactorA) == 1 && kFactorB * inverse(kFactorB) == 1);

/// A bijection of 64-bit numbers that looks random and leaves 0 in place; x ^ (x >> 32) is its own inverse.
constexpr std::uint64_t fold(std::uint64_t x) { return x ^ (x >> 32); }
constexpr std::uint64_t mix(std::uint64_t x) { return fold(fold(fold(x) * kFactorA) * kFactorB); }
constexpr std::uint64_t unmix(std::uint64_t x) { return fold(fold(fold(x) * inverse(kFactorB)) * inverse(kFactorA)); }
static_assert(unmix(mix(1234567891011ULL)) == 1234567891011ULL);

/// A vertex's label in a phase: never 0, different for all vertices, in a new random order every phase.
std::uint64_t label_of(GlobalIndex name, std::uint64_t phase) {
  return mix((phase << kNameBits) + static_cast<std::uint64_t>(name) + 1);
}
GlobalIndex name_of(std::uint64_t label) {
  return static_cast<GlobalIndex>(unmix(label) & ((std::uint64_t{1} << kNameBits) - 1)) - 1;
}

/// Collective. Seeds of the first phase: one vertex of high degree, which most likely lies in the largest component, so
/// that this is found by two plain searches.
std::vector<std::uint64_t> pivot_seed(const Comm& comm, const PieceGraph& graph) {
  std::int64_t best = -1;
  LocalIndex pivot = -1;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto score = static_cast<std::int64_t>(graph.predecessors(i).size() + 1) *
                       static_cast<std::int64_t>(graph.successors(i).size() + 1);
    if (score > best) {
      best = score;
      pivot = i;
    }
  }
  const bool candidate = comm.max(best) == best && pivot >= 0;
  const auto chosen = comm.min(candidate ? comm.rank() : comm.size());
  std::vector<std::uint64_t> seed(at(graph.size()), 0);
  if (chosen == comm.rank()) seed[at(pivot)] = label_of(graph.name[at(pivot)], 0);
  return seed;
}

std::vector<std::uint64_t> seeds(const Comm& comm, const PieceGraph& graph, std::uint64_t phase) {
  if (phase == 0) return pivot_seed(comm, graph);
  std::vector<std::uint64_t> seed(at(graph.size()));
  std::transform(graph.name.begin(), graph.name.end(), seed.begin(),
                 [&](GlobalIndex name) { return label_of(name, phase); });
  return seed;
}

/// Collective. After two phases or many rounds that did not get there the remainder may be four times as large: what is
/// left then lies along chains through many components or between ranks, where one rank alone is faster.
bool is_small(const Comm& comm, const PieceGraph& graph, const ComponentsParams& params, std::uint64_t phase,
              std::int64_t rounds) {
  const auto limit = params.serial_size * (phase < 2 && rounds < tuning::kManyRounds ? 1 : tuning::kMoreSerial);
  return graph.rows.size() + comm.sum(graph.row_ptr.back()) <= limit;
}

/// An edge by the global indices of its ends, which fit into 32 bits here.
struct Edge {
  std::int32_t successor, predecessor;
};

std::vector<Edge> edge_list(const PieceGraph& graph) {
  std::vector<Edge> edges;
  edges.reserve(graph.column.size());
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (const auto j : graph.predecessors(i)) {
      const auto global = j < graph.size() ? graph.rows.first() + j : graph.halo.ghosts()[at(j - graph.size())];
      edges.push_back({static_cast<std::int32_t>(graph.rows.first() + i), static_cast<std::int32_t>(global)});
    }
  }
  return edges;
}

/// Names of one member of each vertex's component.
std::vector<GlobalIndex> roots_of(const std::vector<GlobalIndex>& names, const std::vector<Edge>& edges) {
  const auto graph = lists_of<LocalIndex>(std::ssize(names), [&](auto&& put) {
    for (const auto& edge : edges) put(edge.successor, edge.predecessor);
  });
  const auto pieces = strong_pieces({graph.start, graph.values, {}});
  std::vector<GlobalIndex> of_piece(at(pieces.count));
  std::vector<GlobalIndex> roots(names.size());
  for (std::size_t v = 0; v < names.size(); ++v) of_piece[at(pieces.piece[v])] = names[v];
  for (std::size_t v = 0; v < names.size(); ++v) roots[v] = of_piece[at(pieces.piece[v])];
  return roots;
}

/// Collective. Trims; true when there was something to trim, on any rank.
bool drop_acyclic(const Comm& comm, PieceGraph& graph, std::int64_t& rounds) {
  const auto cyclic = trim(comm, graph, rounds);
  if (!comm.any(std::find(cyclic.begin(), cyclic.end(), 0) != cyclic.end())) return false;
  graph = subgraph(comm, std::move(graph), cyclic, {});
  return true;
}

/// What a phase has decided: who stays undecided, and in which part.
struct Decision {
  std::vector<std::uint8_t> undecided;
  std::vector<std::uint64_t> part;
};

/// Equal parts for different pairs of labels would only leave an edge uncut.
Decision decide(const PieceGraph& graph, const Reach& labels, std::vector<GlobalIndex>& roots, GlobalIndex first) {
  Decision decision{std::vector<std::uint8_t>(at(graph.size()), 1), std::vector<std::uint64_t>(at(graph.size()))};
  for (std::size_t i = 0; i < decision.part.size(); ++i) {
    decision.part[i] = mix(labels.from[i]) + kFactorA * labels.to[i];
    if (labels.from[i] != labels.to[i] || labels.from[i] == 0) continue;
    decision.undecided[i] = 0;
    roots[at(graph.name[i] - first)] = name_of(labels.from[i]);
  }
  return decision;
}

}  // namespace

std::vector<GlobalIndex> roots_by_one_rank(const Comm& comm, const PieceGraph& graph) {
  const Route names(comm, std::vector<Rank>(graph.name.size(), 0));
  const auto all = names.send(graph.name);
  const auto edges = Route(comm, std::vector<Rank>(graph.column.size(), 0)).send(edge_list(graph));
  return names.reply(roots_of(all, edges));
}

std::vector<GlobalIndex> find_roots(const Comm& comm, PieceGraph&& graph, const ComponentsParams& params,
                                    std::int64_t& rounds) {
  auto roots = graph.name;  // a vertex that is trimmed is a component
  const auto first = graph.rows.first();
  for (std::uint64_t phase = 0; graph.rows.size() > 0; ++phase) {
    if (is_small(comm, graph, params, phase, rounds)) {
      const auto rest = roots_by_one_rank(comm, graph);
      for (std::size_t i = 0; i < rest.size(); ++i) roots[at(graph.name[i] - first)] = rest[i];
      break;
    }
    if (drop_acyclic(comm, graph, rounds) && is_small(comm, graph, params, phase, rounds)) continue;
    const auto labels = reach(comm, graph, seeds(comm, graph, phase), rounds);
    const auto decision = decide(graph, labels, roots, first);
    graph = subgraph(comm, std::move(graph), decision.undecided, decision.part);
  }
  return roots;
}

}  // namespace synbal::detail
