// Walks counted around nodes and along edges against powers of the dense walk matrix.
#include <cmath>

#include "graph/graphs.hpp"
#include "resistance/edge_visits.hpp"
#include "resistance/estimate/walks.hpp"
#include "resistance/ghost_rows.hpp"

namespace synbal::test {

namespace {

/// [n * n] P^t D^-1.
std::vector<double> dense_walks(const EdgeList& list, int steps) {
  const auto laplacian = dense_laplacian(list);
  const auto n = at(list.n);
  std::vector<double> a(n * n, 0.0), next(n * n);
  for (std::size_t i = 0; i < n; ++i) a[i * n + i] = laplacian[i * n + i] > 0 ? 1 / laplacian[i * n + i] : 0.0;
  for (int t = 0; t < steps; ++t) {
    std::fill(next.begin(), next.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) {
        if (k == i || laplacian[i * n + k] == 0) continue;
        const double p = -laplacian[i * n + k] / laplacian[i * n + i];
        for (std::size_t j = 0; j < n; ++j) next[i * n + j] += p * a[k * n + j];
      }
    }
    a.swap(next);
  }
  return a;
}

EdgeList sample() {
  auto list = side_by_side(random_graph(60, 4, 1.0, 31), star(9));
  list.n += 1;  // an isolated node
  list.ground.assign(at(list.n), 0.0);
  list.ground[4] = 0.7;
  return list;
}

}  // namespace

TEST(walks, of_two_and_three_steps_are_those_of_the_dense_matrix) {
  const auto list = sample();
  const auto graph = distribute(world(), list);
  const auto walks = detail::count_walks(graph, 1e9);
  const auto two = dense_walks(list, 2), three = dense_walks(list, 3);
  const auto entry = [&](const std::vector<double>& a, GlobalIndex i, GlobalIndex j) { return a[at(i * list.n + j)]; };
  EXPECT_EQ(walks.lengths, 4);
  const auto columns = graph.size() + graph.halo().ghost_count();
  for (LocalIndex i = 0; i < columns; ++i) {
    const auto node = graph.global(i);
    EXPECT_NEAR(walks.closed2[at(i)], entry(two, node, node), 1e-15);
    EXPECT_NEAR(walks.closed3[at(i)], entry(three, node, node), 1e-15);
  }
  std::size_t number = 0;
  detail::for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    EXPECT_NEAR(walks.cross2[number], entry(two, graph.global(i), graph.global(j)), 1e-15);
    EXPECT_NEAR(walks.cross3[number], entry(three, graph.global(i), graph.global(j)), 1e-15);
    ++number;
  });
  EXPECT_EQ(number, walks.cross2.size());
  EXPECT_EQ(world().sum(static_cast<std::int64_t>(number)), graph.edges());
}

TEST(walks, beyond_one_step_are_left_out_where_hubs_make_them_dear) {
  const auto graph = distribute(world(), star(500));
  EXPECT_EQ(detail::count_walks(graph, 100).lengths, 2);
  EXPECT_EQ(detail::count_walks(graph, 1000).lengths, 4);
}

TEST(ghost_rows, arrive_in_batches_of_any_size) {
  const auto list = sample();
  const auto graph = distribute(world(), list);
  for (const std::int64_t most : {1, 50, 1 << 20}) {
    detail::GhostRows rows(graph, most);
    LocalIndex seen = 0;
    for (std::int64_t batch = 0; batch < rows.batches(); ++batch) {
      rows.next();
      EXPECT_EQ(rows.begin(), seen);
      seen = rows.end();
      for (auto i = rows.begin(); i < rows.end(); ++i) {
        for (const auto j : rows.row(i).column) {
          // Each row of S has, times the roots of the degrees, the conductances, which add up to the degree.
          const auto row = rows.row(j);
          double sum = 0;
          for (std::size_t k = 0; k < row.column.size(); ++k) {
            EXPECT_LT(at(row.column[k]), rows.columns());
            if (row.column[k] < graph.size()) sum += row.value[k] / rows.root()[at(row.column[k])];
          }
          EXPECT_LE(sum, (1 + 1e-12) / rows.root()[at(j)]);
        }
      }
    }
    EXPECT_EQ(seen, graph.size());
  }
}

TEST(polynomials, count_walks_so_that_nothing_is_left_out) {
  const detail::Polynomial pi{0.2, -0.5, 1.3};
  const auto q = detail::walk_coefficients(pi);
  for (const double x : {-0.9, -0.2, 0.0, 0.4, 0.8}) {
    const double p = pi[0] + pi[1] * x + pi[2] * x * x;
    EXPECT_NEAR(q[0] + q[1] * x + q[2] * x * x + q[3] * x * x * x, (1 - p * p) / (1 - x), 1e-14);
  }
}

TEST(polynomials, are_the_smallest_with_value_one_at_one) {
  const std::array<double, 6> q{3.0, 0.5, 0.2, 1.0, -0.1, 0.4};
  const auto value = [&](const detail::Polynomial& c) {
    return q[0] * c[0] * c[0] + q[3] * c[1] * c[1] + q[5] * c[2] * c[2] +
           2 * (q[1] * c[0] * c[1] + q[2] * c[0] * c[2] + q[4] * c[1] * c[2]);
  };
  for (const int steps : {1, 2}) {
    const auto best = detail::least_polynomial(q, steps);
    EXPECT_NEAR(best[0] + best[1] + best[2], 1.0, 1e-12);
    for (const double d : {1e-3, -1e-3}) {
      EXPECT_GT(value({best[0] + d, best[1] - d, best[2]}), value(best));
      if (steps == 2) {
        EXPECT_GT(value({best[0], best[1] + d, best[2] - d}), value(best));
      }
    }
  }
  const auto degenerate = detail::least_polynomial({}, 2);
  EXPECT_EQ(degenerate[0] + degenerate[1] + degenerate[2], 1.0);
}

}  // namespace synbal::test
