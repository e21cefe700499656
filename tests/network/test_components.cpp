// Components: equal to a serial search of the gathered graph, whatever the graph, the partition and the rank count.
#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "support/mpi_test.hpp"
#include "synbal/network/components.hpp"

namespace synbal {
namespace {

using test::world;

/// An edge (from, to).
using Edge = std::pair<GlobalIndex, GlobalIndex>;

/// A whole graph, the same on every rank.
struct Graph {
  GlobalIndex size = 0;
  std::vector<Edge> edges;
  std::vector<std::uint8_t> pinned;  ///< [size] or empty
};

/// The serial truth.
struct Truth {
  std::vector<GlobalIndex> leader;
  std::vector<std::int64_t> number;
  std::vector<std::uint8_t> on_cycle;
  std::int64_t count = 0;
  std::int64_t nontrivial = 0;
  std::int64_t largest = 0;
};

/// Tarjan's algorithm (1972), as in the textbook but with an explicit stack.
std::vector<std::size_t> tarjan(const std::vector<std::vector<std::size_t>>& successors) {
  const std::size_t n = successors.size();
  const auto unset = n + 1;
  std::vector<std::size_t> index(n, unset), low(n, 0), component(n, unset), stack;
  std::vector<std::pair<std::size_t, std::size_t>> calls;
  std::size_t next_index = 0, next_component = 0;
  const auto enter = [&](std::size_t v) {
    index[v] = low[v] = next_index++;
    stack.push_back(v);
    calls.emplace_back(v, 0);
  };
  for (std::size_t start = 0; start < n; ++start) {
    if (index[start] == unset) enter(start);
    while (!calls.empty()) {
      const auto v = calls.back().first;
      if (calls.back().second < successors[v].size()) {
        const auto w = successors[v][calls.back().second++];
        if (index[w] == unset) {
          enter(w);
        } else if (component[w] == unset) {
          low[v] = std::min(low[v], index[w]);
        }
        continue;
      }
      calls.pop_back();
      if (!calls.empty()) low[calls.back().first] = std::min(low[calls.back().first], low[v]);
      if (low[v] != index[v]) continue;
      for (std::size_t w = n; w != v;) {
        w = stack.back();
        stack.pop_back();
        component[w] = next_component;
      }
      ++next_component;
    }
  }
  return component;
}

Truth truth_of(const Graph& graph) {
  const auto n = static_cast<std::size_t>(graph.size);
  const auto is_pinned = [&](std::size_t v) { return !graph.pinned.empty() && graph.pinned[v] != 0; };
  // All pinned neurons are the vertex n, if there are any.
  const auto vertex = [&](std::size_t v) { return is_pinned(v) ? n : v; };
  std::vector<std::vector<std::size_t>> successors(n + 1);
  for (const auto& [from, to] : graph.edges) {
    successors[vertex(static_cast<std::size_t>(from))].push_back(vertex(static_cast<std::size_t>(to)));
  }
  const auto component = tarjan(successors);
  std::map<std::size_t, GlobalIndex> leader;
  std::map<std::size_t, std::int64_t> size;
  std::map<std::size_t, std::set<std::size_t>> nodes;
  for (std::size_t v = 0; v < n; ++v) {
    const auto c = component[vertex(v)];
    leader.emplace(c, static_cast<GlobalIndex>(v));
    ++size[c];
    nodes[c].insert(vertex(v));
  }
  Truth truth;
  std::map<GlobalIndex, std::int64_t> number;
  for (const auto& [c, least] : leader) number[least] = 0;
  for (auto& [least, k] : number) k = truth.count++;
  for (std::size_t v = 0; v < n; ++v) {
    const auto c = component[vertex(v)];
    truth.leader.push_back(leader[c]);
    truth.number.push_back(number[leader[c]]);
    truth.on_cycle.push_back(nodes[c].size() > 1 ? 1 : 0);
  }
  for (const auto& [c, s] : size) truth.largest = std::max(truth.largest, s);
  truth.nontrivial = std::count_if(nodes.begin(), nodes.end(), [](const auto& c) { return c.second.size() > 1; });
  return truth;
}

/// Collective. The rows of this rank.
Network distribute(const Graph& graph, const Ownership& rows) {
  std::vector<std::vector<GlobalIndex>> columns(static_cast<std::size_t>(rows.count()));
  std::set<GlobalIndex> ghosts;
  for (const auto& [from, to] : graph.edges) {
    if (!rows.owns(to)) continue;
    columns[static_cast<std::size_t>(to - rows.first())].push_back(from);
    if (!rows.owns(from)) ghosts.insert(from);
  }
  Network network;
  network.rows = rows;
  network.halo = Halo(world(), rows, {ghosts.begin(), ghosts.end()});
  const auto& list = network.halo.ghosts();
  for (auto& row : columns) {
    std::sort(row.begin(), row.end());
    for (const auto j : row) {
      const auto ghost = std::lower_bound(list.begin(), list.end(), j) - list.begin();
      network.column.push_back(static_cast<LocalIndex>(rows.owns(j) ? j - rows.first() : rows.count() + ghost));
    }
    network.row_ptr.push_back(static_cast<std::int64_t>(network.column.size()));
  }
  network.weight.assign(network.column.size(), 1.0);
  network.nnz = static_cast<std::int64_t>(graph.edges.size());
  if (!graph.pinned.empty()) {
    network.nodes.pinned.assign(graph.pinned.begin() + rows.first(),
                                graph.pinned.begin() + rows.first() + rows.count());
  }
  return network;
}

/// Never, always, and as soon as little is left: rank 0 finishes alone.
constexpr std::array<std::int64_t, 3> kSerialSizes{-1, std::int64_t{1} << 20, 12};

void expect_equal(const Components& found, const Network& network, const Truth& truth) {
  EXPECT_EQ(found.count, truth.count);
  EXPECT_EQ(found.nontrivial, truth.nontrivial);
  EXPECT_EQ(found.largest, truth.largest);
  const auto columns = static_cast<std::size_t>(network.local_size() + network.halo.ghost_count());
  EXPECT_EQ(found.leader.size(), columns);
  EXPECT_EQ(found.on_cycle.size(), columns);
  EXPECT_EQ(found.number.size(), static_cast<std::size_t>(network.local_size()));
  std::int64_t wrong = 0;
  for (std::size_t j = 0; j < columns; ++j) {
    const auto g = static_cast<std::size_t>(network.global(static_cast<LocalIndex>(j)));
    wrong += found.leader[j] != truth.leader[g] || found.on_cycle[j] != truth.on_cycle[g] ? 1 : 0;
    if (j < found.number.size()) wrong += found.number[j] != truth.number[g] ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0) << "of " << columns << " columns";
}

void expect_true_components(const Graph& graph, const Ownership& rows) {
  const auto truth = truth_of(graph);
  const auto network = distribute(graph, rows);
  for (const auto serial_size : kSerialSizes) {
    SCOPED_TRACE("N " + std::to_string(graph.size) + ", serial size " + std::to_string(serial_size));
    expect_equal(strongly_connected_components(world(), network, {serial_size}), network, truth);
  }
}

void expect_true_components(const Graph& graph) { expect_true_components(graph, Ownership::even(world(), graph.size)); }

Graph random_graph(std::mt19937& random, GlobalIndex size, double mean_degree, double pinned_share) {
  Graph graph{size, {}, {}};
  if (size == 0) return graph;
  std::uniform_int_distribution<GlobalIndex> any(0, size - 1);
  const auto count = static_cast<std::size_t>(mean_degree * static_cast<double>(size));
  for (std::size_t e = 0; e < count; ++e) {
    const auto from = any(random);
    graph.edges.emplace_back(from, any(random));
  }
  if (pinned_share == 0.0) return graph;
  std::bernoulli_distribution pinned(pinned_share);
  for (GlobalIndex v = 0; v < size; ++v) graph.pinned.push_back(pinned(random) ? 1 : 0);
  return graph;
}

/// Adds a cycle over first..first+length-1.
void add_cycle(Graph& graph, GlobalIndex first, GlobalIndex length) {
  for (GlobalIndex k = 0; k < length; ++k) graph.edges.emplace_back(first + k, first + (k + 1) % length);
}

Graph path(GlobalIndex size) {
  Graph graph{size, {}, {}};
  for (GlobalIndex k = 0; k + 1 < size; ++k) graph.edges.emplace_back(k, k + 1);
  return graph;
}

Graph cycle(GlobalIndex size) {
  Graph graph{size, {}, {}};
  add_cycle(graph, 0, size);
  return graph;
}

/// The same graph with its vertices renamed at random.
Graph shuffled(Graph graph, std::mt19937& random) {
  std::vector<GlobalIndex> name(static_cast<std::size_t>(graph.size));
  std::iota(name.begin(), name.end(), GlobalIndex{0});
  std::shuffle(name.begin(), name.end(), random);
  for (auto& [from, to] : graph.edges) {
    from = name[static_cast<std::size_t>(from)];
    to = name[static_cast<std::size_t>(to)];
  }
  return graph;
}

/// `count` cycles of `length`, each joined one way to the next; closed: the last to the first.
Graph chain_of_cycles(GlobalIndex count, GlobalIndex length, bool closed) {
  Graph graph{count * length, {}, {}};
  for (GlobalIndex c = 0; c < count; ++c) {
    add_cycle(graph, c * length, length);
    if (c + 1 < count || closed) graph.edges.emplace_back(c * length, (c + 1) % count * length + length / 2);
  }
  return graph;
}

Graph complete(GlobalIndex size) {
  Graph graph{size, {}, {}};
  for (GlobalIndex i = 0; i < size; ++i) {
    for (GlobalIndex j = 0; j < size; ++j) graph.edges.emplace_back(i, j);
  }
  return graph;
}

Graph star(GlobalIndex size, bool out, bool in) {
  Graph graph{size, {}, {}};
  for (GlobalIndex k = 0; k < size; ++k) {
    if (k == size / 2) continue;
    if (out) graph.edges.emplace_back(size / 2, k);
    if (in && k % 2 == 0) graph.edges.emplace_back(k, size / 2);
  }
  return graph;
}

TEST(Components, random_graphs_around_the_percolation_threshold_match_the_serial_search) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    const auto size = static_cast<GlobalIndex>(random() % 61);
    const double degree = 0.2 + 0.1 * static_cast<double>(random() % 30);
    const double pinned = trial % 3 == 0 ? 0.0 : 0.02 * static_cast<double>(random() % 15);
    expect_true_components(random_graph(random, size, degree, pinned));
  }
}

