// Heat on graphs: closed forms, dense exponentials, what is conserved, weights and times over many decades.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "graph/graphs.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/spectral/heat.hpp"

namespace synbal::test {

namespace {

using Values = std::vector<double>;

/// Modes of L, row after row; those of eigenvalue 0 may be left out, since what they hold stays.
struct KnownModes {
  std::size_t n = 0;
  Values value, vector;

  /// exp(-tau L) v.
  [[nodiscard]] Values heat(const Values& v, double tau) const {
    Values u = v;
    for (std::size_t k = 0; k < value.size(); ++k) {
      const double* mode = &vector[k * n];
      double share = 0;
      for (std::size_t i = 0; i < n; ++i) share += mode[i] * v[i];
      share *= std::expm1(-tau * value[k]);
      for (std::size_t i = 0; i < n; ++i) u[i] += share * mode[i];
    }
    return u;
  }
};

/// By LAPACK; eigenvalues at rounding level are zero, or the largest times would make them felt.
KnownModes dense_modes(const EdgeList& list) {
  auto spectrum = dense_spectrum(dense_laplacian(list), list.n, true);
  KnownModes modes{at(list.n), std::move(spectrum.value), std::move(spectrum.vector)};
  for (double& value : modes.value) value = value > 1e-13 * modes.value.back() ? value : 0.0;
  return modes;
}

/// Those of a tree, each eigenvalue to a small error relative to itself, however far the weights are apart: one-sided
/// Jacobi turns the edges' vectors sqrt(w) (e_i - e_j) until they are orthogonal (Demmel & Veselic 1992).
KnownModes tree_modes(const EdgeList& tree) {
  const auto n = at(tree.n);
  std::vector<std::vector<long double>> edge;
  for (const auto& e : tree.edges) {
    auto& g = edge.emplace_back(n, 0.0L);
    g[at(e.i)] = std::sqrt(static_cast<long double>(e.w)), g[at(e.j)] = -g[at(e.i)];
  }
  const auto dot = [n](const auto& a, const auto& b) {
    long double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
  };
  // Wherever long double is no longer than double, its rounding is what can be reached.
  const auto enough = std::max(1e-17L, 4 * std::numeric_limits<long double>::epsilon());
  for (long double worst = 1; worst > enough;) {
    worst = 0;
    for (std::size_t a = 0; a < edge.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        const auto x = dot(edge[a], edge[a]), y = dot(edge[b], edge[b]), z = dot(edge[a], edge[b]);
        worst = std::max(worst, std::abs(z) / std::sqrt(x * y));
        if (std::abs(z) <= 1e-18L * std::sqrt(x * y)) continue;
        const auto ratio = (y - x) / (2 * z);
        const auto t = (ratio >= 0 ? 1 : -1) / (std::abs(ratio) + std::hypot(1.0L, ratio));
        const auto c = 1 / std::hypot(1.0L, t), s = c * t;
        for (std::size_t i = 0; i < n; ++i) {
          const auto p = edge[a][i], q = edge[b][i];
          edge[a][i] = c * p - s * q, edge[b][i] = s * p + c * q;
        }
      }
    }
  }
  KnownModes modes{n, {}, {}};
  for (const auto& g : edge) {
    const auto square = dot(g, g);
    modes.value.push_back(static_cast<double>(square));
    for (const auto x : g) modes.vector.push_back(static_cast<double>(x / std::sqrt(square)));
  }
  return modes;
}

/// Modes that are cosines and sines: `value(k)` for `vector(k, i)`, k = 1.., i = 0..
template <class Value, class Vector>
KnownModes known_modes(GlobalIndex n, Value&& value, Vector&& vector) {
  KnownModes modes{at(n), {}, {}};
  for (GlobalIndex k = 1; k < n; ++k) {
    double square = 0;
    for (GlobalIndex i = 0; i < n; ++i) square += vector(k, i) * vector(k, i);
    modes.value.push_back(value(k));
    for (GlobalIndex i = 0; i < n; ++i) modes.vector.push_back(vector(k, i) / std::sqrt(square));
  }
  return modes;
}

struct Heat {
  HeatResult result;
  std::vector<Values> u;  // [times][n * columns of this rank]
};

Heat run(const ConductanceGraph& graph, const Values& v, const Values& times, const HeatParams& params = {},
         int columns = 1) {
  Heat found;
  found.result = heat(
      graph, v, columns, times,
      [&](std::size_t number, double time, std::span<const double> values) {
        EXPECT_EQ(number, found.u.size());
        EXPECT_EQ(time, times[number]);
        found.u.emplace_back(values.begin(), values.end());
      },
      params);
  EXPECT_EQ(found.u.size(), times.size());
  return found;
}

double norm(const Values& own) {
  double square = 0;
  for (const double x : own) square += x * x;
  return std::sqrt(world().sum(square));
}

/// |a - b| / |v|.
double error_of(const Values& a, const Values& b, const Values& v) {
  Values difference = a;
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] -= b[i];
  return norm(difference) / norm(v);
}

