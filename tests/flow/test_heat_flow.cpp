// The heat equation against eigenvectors, and against the true flow where the paper says they meet.
#include <utility>

#include "flow/heat_flow.hpp"
#include "flow/rule_networks.hpp"
#include "synbal/flow/companions.hpp"
#include "synbal/flow/flow.hpp"

namespace synbal::test {
namespace {

using Rows = std::vector<std::vector<double>>;

/// Eigenvalues and vectors (columns of `vector`) of a symmetric matrix.
struct Modes {
  std::vector<double> value;
  Rows vector;
};

/// Jacobi 1846: rotations until nothing is left beside the diagonal.
Modes modes_of(Rows a) {
  const auto n = a.size();
  Rows v(n, std::vector<double>(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) v[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0) continue;
        const double angle = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const double c = std::cos(angle), s = std::sin(angle);
        const auto rotate = [&](double& x, double& y) {
          const double old = x;
          x = c * old - s * y, y = s * old + c * y;
        };
        for (std::size_t k = 0; k < n; ++k) rotate(a[k][p], a[k][q]);
        for (std::size_t k = 0; k < n; ++k) rotate(a[p][k], a[q][k]);
        for (std::size_t k = 0; k < n; ++k) rotate(v[k][p], v[k][q]);
      }
    }
  }
  Modes modes{std::vector<double>(n), std::move(v)};
  for (std::size_t i = 0; i < n; ++i) modes.value[i] = a[i][i];
  return modes;
}

double projection(const Modes& modes, std::size_t k, const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += modes.vector[i][k] * x[i];
  return sum;
}

/// The dense truth of a network at h0: free neurons only, in the order of the network.
struct DenseHeat {
  std::vector<double> h0, g0;
  Modes modes;
  double p;

  /// `exponent` empty: 1.
  DenseHeat(const Dense& w, double power, const std::vector<GlobalIndex>& pinned, std::vector<double> exponent,
            std::vector<double> start)
      : h0(std::move(start)), g0(at(w.n), 0.0), p(power) {
    if (exponent.empty()) exponent.assign(at(w.n), 1.0);
    for (const auto i : pinned) h0[at(i)] = 0;
    Rows l(at(w.n), std::vector<double>(at(w.n), 0.0));
    for (std::size_t i = 0; i < at(w.n); ++i) {
      for (std::size_t j = 0; j < at(w.n); ++j) {
        const double weight = std::abs(w(static_cast<GlobalIndex>(i), static_cast<GlobalIndex>(j)));
        if ((i == j && exponent[j] == 1) || weight == 0) continue;
        const double c = std::pow(weight * std::exp(exponent[j] * h0[j] - h0[i]), p);
        g0[i] += c, g0[j] -= exponent[j] * c;
        l[i][i] += c, l[j][j] += exponent[j] * exponent[j] * c;
        l[i][j] -= exponent[j] * c, l[j][i] -= exponent[j] * c;
      }
    }
    for (const auto i : pinned) {
      for (std::size_t j = 0; j < at(w.n); ++j) l[at(i)][j] = l[j][at(i)] = 0;
      g0[at(i)] = 0;
    }
    modes = modes_of(std::move(l));
  }

  /// Eq. 39; t infinite: eq. 40.
  [[nodiscard]] std::vector<double> h(double t) const {
    auto result = h0;
    for (std::size_t k = 0; k < modes.value.size(); ++k) {
      if (modes.value[k] < 1e-9) continue;
      const double rate = p * modes.value[k];
      const double amplitude = projection(modes, k, g0) * -std::expm1(-rate * t) / rate;
      for (std::size_t i = 0; i < result.size(); ++i) result[i] += amplitude * modes.vector[i][k];
    }
    return result;
  }
};

/// These small networks are not stiff, and Adams is cheap at tight tolerances.
IntegratorParams tight_adams() {
  IntegratorParams params;
  params.integration = Integration::adams;
  params.relative_tolerance = 1e-9;
  params.absolute_tolerance = 1e-11;
  return params;
}

struct Case {
  Dense weights;
  double power = 2;
  std::vector<GlobalIndex> pinned{};
  std::vector<double> exponent{};
  std::vector<double> start{};
};

void expect_near(const std::vector<double>& found, const std::vector<double>& expected, double tolerance) {
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << i;
}