TEST(Components, thousands_of_components_match_the_serial_search) {
  std::mt19937 random(11);
  for (const double degree : {1.0, 1.2, 1.5, 2.0}) {
    expect_true_components(random_graph(random, 2000, degree, 0.0));
    expect_true_components(random_graph(random, 2000, degree, 0.01));
  }
}

TEST(Components, named_graphs_match_the_serial_search) {
  std::mt19937 random(13);
  for (const GlobalIndex n : {0, 1, 2, 3, 5, 40}) {
    for (const auto& graph : {path(n), cycle(n), complete(n), star(n, true, false), star(n, false, true),
                              star(n, true, true), Graph{n, {}, {}}}) {
      expect_true_components(graph);
      expect_true_components(shuffled(graph, random));
    }
  }
  for (const bool closed : {false, true}) {
    for (const GlobalIndex length : {1, 2, 3, 10}) {
      expect_true_components(chain_of_cycles(2, length, closed));
      expect_true_components(chain_of_cycles(30, length, closed));
      expect_true_components(shuffled(chain_of_cycles(30, length, closed), random));
    }
  }
}

TEST(Components, self_loops_make_no_cycle) {
  Graph graph{9, {}, {}};
  for (GlobalIndex v = 0; v < 9; ++v) graph.edges.emplace_back(v, v);
  const auto network = distribute(graph, Ownership::even(world(), 9));
  const auto found = strongly_connected_components(world(), network);
  EXPECT_EQ(found.count, 9);
  EXPECT_EQ(found.nontrivial, 0);
  EXPECT_EQ(found.largest, 1);
}