/// Compares with truth(v, tau), both over all nodes.
template <class Truth>
void expect_heat(const EdgeList& list, const Values& times, Truth&& truth) {
  const auto graph = distribute(world(), list);
  const auto v = noise(at(list.n), 5);
  const auto own = own_part(graph, v);
  HeatParams params;
  params.power = 2;
  const auto found = run(graph, own, times, params);
  EXPECT_TRUE(found.result.converged);
  for (std::size_t k = 0; k < times.size(); ++k) {
    const auto expected = own_part(graph, truth(v, 2 * times[k]));
    EXPECT_LE(error_of(found.u[k], expected, own), params.tolerance) << list.n << " nodes, time " << times[k];
    EXPECT_EQ(found.result.times[k].time, times[k]);
  }
}

void expect_modes(const EdgeList& list, const Values& times, const KnownModes& modes) {
  expect_heat(list, times, [&](const Values& v, double tau) { return modes.heat(v, tau); });
}

const Values kTimes{0, 1e-6, 1e-3, 0.1, 2, 5, 5, 400, 1e5, 1e12};
constexpr double kPi = std::numbers::pi;

}  // namespace

TEST(heat, has_the_closed_forms_of_paths_cycles_and_complete_graphs) {
  const GlobalIndex n = 50;
  const auto ring_value = [&](GlobalIndex k) {
    return 2 - 2 * std::cos(2 * kPi * static_cast<double>((k + 1) / 2) / n);
  };
  expect_modes(path(n), kTimes,
               known_modes(
                   n, [&](GlobalIndex k) { return 2 - 2 * std::cos(kPi * static_cast<double>(k) / n); },
                   [&](GlobalIndex k, GlobalIndex i) {
                     return std::cos(kPi * static_cast<double>(k) * (static_cast<double>(i) + 0.5) / n);
                   }));
  expect_modes(cycle(n), kTimes, known_modes(n, ring_value, [&](GlobalIndex k, GlobalIndex i) {
                 const double angle = 2 * kPi * static_cast<double>((k + 1) / 2 * i) / n;
                 return k % 2 == 1 ? std::cos(angle) : std::sin(angle);
               }));
  expect_heat(complete(30), kTimes, [](const Values& v, double tau) {
    double mean = 0;
    for (const double x : v) mean += x / 30;
    auto u = v;
    for (double& x : u) x = mean + (x - mean) * std::exp(-30 * tau);
    return u;
  });
  expect_heat(path(2), kTimes, [](const Values& v, double tau) {
    const double mean = (v[0] + v[1]) / 2, half = (v[0] - v[1]) / 2 * std::exp(-2 * tau);
    return Values{mean + half, mean - half};
  });
}

TEST(heat, agrees_with_dense_exponentials_over_all_times) {
  auto grounded = random_graph(45, 3, 1.0, 8);
  grounded.ground.assign(45, 0.0);
  grounded.ground[3] = 0.7, grounded.ground[40] = 1e-3;
  for (const auto& list : {random_graph(200, 4, 2.0, 7), random_graph(60, 3, 1.0, 3),
                           side_by_side(cycle(12), random_tree(40, 1.0, 9)), grounded}) {
    expect_modes(list, kTimes, dense_modes(list));
  }
}

TEST(heat, keeps_its_accuracy_where_weights_span_twenty_decades) {
  Values times;
  for (double t = 1e-9; t < 1e9; t *= 20) times.push_back(t);
  for (const std::uint64_t seed : {1U, 2U}) {
    const auto tree = random_tree(40, 6.0, seed);
    expect_modes(tree, times, tree_modes(tree));
  }
}

// Inside the clusters everything has come to rest long before anything crosses the cut, up to their ratio of rates.
TEST(heat, crosses_weak_cuts_at_their_own_pace) {
  for (const GlobalIndex half : {20, 150}) {
    auto cluster = random_graph(half, 6, 0.5, 4);
    for (const auto& e : cycle(half).edges) cluster.edges.push_back(e);
    auto list = side_by_side(cluster, cluster);
    const double link = 1e-12;
    list.edges.push_back({half / 2, half, link});
    const auto truth = [&](const Values& v, double tau) {
      double mean[2] = {0, 0};
      for (std::size_t i = 0; i < v.size(); ++i) mean[i / at(half)] += v[i] / static_cast<double>(half);
      const double middle = (mean[0] + mean[1]) / 2;
      const double apart = (mean[0] - mean[1]) / 2 * std::exp(-2 * link / static_cast<double>(half) * tau);
      Values u(v.size());
      for (std::size_t i = 0; i < u.size(); ++i) u[i] = i < at(half) ? middle + apart : middle - apart;
      return u;
    };
    expect_heat(list, {1e4, 3e11, 5e12, 1e15}, truth);
  }
}

TEST(heat, of_two_times_in_turn_is_that_of_their_sum) {
  const auto graph = distribute(world(), random_graph(300, 4, 1.5, 6));
  const auto v = own_part(graph, noise(300, 2));
  for (const double t : {0.01, 3.0, 500.0}) {
    const auto both = run(graph, v, {t, 2.5 * t, 3.5 * t});
    const auto second = run(graph, both.u[1], {t});
    EXPECT_LE(error_of(second.u[0], both.u[2], v), 2e-10) << t;
  }
}

