// Elimination without subtraction: closed forms, a reference in extended precision, cuts of any weakness, and use as a
// preconditioner.
#include <algorithm>
#include <cmath>

#include "support/eliminated_resistance.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/random.hpp"
#include "synbal/krylov/elimination_preconditioner.hpp"
#include "synbal/krylov/star_mesh.hpp"

namespace synbal::test {
namespace {

struct Sample {
  std::int32_t nodes = 0;
  std::vector<PlainEdge> edges;
};

StarMesh eliminated(const Sample& sample) {
  return {sample.nodes, sample.edges, order_for_little_fill(sample.nodes, sample.edges)};
}

/// R between two nodes: all others go, one after the other, in extended precision.
double reference(const Sample& sample, std::int32_t first, std::int32_t second) {
  const auto n = at(sample.nodes) + 1;
  std::vector<long double> w(n * n, 0);
  for (const auto& e : sample.edges) {
    if (e.i != e.j) w[at(e.i) * n + at(e.j)] += e.conductance, w[at(e.j) * n + at(e.i)] += e.conductance;
  }
  return eliminated_resistance(std::move(w), n, at(first), at(second));
}

void add_clique(Sample& sample, std::int32_t size, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed);
  const auto first = sample.nodes;
  for (std::int32_t i = 0; i < size; ++i) {
    for (std::int32_t j = 0; j < i; ++j) {
      const double z = random.normal(static_cast<std::uint64_t>(i), static_cast<std::uint32_t>(j));
      sample.edges.push_back({first + i, first + j, std::exp(sigma * z)});
    }
  }
  sample.nodes += size;
}

/// Cliques in a chain, joined by bridges and by pairs of weak edges.
Sample chain_of_cliques(std::int32_t count, std::int32_t size, double link, std::uint64_t seed) {
  Sample sample;
  for (std::int32_t k = 0; k < count; ++k) {
    add_clique(sample, size, 1.0, seed + static_cast<std::uint64_t>(k));
    if (k == 0) continue;
    sample.edges.push_back({(k - 1) * size + 1, k * size, link});
    if (k % 2 == 0) sample.edges.push_back({(k - 1) * size + 2, k * size + 3, 0.3 * link});
  }
  return sample;
}

Sample with_ground(Sample sample, double conductance) {
  sample.edges.push_back({0, sample.nodes, conductance});
  sample.edges.push_back({sample.nodes, sample.nodes - 1, 7 * conductance});
  return sample;
}

double worst_edge(const Sample& sample) {
  const auto found = eliminated(sample).edge_resistances();
  double worst = 0;
  for (std::size_t e = 0; e < found.size(); ++e) {
    const double truth = reference(sample, sample.edges[e].i, sample.edges[e].j);
    worst = std::max(worst, std::abs(found[e] / truth - 1));
  }
  return worst;
}

TEST(StarMesh, resistances_of_edges_are_exact_over_the_weakest_cuts) {
  for (const double link : {1.0, 1e-4, 1e-8, 1e-12, 1e-30, 1e-100}) {
    EXPECT_LE(worst_edge(chain_of_cliques(5, 6, link, 1)), 1e-13) << link;
    EXPECT_LE(worst_edge(with_ground(chain_of_cliques(3, 7, link, 9), 1e-3 * link)), 1e-13) << link;
  }
}

TEST(StarMesh, resistances_of_all_pairs_agree_with_extended_precision) {
  const auto sample = with_ground(chain_of_cliques(4, 5, 1e-9, 3), 1e-14);
  const auto all = eliminated(sample).all_resistances();
  for (std::int32_t i = 0; i <= sample.nodes; ++i) {
    for (std::int32_t j = 0; j < i; ++j) {
      EXPECT_NEAR(all(i, j) * (1 / reference(sample, i, j)), 1, 1e-13) << i << " " << j;
      EXPECT_EQ(all(i, j), all(j, i));
    }
    EXPECT_EQ(all(i, i), 0.0);
  }
}

TEST(StarMesh, keeps_components_apart) {
  Sample sample;
  add_clique(sample, 4, 0, 1);
  add_clique(sample, 3, 0, 1);
  sample.nodes += 1;  // alone
  const auto all = eliminated(sample).all_resistances();
  EXPECT_NEAR(all(0, 1), 2.0 / 4, 1e-15);
  EXPECT_NEAR(all(5, 6), 2.0 / 3, 1e-15);
  for (const auto j : {4, 7, 8}) EXPECT_TRUE(std::isinf(all(0, j))) << j;
}

TEST(StarMesh, takes_new_conductances_for_the_same_edges) {
  auto sample = chain_of_cliques(3, 5, 1e-3, 5);
  auto mesh = eliminated(sample);
  for (auto& e : sample.edges) e.conductance = 1 / e.conductance;
  mesh.set_conductances(sample.edges);
  const auto fresh = eliminated(sample).edge_resistances(), again = mesh.edge_resistances();
  EXPECT_EQ(fresh, again);
}

TEST(StarMesh, solves_where_nothing_is_grounded_and_where_something_is) {
  for (const bool grounded : {false, true}) {
    auto sample = chain_of_cliques(3, 5, 1e-2, 7);
    if (grounded) sample = with_ground(sample, 0.5);
    std::vector<double> b(at(sample.nodes) * 3, 0.0);
    for (std::size_t k = 0; k < 3; ++k) b[k * 3 + k] = 1, b[(k + 9) * 3 + k] = -1;
    auto x = b;
    eliminated(sample).solve(x, 3);
    auto left = b;
    for (const auto& e : sample.edges) {
      for (std::size_t k = 0; k < 3; ++k) {
        const auto value = [&](std::int32_t i) { return i == sample.nodes ? 0.0 : x[at(i) * 3 + k]; };
        const double current = e.conductance * (value(e.i) - value(e.j));
        if (e.i < sample.nodes) left[at(e.i) * 3 + k] -= current;
        if (e.j < sample.nodes) left[at(e.j) * 3 + k] += current;
      }
    }
    for (const double r : left) EXPECT_NEAR(r, 0, 1e-12);
  }
}

TEST(EliminationPreconditioner, gives_the_same_on_any_number_of_ranks) {
  const auto sample = with_ground(chain_of_cliques(4, 6, 0.1, 11), 0.2);
  const auto mesh = std::make_shared<const StarMesh>(eliminated(sample));
  const auto rows = Ownership::even(world(), sample.nodes);
  for (const int columns : {1, 2, 5}) {
    const CounterRandom random(13);
    std::vector<double> all;
    for (std::size_t e = 0; e < at(sample.nodes) * at(columns); ++e) all.push_back(random.normal(e, 0));
    const std::span own = std::span(all).subspan(at(rows.first()) * at(columns), at(rows.count()) * at(columns));
    const std::vector<double> r(own.begin(), own.end());
    std::vector<double> u(r.size());
    EliminationPreconditioner(world(), rows, mesh).apply(r, u, columns);
    mesh->solve(all, columns);
    for (std::size_t e = 0; e < u.size(); ++e) EXPECT_EQ(u[e], own[e]);
  }
}

}  // namespace
}  // namespace synbal::test