TEST(Components, pinned_neurons_alone_are_one_trivial_component) {
  auto graph = complete(12);
  graph.pinned.assign(12, 1);
  const auto network = distribute(graph, Ownership::even(world(), 12));
  const auto found = strongly_connected_components(world(), network);
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.nontrivial, 0);
  EXPECT_EQ(found.largest, 12);
  EXPECT_TRUE(std::all_of(found.on_cycle.begin(), found.on_cycle.end(), [](auto c) { return c == 0; }));
  expect_true_components(graph);
}

TEST(Components, a_path_between_pinned_ends_is_a_cycle) {
  auto graph = path(20);
  graph.pinned.assign(20, 0);
  graph.pinned.front() = graph.pinned.back() = 1;
  const auto network = distribute(graph, Ownership::even(world(), 20));
  const auto found = strongly_connected_components(world(), network, {-1});
  EXPECT_EQ(found.count, 1);
  EXPECT_EQ(found.nontrivial, 1);
  EXPECT_EQ(found.largest, 20);
  expect_true_components(graph);
  graph.pinned[7] = graph.pinned[13] = 1;
  expect_true_components(graph);
}

TEST(Components, the_partition_does_not_matter) {
  std::mt19937 random(17);
  const int ranks = world().size();
  for (int trial = 0; trial < 40; ++trial) {
    const auto graph = random_graph(random, 50, 1.5, trial % 2 == 0 ? 0.0 : 0.1);
    // Cuts at random places, often equal, so that ranks in the middle and at the ends are empty.
    std::vector<GlobalIndex> offsets{0, 50};
    for (int r = 1; r < ranks; ++r) offsets.push_back(static_cast<GlobalIndex>(random() % 6) * 10);
    std::sort(offsets.begin(), offsets.end());
    expect_true_components(graph, Ownership(offsets, world().rank()));
  }
}

