// The slowest modes against closed forms and dense spectra.
#include <cmath>
#include <numbers>

#include "graph/graphs.hpp"
#include "spectral/spectra.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal::test {

namespace {

/// The positive ones of all eigenvalues, at most `count`.
std::vector<double> slowest(const std::vector<double>& all, int count) {
  std::vector<double> values;
  for (const double value : all) {
    if (value > 1e-11 * all.back() && static_cast<int>(values.size()) < count) values.push_back(value);
  }
  return values;
}

Modes modes_of(const ConductanceGraph& graph, const ModesParams& params) {
  LaplacianSolver solver(graph);
  return slowest_modes(graph, solver, params);
}

/// Vectors are orthonormal in 1 or D, and L v = lambda v or lambda D v as well as the residuals say.
void expect_eigenpairs(const ConductanceGraph& graph, const Modes& modes) {
  const auto m = at(modes.count), n = at(graph.size());
  const auto weight = [&](std::size_t i) { return modes.normalised ? graph.degree()[i] : 1.0; };
  std::vector<double> gram(m * m, 0.0), squares(m, 0.0), v(n), lv(n);
  LaplacianOperator laplacian(graph);
  for (std::size_t k = 0; k < m; ++k) {
    for (std::size_t i = 0; i < n; ++i) v[i] = modes.vector[i * m + k];
    laplacian.apply(v, lv, 1);
    for (std::size_t i = 0; i < n; ++i) {
      if (!(weight(i) > 0)) continue;
      const double r = lv[i] - modes.value[k] * weight(i) * v[i];
      squares[k] += r * r / weight(i);
      for (std::size_t l = 0; l < m; ++l) gram[k * m + l] += weight(i) * v[i] * modes.vector[i * m + l];
    }
  }
  world().sum(std::span(gram));
  world().sum(std::span(squares));
  for (std::size_t k = 0; k < m; ++k) {
    EXPECT_NEAR(std::sqrt(squares[k]) / modes.value[k], modes.residual[k], 1e-10);
    EXPECT_LE(modes.residual[k], 1e-8);
    for (std::size_t l = 0; l < m; ++l) EXPECT_NEAR(gram[k * m + l], k == l ? 1.0 : 0.0, 1e-7) << k << " " << l;
  }
}

/// `modules` random graphs of `size` nodes in a ring, held together by single edges of conductance `link`.
EdgeList modular(GlobalIndex modules, GlobalIndex size, double sigma, double link) {
  EdgeList list;
  for (GlobalIndex k = 0; k < modules; ++k) {
    list = side_by_side(list, random_graph(size, 6, sigma, 70 + static_cast<std::uint64_t>(k)));
  }
  for (GlobalIndex k = 0; k < modules; ++k) list.edges.push_back({k * size, (k + 1) % modules * size + 1, link});
  return list;
}

EdgeList with_ground(EdgeList list) {
  list.ground.assign(at(list.n), 0.0);
  list.ground[2] = 0.3;
  return list;
}

}  // namespace

TEST(modes, of_a_path_and_a_cycle_are_the_cosines) {
  for (const GlobalIndex n : {40, 700}) {
    ModesParams params;
    params.count = 6;
    const auto line = distribute(world(), path(n)), ring = distribute(world(), cycle(n));
    const auto of_line = modes_of(line, params), of_ring = modes_of(ring, params);
    EXPECT_TRUE(of_line.converged);
    EXPECT_TRUE(of_ring.converged);
    EXPECT_EQ(of_line.count, 6);
    for (int k = 0; k < std::min(of_line.count, 6); ++k) {
      const double angle = std::numbers::pi * (k + 1) / static_cast<double>(n);
      EXPECT_NEAR(of_line.value[at(k)], 4 * std::pow(std::sin(angle / 2), 2), 1e-9 * of_line.value[at(k)] + 1e-13);
    }
    for (int k = 0; k < std::min(of_ring.count, 6); ++k) {  // in pairs
      const double angle = 2 * std::numbers::pi * (k / 2 + 1) / static_cast<double>(n);
      EXPECT_NEAR(of_ring.value[at(k)], 4 * std::pow(std::sin(angle / 2), 2), 1e-9 * of_ring.value[at(k)] + 1e-13);
    }
  }
}

TEST(modes, are_those_of_the_dense_matrix_by_every_method) {
  const std::vector<EdgeList> lists{random_graph(120, 4, 0.5, 51),  // dense
                                    random_graph(500, 8, 0.0, 52),  // filter
                                    side_by_side(random_graph(250, 4, 1.0, 53), cycle(120)),
                                    with_ground(random_graph(400, 3, 1.5, 54)), random_tree(310, 2.5, 58)};
  for (const auto& list : lists) {
    const auto graph = distribute(world(), list);
    for (const bool normalised : {false, true}) {
      ModesParams params;
      params.count = 8, params.normalised = normalised;
      const auto found = modes_of(graph, params);
      const auto truth = slowest(normalised ? normalised_spectrum(list) : spectrum(list), 8);
      EXPECT_TRUE(found.converged) << list.n << " " << found.method;
      EXPECT_EQ(found.value.size(), truth.size());
      for (std::size_t k = 0; k < std::min(found.value.size(), truth.size()); ++k) {
        EXPECT_NEAR(found.value[k], truth[k], 1e-9 * truth[k] + 1e-13) << list.n << " " << found.method;
      }
      expect_eigenpairs(graph, found);
    }
  }
}

