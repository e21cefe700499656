// A problem that takes the synapses over from its network, against one that leaves them there.
#include <numeric>

#include "networks.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::test {
namespace {

/// Two modules that only one way joins, self-loops, and pinned neurons in the first.
Network mixed_network() {
  constexpr GlobalIndex n = 60, half = n / 2;
  Dense weights(n);
  const auto inside = random_matrix(n, 0.3, 1, 11);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < n; ++j) {
      if ((i < half) == (j < half)) weights(i, j) = inside(i, j);
    }
    weights(i, i) = 1.5;
    weights(i, i / half * half + (i + 1) % half) = 0.7;  // a ring through each module
  }
  weights(half, 0) = 0.4, weights(half + 1, 2) = 0.3;
  auto network = network_of(world(), weights);
  pin(network, {3, 4});
  return network;
}

/// The same with neurons whose synapses cost nothing: a pinned one, and one in each module.
Network silent_network() {
  auto network = mixed_network();
  network.nodes.gain.assign(at(network.local_size()), 1.0);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto neuron = network.global(i);
    if (neuron == 4 || neuron == 17 || neuron == 41) network.nodes.gain[at(i)] = 0;
  }
  return network;
}

std::vector<double> some_h(const BalanceProblem& problem, double size) {
  std::vector<double> h;
  h.reserve(at(problem.size()));
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    h.push_back(size * std::sin(static_cast<double>(problem.neurons().first() + i)));
  }
  return h;
}

struct Pair {
  Network whole, emptied;
  Components components, of_emptied;
  BalanceProblem kept, taken;

  explicit Pair(Network&& network, double power = 2)
      : whole(network),
        emptied(std::move(network)),
        components(strongly_connected_components(world(), whole)),
        of_emptied(components),
        kept(world(), whole, components, power),
        taken(world(), emptied, of_emptied, power, BalanceProblem::Synapses::taken_over) {}
};

void expect_same_costs(const Pair& pair, double tolerance) {
  for (const auto& [kept, taken] :
       {std::pair(&pair.kept.local(), &pair.taken.local()), std::pair(&pair.kept.remote(), &pair.taken.remote())}) {
    ASSERT_EQ(kept->cost.size(), taken->cost.size());
    EXPECT_EQ(kept->row, taken->row);
    EXPECT_EQ(kept->column, taken->column);
    for (std::size_t e = 0; e < kept->cost.size(); ++e) {
      EXPECT_NEAR(taken->cost[e], kept->cost[e], tolerance * kept->cost[e]);
    }
  }
  for (LocalIndex i = 0; i < pair.kept.size(); ++i) {
    EXPECT_EQ(pair.taken.from_pinned(i), pair.kept.from_pinned(i));
    EXPECT_EQ(pair.taken.to_pinned(i), pair.kept.to_pinned(i));
  }
}

TEST(TakenOver, costs_and_their_places_are_those_of_the_whole_network) {
  const Pair pair(mixed_network());
  EXPECT_TRUE(pair.kept.has_synapses());
  EXPECT_FALSE(pair.taken.has_synapses());
  expect_same_costs(pair, 0);
  EXPECT_EQ(pair.taken.edges(), pair.kept.edges());
  EXPECT_EQ(pair.taken.edges_between(), pair.kept.edges_between());
  EXPECT_EQ(pair.taken.cost_between(), pair.kept.cost_between());
}

TEST(TakenOver, the_network_keeps_what_no_h_inside_a_component_moves) {
  const Pair pair(mixed_network());
  const auto& [whole, left] = std::pair(pair.whole, pair.emptied);
  ASSERT_EQ(left.row_ptr.size(), whole.row_ptr.size());
  ASSERT_EQ(left.row_ptr.back(), std::ssize(left.column));
  ASSERT_EQ(left.weight.size(), left.column.size());
  const auto inside = pair.taken.local().size() + pair.taken.remote().size();
  EXPECT_EQ(std::ssize(left.column) + inside, std::ssize(whole.column));
  EXPECT_EQ(pair.taken.network_entries(), std::ssize(whole.column));
  EXPECT_EQ(left.nnz, whole.nnz);
  for (LocalIndex i = 0; i < left.local_size(); ++i) {
    for (auto e = left.row_ptr[at(i)]; e < left.row_ptr[at(i) + 1]; ++e) {
      bool found = false;  // at its place, with its weight
      for (auto f = whole.row_ptr[at(i)]; f < whole.row_ptr[at(i) + 1]; ++f) {
        const bool same_column = whole.global(whole.column[at(f)]) == left.global(left.column[at(e)]);
        found = found || (same_column && whole.weight[at(f)] == left.weight[at(e)]);
      }
      EXPECT_TRUE(found) << i;
    }
  }
}