/// Rounds without the help of rank 0.
std::int64_t rounds_of(const Graph& graph) {
  const auto network = distribute(graph, Ownership::even(world(), graph.size));
  return strongly_connected_components(world(), network, {-1}).rounds;
}

TEST(Components, rounds_grow_with_rank_crossings_and_not_with_length) {
  const auto ranks = static_cast<std::int64_t>(world().size());
  EXPECT_LE(rounds_of(path(200000)), 2 * ranks + 2);
  EXPECT_LE(rounds_of(cycle(200000)), 4 * ranks + 4);
  EXPECT_LE(rounds_of(chain_of_cycles(2000, 100, false)), 4 * ranks + 4);
  EXPECT_LE(rounds_of(chain_of_cycles(2000, 100, true)), 4 * ranks + 4);
}

TEST(Components, a_tail_of_a_cycle_is_trimmed_from_its_end) {
  // A cycle between the first and the last rank, and a path that leads away from it through all ranks.
  const GlobalIndex size = 20000;
  auto graph = path(size - 1);
  graph.size = size;
  graph.edges.emplace_back(0, size - 1);
  graph.edges.emplace_back(size - 1, 0);
  EXPECT_LE(rounds_of(graph), world().size() + 6);
}

TEST(Components, a_shuffled_path_is_left_to_one_rank_before_it_takes_a_round_for_every_crossing) {
  std::mt19937 random(19);
  const auto graph = shuffled(path(4000), random);
  const auto network = distribute(graph, Ownership::even(world(), graph.size));
  const auto found = strongly_connected_components(world(), network, {2500});
  EXPECT_EQ(found.count, graph.size);
  EXPECT_LE(found.rounds, 250);
}

TEST(Components, a_chain_of_components_across_ranks_needs_few_phases) {
  // Pairs that lie on the first and the last rank, each joined to the next: nothing is trimmed, nothing is a piece.
  const GlobalIndex pairs = 20000;
  Graph graph{2 * pairs, {}, {}};
  for (GlobalIndex k = 0; k < pairs; ++k) {
    graph.edges.emplace_back(k, 2 * pairs - 1 - k);
    graph.edges.emplace_back(2 * pairs - 1 - k, k);
    // Ways round a pair, so that taking one out does not cut the chain.
    for (const GlobalIndex step : {1, 2, 5}) {
      if (k + step < pairs) graph.edges.emplace_back(k, k + step);
    }
  }
  const auto network = distribute(graph, Ownership::even(world(), graph.size));
  const auto found = strongly_connected_components(world(), network, {-1});
  EXPECT_EQ(found.count, pairs);
  EXPECT_EQ(found.nontrivial, pairs);
  EXPECT_EQ(found.largest, 2);
  EXPECT_LE(found.rounds, 500);
}

}  // namespace
}  // namespace synbal