TEST(modes, come_as_often_as_their_eigenvalues) {
  // Krylov spaces of one vector show one of them. A circulant's come in pairs, those of twins, too.
  EdgeList circulant{900, {}, {}};
  for (GlobalIndex i = 0; i < 900; ++i) {
    for (GlobalIndex step = 1; step <= 12; ++step) circulant.edges.push_back({i, (i + step * step) % 900, 1});
  }
  const auto one = random_graph(320, 9, 0.0, 57);
  for (const auto& list : {circulant, side_by_side(one, one)}) {
    ModesParams params;
    params.count = 7;
    const auto graph = distribute(world(), list);
    const auto found = modes_of(graph, params);
    const auto truth = slowest(spectrum(list), 7);
    EXPECT_NE(found.method.find("filter"), std::string::npos) << list.edges.size();
    EXPECT_TRUE(found.converged);
    EXPECT_EQ(found.value.size(), truth.size());
    for (std::size_t k = 0; k < std::min(found.value.size(), truth.size()); ++k) {
      EXPECT_NEAR(found.value[k], truth[k], 1e-9 * truth[k]) << k;
    }
    expect_eigenpairs(graph, found);
  }
  ModesParams params;
  params.count = 9;
  const auto found = modes_of(distribute(world(), complete(400)), params);
  EXPECT_NE(found.method.find("pseudoinverse"), std::string::npos);  // a filter has nothing to part
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.count, 9);
  for (const double value : found.value) EXPECT_NEAR(value, 400.0, 1e-9 * 400);
}

TEST(modes, of_weakly_linked_modules_are_found_to_the_tolerance) {
  // How many modes are wanted decides which method comes first. The reference is dense, so off by some N eps times the
  // largest eigenvalue.
  const auto list = modular(8, 60, 1.0, 1e-3);
  const auto graph = distribute(world(), list);
  const auto all = spectrum(list);
  const double of_reference = 480 * 2.2e-16 * all.back();
  for (const int count : {4, 7, 9, 40}) {  // 7 slow ones, and beyond
    ModesParams params;
    params.count = count;
    const auto found = modes_of(graph, params);
    const auto truth = slowest(all, count);
    EXPECT_TRUE(found.converged) << count << " " << found.method;
    ASSERT_EQ(found.count, count);
    for (std::size_t k = 0; k < truth.size(); ++k) {
      EXPECT_NEAR(found.value[k], truth[k], 1e-8 * truth[k] + of_reference) << k << " of " << count;
    }
    expect_eigenpairs(graph, found);
  }
}

TEST(modes, are_no_more_than_there_are) {
  ModesParams params;
  params.count = 16;
  for (const auto& [list, rank] : std::vector<std::pair<EdgeList, int>>{{{0, {}, {}}, 0},
                                                                        {{1, {}, {}}, 0},
                                                                        {{4, {}, {}}, 0},
                                                                        {EdgeList{1, {}, {2.0}}, 1},
                                                                        {path(5), 4},
                                                                        {side_by_side(cycle(4), path(3)), 5}}) {
    const auto found = modes_of(distribute(world(), list), params);
    EXPECT_TRUE(found.converged);
    EXPECT_EQ(found.count, rank);
    for (const double value : found.value) EXPECT_GT(value, 1e-6);
  }
  params.count = 1000;
  const auto all = modes_of(distribute(world(), cycle(302)), params);
  EXPECT_TRUE(all.converged);
  EXPECT_EQ(all.count, 301);
  EXPECT_NEAR(all.value.back(), 4.0, 1e-9);
}

TEST(modes, do_not_depend_on_the_rank_count) {
  const auto list = random_graph(450, 5, 1.0, 55);
  ModesParams params;
  params.count = 5;
  const Comm self(MPI_COMM_SELF);
  const auto parallel = modes_of(distribute(world(), list), params);
  const auto serial = modes_of(distribute(self, list), params);
  EXPECT_EQ(parallel.count, serial.count);
  for (std::size_t k = 0; k < parallel.value.size(); ++k) {
    EXPECT_NEAR(parallel.value[k], serial.value[k], 1e-9 * serial.value[k]);
  }
}

TEST(modes, obey_a_preconditioner_that_was_asked_for) {
  const auto graph = distribute(world(), random_graph(1500, 6, 0.5, 3));
  LaplacianSolver free(graph), forced(graph, {Preconditioner::jacobi});
  ModesParams params;
  params.count = 3;
  const auto own = slowest_modes(graph, free, params), asked = slowest_modes(graph, forced, params);
  EXPECT_NE(asked.method.find("pseudoinverse"), std::string::npos);
  EXPECT_EQ(forced.asked(), Preconditioner::jacobi);
  EXPECT_TRUE(own.converged && asked.converged);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(own.value[k] / asked.value[k], 1, 1e-9);
}

}  // namespace synbal::test