TEST(heat, leaves_the_means_of_components_as_they_are) {
  const auto list = side_by_side(random_graph(200, 4, 2.0, 7), random_tree(90, 2.0, 5));
  const auto graph = distribute(world(), list);
  const auto v = own_part(graph, noise(290, 3));
  const ComponentSums components(graph);
  const auto mean_of = [&](Values u) {
    const auto whole = u;
    components.project(u, 1);
    for (std::size_t i = 0; i < u.size(); ++i) u[i] = whole[i] - u[i];
    return u;
  };
  const auto found = run(graph, v, kTimes);
  EXPECT_TRUE(found.result.converged);
  for (const auto& u : found.u) EXPECT_LE(error_of(mean_of(u), mean_of(v), v), 1e-15);
  EXPECT_LE(error_of(found.u.back(), mean_of(v), v), 1e-10);
}

TEST(heat, of_a_block_is_that_of_its_columns) {
  const auto graph = distribute(world(), random_graph(200, 4, 1.0, 8));
  const int columns = 3;
  const auto block = own_part(graph, noise(600, 4), columns);
  const Values times{0.01, 2, 1000};
  const auto together = run(graph, block, times, {}, columns);
  EXPECT_TRUE(together.result.converged);
  for (int k = 0; k < columns; ++k) {
    const auto column_of = [&](const Values& all) {
      Values one;
      for (std::size_t i = at(k); i < all.size(); i += at(columns)) one.push_back(all[i]);
      return one;
    };
    const auto alone = run(graph, column_of(block), times);
    for (std::size_t t = 0; t < times.size(); ++t) {
      EXPECT_LE(error_of(column_of(together.u[t]), alone.u[t], column_of(block)), 2e-10) << k << ", " << times[t];
    }
  }
}

TEST(heat, is_in_the_units_of_the_user_also_at_the_ends_of_the_range) {
  for (const double scale : {1e-200, 1e220}) {
    auto list = path(6);
    for (auto& e : list.edges) e.w = scale;
    const auto graph = distribute(world(), list);
    const auto v = own_part(graph, noise(6, 1));
    const auto truth = dense_modes(path(6));
    for (const double tau : {0.3, 20.0, 1e4}) {
      const auto found = run(graph, v, {tau / scale});
      EXPECT_LE(error_of(found.u[0], own_part(graph, truth.heat(noise(6, 1), tau)), v), 1e-10);
    }
  }
}

TEST(heat, stays_where_nothing_is_joined) {
  for (const GlobalIndex n : {0, 1, 5}) {
    const auto graph = distribute(world(), {n, {}, {}});
    const auto v = own_part(graph, noise(at(n), 1));
    const auto found = run(graph, v, kTimes);
    EXPECT_TRUE(found.result.converged);
    for (const auto& u : found.u) {
      for (std::size_t i = 0; i < v.size(); ++i) EXPECT_EQ(u[i], v[i]);
    }
  }
  const auto graph = distribute(world(), path(9));
  const auto found = run(graph, Values(at(graph.size()), 0.0), kTimes);
  EXPECT_TRUE(found.result.converged);
  for (const auto& u : found.u) EXPECT_EQ(norm(u), 0.0);
}

TEST(heat, says_when_it_did_not_get_there) {
  const auto list = path(200);
  const auto graph = distribute(world(), list);
  const auto v = noise(200, 5);
  HeatParams params;
  params.max_steps = 6;
  const auto found = run(graph, own_part(graph, v), {20.0, 1500.0}, params);
  EXPECT_FALSE(found.result.converged);
  const auto modes = dense_modes(list);
  for (std::size_t k = 0; k < 2; ++k) {
    const auto& reached = found.result.times[k];
    EXPECT_FALSE(reached.converged);
    const auto truth = own_part(graph, modes.heat(v, reached.time));
    EXPECT_LE(error_of(found.u[k], truth, own_part(graph, v)), 3 * reached.error);
  }
}

TEST(heat, refuses_times_that_descend_and_vectors_of_another_length) {
  const auto graph = distribute(world(), path(9));
  const auto size = at(graph.size());
  const auto refused = [&](const Values& v, const Values& times, int columns = 1) {
    try {
      heat(graph, v, columns, times, [](std::size_t, double, std::span<const double>) {});
      return false;
    } catch (const Error& e) {
      return e.code() == ExitCode::bad_input;
    }
  };
  EXPECT_TRUE(refused(Values(size, 1.0), {1, 0.5}));
  EXPECT_TRUE(refused(Values(size, 1.0), {-1}));
  EXPECT_TRUE(refused(Values(size, 1.0), {std::numeric_limits<double>::infinity()}));
  EXPECT_TRUE(refused(Values(size + 1, 1.0), {1}));
  EXPECT_TRUE(refused(Values(size, world().rank() == 0 ? std::nan("") : 1.0), {1}) || world().size() > 9);
  EXPECT_TRUE(refused(Values(17 * size, 1.0), {1}, 17));
}

}  // namespace synbal::test