/// h of all neurons; pinned ones stay at 0.
void expect_heat(const Case& c, const IntegratorParams& integrator = tight_adams(), double tolerance = 1e-7) {
  FlowSetting s(c.weights, c.power, {c.pinned, {}, c.exponent});
  const DenseHeat truth(c.weights, c.power, c.pinned, c.exponent, c.start);
  HeatFlow heat(s.problem, s.kernel, s.sums, s.active(truth.h0));
  HeatCompanion companion(s.problem, s.sums, s.active(truth.h0), 0, integrator);
  for (const double t : {1e-3, 0.05, 0.6}) {
    companion.compare(t, s.active(truth.h0));
    expect_near(s.everywhere(companion.h()), truth.h(t), tolerance);
  }
  expect_near(s.everywhere(heat.equilibrium(1e-12)), truth.h(std::numeric_limits<double>::infinity()), 1e-7);
}

TEST(Heat, follows_the_eigenvectors_of_the_frozen_laplacian) {
  const auto w = random_weights(17, 0.3, 0.6, 2);
  const std::vector<double> origin(17, 0.0);
  expect_heat({w, 2, {}, {}, origin});
  expect_heat({w, 1, {}, {}, centered(random_values(17, -0.5, 0.5, 7))});
  expect_heat({w, 1.5, {16}, {}, random_values(17, -0.5, 0.5, 8)});
  expect_heat({w, 2, {0}, random_values(17, 0.6, 1.5, 3), origin});
  expect_heat({random_weights(2, 1, 0.6, 2), 2, {}, {}, {0, 0}});
  expect_heat({w, 2, {}, {}, origin}, IntegratorParams(), 1e-4);  // BDF, with the products of the frozen Laplacian
}

TEST(Heat, gradient_decays_by_the_heat_kernel) {
  const auto w = random_weights(13, 0.3, 0.6, 19);
  FlowSetting s(w);
  const DenseHeat truth(w, 2, {}, {}, std::vector<double>(13, 0.0));
  HeatFlow heat(s.problem, s.kernel, s.sums, s.zeros());
  auto g = s.zeros();
  for (const double t : {0.0, 0.05, 0.4}) {  // eq. 38 at the exact h of that time
    EXPECT_TRUE(heat.derivative(s.active(truth.h(t)), g));
    const auto found = s.everywhere(g);
    for (std::size_t k = 0; k < truth.modes.value.size(); ++k) {
      const double expected = std::exp(-2 * truth.modes.value[k] * t) * projection(truth.modes, k, truth.g0);
      EXPECT_NEAR(projection(truth.modes, k, found), expected, 1e-10);
    }
  }
}

TEST(Heat, stays_at_its_point_when_the_base_of_the_costs_moves) {
  FlowSetting s(random_weights(20, 0.3, 1, 4), 1.5, {{2}, {}, {}});
  const auto h0 = s.active(random_values(20, -1, 1, 1)), v = s.active(random_values(20, -1, 1, 2));
  HeatFlow heat(s.problem, s.kernel, s.sums, h0);
  auto before = s.zeros(), after = s.zeros();
  heat.product(v, before);
  s.problem.rebase(s.active(random_values(20, -6, 6, 3)));
  heat.product(v, after);
  double largest = 0;
  for (const double x : before) largest = std::max(largest, std::abs(x));
  largest = world().max(largest);
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-12 * largest);
}

// ---- the true flow beside it

/// A ring of 12 with cost 1 one way round and `back` the other, in which one synapse was potentiated by a factor 1 +
/// eta of its cost. With back = 1: Stock et al. 2022, fig. 5.
Dense perturbed_ring(double back, double eta) {
  Dense w(12);
  for (GlobalIndex i = 0; i < 12; ++i) w(i, (i + 1) % 12) = 1, w((i + 1) % 12, i) = std::sqrt(back);
  w(3, 4) = std::sqrt(1 + eta);
  return w;
}

using Curves = std::vector<std::vector<double>>;  // [times][neurons]

/// The true h and eq. 39 with L at the moment of perturbation, over times.
struct Response {
  DenseHeat heat;
  Curves truth, linear;

  Response(double back, double eta) : heat(perturbed_ring(back, eta), 2, {}, {}, std::vector<double>(12, 0.0)) {
    FlowSetting s(perturbed_ring(back, eta));
    Flow flow(s.problem, s.kernel, s.sums);
    FlowParams params;
    params.integrator = tight_adams();
    params.stop_at_equilibrium = false;
    params.outputs = OutputTimes::listed({0.1, 0.5});
    params.end_time = 2;
    flow(s.zeros(), params, [&](const FlowMoment& m) {
      if (!m.output || m.time == 0) return;
      truth.push_back(s.everywhere(m.h));
      linear.push_back(heat.h(m.time));
    });
  }

  [[nodiscard]] std::vector<double> off(std::size_t t) const {
    auto difference = truth[t];
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= linear[t][i];
    return difference;
  }
};

double norm(const std::vector<double>& x) {
  double square = 0;
  for (const double v : x) square += v * v;
  return std::sqrt(square);
}