TEST(TakenOver, ghosts_that_no_synapse_has_any_more_are_given_up) {
  const Pair pair(mixed_network());
  const auto& left = pair.emptied;
  const auto rows = left.local_size();
  std::vector<GlobalIndex> named;
  for (const auto j : left.column) {
    if (j >= rows) named.push_back(left.global(j));
  }
  EXPECT_EQ(left.halo.ghosts(), distinct(std::move(named)));
  ASSERT_EQ(pair.of_emptied.leader.size(), at(rows) + left.halo.ghosts().size());
  ASSERT_EQ(pair.of_emptied.on_cycle.size(), pair.of_emptied.leader.size());
  for (LocalIndex j = 0; j < rows + left.halo.ghost_count(); ++j) {
    const auto before = j < rows ? j : pair.whole.halo.local(left.global(j));
    EXPECT_EQ(pair.of_emptied.leader[at(j)], pair.components.leader[at(before)]);
    EXPECT_EQ(pair.of_emptied.on_cycle[at(j)], pair.components.on_cycle[at(before)]);
  }
}

TEST(TakenOver, what_costs_nothing_is_the_same_without_the_other_ghosts) {
  const Pair pair(silent_network());
  EXPECT_FALSE(pair.taken.has_synapses());
  const auto free = pair.kept.free_synapses().count(world());
  EXPECT_GT(free, 20);
  EXPECT_EQ(pair.taken.free_synapses().count(world()), free);
}

TEST(TakenOver, moved_costs_are_those_of_the_weights) {
  for (const auto make : {mixed_network, silent_network}) {
    Pair pair(make());
    for (const double size : {0.5, 20.0, -3.0, 60.0, 0.0}) {  // 60: in several steps
      const auto h = some_h(pair.kept, size);
      pair.kept.rebase(h), pair.taken.rebase(h);
      expect_same_costs(pair, 3e-13);
    }
  }
}

TEST(TakenOver, costs_that_cannot_be_held_are_refused) {
  Pair pair(mixed_network());
  EXPECT_THROW(pair.taken.rebase(some_h(pair.taken, 300)), Error);
}

TEST(TakenOver, the_equilibrium_is_the_same) {
  for (const auto* kind : {"random", "modular", "with silent neurons"}) {
    GeneratorParams params;
    params.kind = kind, params.nodes = 600, params.degree = 8, params.seed = 4;
    auto network = std::string_view(kind).starts_with("with") ? silent_network() : generate(world(), params);
    const Balanced kept(world(), Network(network), 2);
    auto components = strongly_connected_components(world(), network);
    BalanceProblem problem(world(), network, components, 2, BalanceProblem::Synapses::taken_over);
    const auto found = balance(problem, {});
    EXPECT_TRUE(found.solver.converged());
    for (std::size_t i = 0; i < found.h.size(); ++i) EXPECT_NEAR(found.h[i], kept.found.h[i], 1e-11);
  }
}

TEST(TakenOver, wide_ranges_and_exponents_keep_the_synapses) {
  auto wide = mixed_network();
  if (!wide.weight.empty()) wide.weight[0] = 1e-80;
  auto components = strongly_connected_components(world(), wide);
  const auto entries = wide.column.size();
  const BalanceProblem problem(world(), wide, components, 2, BalanceProblem::Synapses::taken_over);
  EXPECT_TRUE(problem.has_synapses());
  EXPECT_EQ(wide.column.size(), entries);

  auto bent = mixed_network();
  bent.nodes.exponent.assign(at(bent.local_size()), 1.0);
  for (LocalIndex i = 0; i < bent.local_size(); ++i) {
    if (bent.global(i) < 2) bent.nodes.exponent[at(i)] = 2;  // in the pinned neurons' component
  }
  const BalanceProblem other(world(), bent, components, 2, BalanceProblem::Synapses::taken_over);
  EXPECT_TRUE(other.has_synapses());
}

}  // namespace
}  // namespace synbal::test