void expect_about_four(double ratio, std::size_t time, std::size_t mode) {
  EXPECT_GT(ratio, 3.5) << "time " << time << ", mode " << mode;
  EXPECT_LT(ratio, 4.5) << "time " << time << ", mode " << mode;
}

// Away from symmetric costs the first term that eq. 39 leaves out is of second order: halving the perturbation quarters
// the difference, in every mode that the perturbation moves.
TEST(Heat, halving_a_perturbation_quarters_the_difference_from_the_true_flow) {
  const Response whole(2, 0.1), half(2, 0.05);
  EXPECT_EQ(whole.truth.size(), 3U);
  for (std::size_t t = 0; t < whole.truth.size(); ++t) {
    expect_about_four(norm(whole.off(t)) / norm(half.off(t)), t, 99);
    for (std::size_t k = 0; k < 12; ++k) {
      const double a = projection(whole.heat.modes, k, whole.off(t)), b = projection(whole.heat.modes, k, half.off(t));
      if (std::abs(a) > 0.05 * norm(whole.off(t))) expect_about_four(a / b, t, k);
    }
  }
}

// On the ring of the paper costs are symmetric up to the perturbation, so that the cost has no odd derivatives but
// those of the perturbed synapse itself: the difference is of third order, and it is its share of h that is quartered.
TEST(Heat, halving_a_perturbation_quarters_the_share_of_the_difference_on_the_ring_of_the_paper) {
  const Response whole(1, 0.1), half(1, 0.05);
  for (std::size_t t = 0; t < whole.truth.size(); ++t) {
    const double share = norm(whole.off(t)) / norm(whole.linear[t]), of_half = norm(half.off(t)) / norm(half.linear[t]);
    expect_about_four(share / of_half, t, 99);
    for (std::size_t k = 0; k < 12; ++k) {
      const auto& modes = whole.heat.modes;
      if (std::abs(projection(modes, k, whole.linear[t])) < 0.05 * norm(whole.linear[t])) continue;
      if (std::abs(projection(modes, k, whole.off(t))) < 0.05 * norm(whole.off(t))) continue;
      const double a = projection(modes, k, whole.off(t)) / projection(modes, k, whole.linear[t]);
      const double b = projection(modes, k, half.off(t)) / projection(modes, k, half.linear[t]);
      expect_about_four(a / b, t, k);
    }
  }
}

// Cost 3, far from small: the figure shows agreement by eye.
TEST(Heat, predicts_the_projections_of_the_figure) {
  const Response figure(1, 2);
  for (std::size_t t = 0; t < figure.truth.size(); ++t) {
    EXPECT_LT(norm(figure.off(t)), 0.1 * norm(figure.linear[t])) << t;
    EXPECT_GT(norm(figure.off(t)), 1e-3 * norm(figure.linear[t])) << "the true flow is not linear";
  }
}

TEST(Heat, companion_tells_how_far_the_true_flow_is) {
  const auto w = random_weights(15, 0.3, 0.5, 12);
  FlowSetting s(w);
  const DenseHeat truth(w, 2, {}, {}, std::vector<double>(15, 0.0));
  HeatCompanion companion(s.problem, s.sums, s.zeros(), 0, tight_adams());
  Flow flow(s.problem, s.kernel, s.sums);
  FlowParams params;
  params.integrator = tight_adams();
  params.outputs = OutputTimes::listed({0.01, 0.05});
  params.end_time = 0.3;
  params.stop_at_equilibrium = false;
  int rows = 0;
  flow(s.zeros(), params, [&](const FlowMoment& m) {
    if (!m.output) return;
    const auto found = companion.compare(m.time, m.h);
    auto h = s.everywhere(m.h);
    const double way = norm(h);
    const auto linear = truth.h(m.time);
    double largest = 0;
    for (std::size_t i = 0; i < h.size(); ++i) h[i] -= linear[i], largest = std::max(largest, std::abs(h[i]));
    EXPECT_NEAR(found.l2, norm(h), 1e-7);
    EXPECT_NEAR(found.linf, largest, 1e-7);
    EXPECT_NEAR(found.relative, way > 0 ? norm(h) / way : 0, 1e-5);
    ++rows;
  });
  EXPECT_EQ(rows, 4);
}

TEST(Heat, nothing_to_balance_stays) {
  for (const GlobalIndex n : {0, 1, 4}) {
    FlowSetting s{Dense(n)};
    HeatCompanion companion(s.problem, s.sums, s.zeros(), 0, tight_adams());
    EXPECT_EQ(companion.compare(3, s.zeros()).l2, 0.0);
    EXPECT_TRUE(companion.equilibrium().empty());
  }
}

}  // namespace
}  // namespace synbal::test
