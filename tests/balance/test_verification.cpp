// Checks of results: they pass on what is right and fail on what was tampered
// with, at any rank count.
#include <algorithm>
#include <limits>
#include <set>

#include "networks.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/random.hpp"

namespace synbal {
namespace {

using test::Dense;
using test::network_of;
using test::random_matrix;
using test::world;

/// The owned part of values given for all neurons.
template <class T>
std::vector<T> own_part(const Network& network, const std::vector<T>& all) {
  const auto begin = all.begin() + network.rows.first();
  return {begin, begin + network.local_size()};
}

template <class T>
std::vector<T> everywhere(const std::vector<T>& own) {
  return world().gather_all(std::span<const T>(own));
}

std::vector<double> random_values(GlobalIndex n, double low, double high, std::uint64_t seed) {
  const CounterRandom random(seed, 5);
  std::vector<double> values;
  for (GlobalIndex i = 0; i < n; ++i)
    values.push_back(low + (high - low) * random.uniform(static_cast<std::uint64_t>(i)));
  return values;
}

// ---- the serial truth

/// reach[i][j]: a path leads from j to i; the pinned neurons are one node.
std::vector<std::vector<bool>> reachable(const Dense& weights, const std::vector<bool>& pinned) {
  const auto n = at(weights.n);
  std::vector<std::vector<bool>> reach(n, std::vector<bool>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      reach[i][j] =
          i == j || weights(static_cast<GlobalIndex>(i), static_cast<GlobalIndex>(j)) != 0 || (pinned[i] && pinned[j]);
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    }
  }
  return reach;
}

/// A network with everything that costs depend on, whole on every rank.
struct Truth {
  Dense weights;
  std::vector<bool> pinned;
  std::vector<double> gain, exponent, h;

  Truth(Dense given, std::uint64_t seed)
      : weights(std::move(given)),
        pinned(at(weights.n), false),
        gain(random_values(weights.n, 0.5, 2, seed)),
        exponent(at(weights.n), 1.0),
        h(random_values(weights.n, -2, 2, seed + 1)) {}

  [[nodiscard]] Network network() const {
    auto made = network_of(world(), weights);
    made.nodes.gain = own_part(made, gain);
    made.nodes.exponent = own_part(made, exponent);
    std::vector<std::uint8_t> flags(pinned.begin(), pinned.end());
    made.nodes.pinned = own_part(made, flags);
    return made;
  }

  /// Whether the neuron lies on a cycle through another one.
  template <class Reach>
  [[nodiscard]] bool meets_another(const Reach& reach, GlobalIndex i) const {
    for (GlobalIndex j = 0; j < weights.n; ++j) {
      if (j != i && reach[at(i)][at(j)] && reach[at(j)][at(i)]) return true;
    }
    return false;
  }

  struct Costs {
    std::vector<double> in, out;
    double total = 0;
  };
  [[nodiscard]] Costs costs(double power) const {
    const auto reach = reachable(weights, pinned);
    Costs c{std::vector<double>(at(weights.n), 0.0), std::vector<double>(at(weights.n), 0.0)};
    for (GlobalIndex i = 0; i < weights.n; ++i) {
      for (GlobalIndex j = 0; j < weights.n; ++j) {
        const bool inside = reach[at(i)][at(j)] && reach[at(j)][at(i)];
        if (!inside || (pinned[at(i)] && pinned[at(j)])) continue;
        if (i == j && (exponent[at(i)] == 1 || !meets_another(reach, i))) continue;  // never changes
        const double scaled = std::abs(weights(i, j)) * std::exp(exponent[at(j)] * h[at(j)] - h[at(i)]);
        const double cost = gain[at(j)] * gain[at(j)] * std::pow(scaled, power);
        c.in[at(i)] += weights(i, j) == 0 ? 0 : cost;
        c.out[at(j)] += weights(i, j) == 0 ? 0 : cost;
        c.total += weights(i, j) == 0 ? 0 : cost;
      }
    }
    return c;
  }
};

void expect_direct_costs(const Truth& truth, double power) {
  const auto network = truth.network();
  const auto components = strongly_connected_components(world(), network);
  const auto found = direct_costs(world(), network, components, own_part(network, truth.h), power);
  const auto expected = truth.costs(power);
  const auto in = everywhere(found.in), out = everywhere(found.out);
  for (std::size_t i = 0; i < in.size(); ++i) {
    EXPECT_NEAR(in[i], expected.in[i], 200 * kEps * expected.in[i]);
    EXPECT_NEAR(out[i], expected.out[i], 200 * kEps * expected.out[i]);
  }
  EXPECT_NEAR(found.total, expected.total, 200 * kEps * expected.total);
}

TEST(DirectCosts, equal_a_dense_truth) {
  for (const GlobalIndex n : {0, 1, 2, 3, 17, 30}) {
    for (const double power : {0.5, 1.0, 2.0, 3.0}) {
      for (const double density : {0.05, 0.3}) {
        Truth truth(random_matrix(n, density, 1.0, static_cast<std::uint64_t>(n) + 1), 3);
        expect_direct_costs(truth, power);
        for (GlobalIndex i = 0; i < n; i += 5) truth.pinned[at(i)] = true;
        expect_direct_costs(truth, power);
        truth.exponent = random_values(n, 0.5, 1.5, 11);
        expect_direct_costs(truth, power);
      }
    }
  }
}

TEST(DirectCosts, factors_beyond_the_range_of_doubles_bring_costs_back_into_it) {
  // 1e-300 e^{2 h} and 1e300 e^{-2 h} are both 1 for h = 150 log 10; e^{p 2 h}
  // itself overflows.
  const GlobalIndex n = 6;
  Dense weights(n);
  std::vector<double> h;
  for (GlobalIndex i = 0; i < n; ++i) {
    weights(i, (i + n - 1) % n) = i % 2 == 0 ? 1e-300 : 1e300;
    h.push_back((i % 2 == 0 ? -150 : 150) * std::log(10.0));
  }
  const auto network = network_of(world(), weights);
  const auto components = strongly_connected_components(world(), network);
  const auto costs = direct_costs(world(), network, components, own_part(network, h), 2.0);
  for (const double c : everywhere(costs.in)) EXPECT_NEAR(c, 1.0, 1e-12);
  EXPECT_NEAR(costs.total, 6.0, 1e-11);
  const auto huge = direct_costs(world(), network, components, std::vector<double>(costs.in.size(), 0.0), 2.0);
  EXPECT_TRUE(std::isinf(huge.total));
  EXPECT_TRUE(std::isnan(direct_imbalance(world(), network, huge).l1));
}

TEST(DirectCosts, imbalance_is_that_of_the_contract_over_free_neurons) {
  Truth truth(random_matrix(20, 0.3, 1.0, 4), 5);
  truth.pinned[3] = truth.pinned[8] = true;
  truth.exponent = random_values(20, 0.5, 1.5, 12);
  const auto network = truth.network();
  const auto components = strongly_connected_components(world(), network);
  const auto costs = direct_costs(world(), network, components, own_part(network, truth.h), 2.0);
  const auto found = direct_imbalance(world(), network, costs);
  const auto c = truth.costs(2.0);
  double l1 = 0, l2 = 0, m2 = 0, linf = 0, minf = 0, ratio = 0;
  for (std::size_t i = 0; i < c.in.size(); ++i) {
    if (truth.pinned[i] || c.in[i] == 0) continue;
    const double out = truth.exponent[i] * c.out[i];
    const double d = std::abs(c.in[i] - out), m = (c.in[i] + out) / 2;
    l1 += d, l2 += d * d, m2 += m * m;
    linf = std::max(linf, d), minf = std::max(minf, m);
    ratio = std::max(ratio, std::abs(std::log(c.in[i] / out)));
  }
  EXPECT_NEAR(found.l1, l1 / c.total, 1e-13 * found.l1);
  EXPECT_NEAR(found.l2, std::sqrt(l2 / m2), 1e-13 * found.l2);
  EXPECT_NEAR(found.linf, linf / minf, 1e-13 * found.linf);
  EXPECT_NEAR(found.max_log_ratio, ratio, 1e-12 * ratio);
}

// ---- a result, and what the checks say of it

/// Everything a result file holds, in the hands of a test.
struct Result {
  Network network, balanced;
  Components components;
  std::vector<double> h, in_cost, out_cost;
  std::vector<std::int64_t> labels;
  Claims claims;

  explicit Result(Network&& given) {
    test::Balanced done(world(), std::move(given), 2.0);
    EXPECT_TRUE(done.found.solver.converged());
    h = done.problem.to_network(done.found.h, 0.0);
    components = done.components;
    network = std::move(done.network);
    const auto costs = direct_costs(world(), network, components, h, 2.0);
    in_cost = costs.in, out_cost = costs.out;
    labels = components.number;
    balanced = network;
    scale_weights(world(), balanced, h);
    network.facts.file_size = 4711, network.facts.checksum = "crc32:12345678";
    claims = {network.size(), network.nnz, 4711, "crc32:12345678", 2.0, 1e-10, true};
  }

  /// Calls change(local index) on the rank that owns the neuron.
  template <class Change>
  void on_owner(GlobalIndex neuron, Change&& change) {
    if (network.rows.owns(neuron)) change(at(neuron - network.rows.first()));
  }
  /// Multiplies the balanced weight of the first synapse into a neuron that
  /// comes from another one.
  void scale_first_weight(GlobalIndex neuron, double factor) {
    on_owner(neuron, [&](std::size_t i) {
      auto e = at(balanced.row_ptr[i]);
      if (at(balanced.column[e]) == i) ++e;
      balanced.weight[e] *= factor;
    });
  }
};

std::vector<Check> all_checks(const Result& r) {
  const auto& comm = world();
  const auto before = direct_costs(comm, r.network, r.components, std::vector<double>(r.h.size(), 0.0), 2.0);
  const auto after = direct_costs(comm, r.network, r.components, r.h, 2.0);
  std::vector<Check> checks{check_input(r.network, r.claims),
                            check_fixed_neurons(comm, r.network, r.components, r.h),
                            check_gauge(comm, r.network, r.components, r.h),
                            check_labels(comm, r.network, r.components, r.labels),
                            check_stored_costs(comm, r.network, "in", r.in_cost, after.in, after.total),
                            check_stored_costs(comm, r.network, "out", r.out_cost, after.out, after.total),
                            check_imbalance(direct_imbalance(comm, r.network, after), after, r.claims),
                            check_cost(before, after)};
  for (auto& check : check_weights(comm, r.network, r.balanced, r.h)) checks.push_back(check);
  checks.push_back(check_cycle_products(comm, r.network, r.balanced, r.components, r.h));
  checks.push_back(check_spectrum(comm, r.network, r.balanced));
  BalanceProblem problem(comm, r.network, r.components, r.claims.power);
  checks.push_back(check_gap(problem, r.h, r.claims).check);
  return checks;
}

enum Place { input, fixed, gauge, labels, in, out, imbalanced, cost, pattern, signs, weights, cycles, spectrum, gap };

/// Expects failures at exactly these places, on all ranks alike.
void expect_failures(const Result& result, const std::set<int>& expected) {
  const auto checks = all_checks(result);
  for (std::size_t k = 0; k < checks.size(); ++k) {
    const auto& c = checks[k];
    EXPECT_EQ(c.failed(), expected.count(static_cast<int>(k)) == 1)
        << c.name << ": value " << c.value.value_or(-1) << ", limit " << c.limit.value_or(-1) << ", " << c.note;
    const auto outcome = static_cast<std::int32_t>(c.outcome);
    EXPECT_EQ(world().max(outcome), world().min(outcome)) << c.name;
  }
}

Result random_result(GlobalIndex n = 24, double density = 0.25) {
  return Result(network_of(world(), random_matrix(n, density, 1.0, 42)));
}

/// Two separate rings of n neurons, a synapse between them, and a neuron on no
/// cycle at the end.
Result two_rings(GlobalIndex n) {
  Dense weights(2 * n + 1);
  const CounterRandom random(8);
  for (GlobalIndex i = 0; i < n; ++i) {
    for (const auto first : {GlobalIndex{0}, n}) {
      weights(first + (i + 1) % n, first + i) = std::exp(random.normal(static_cast<std::uint64_t>(first + i)));
    }
  }
  weights(n, 0) = 0.5;
  weights(2 * n, 1) = 0.25;
  return Result(network_of(world(), weights));
}

TEST(Verification, passes_on_what_is_right_and_skips_nothing) {
  const auto result = random_result();
  for (const auto& c : all_checks(result)) EXPECT_TRUE(c.passed()) << c.name << " " << c.note;
}

TEST(Verification, passes_on_several_components_and_pinned_neurons) {
  expect_failures(two_rings(7), {});
  auto network = network_of(world(), random_matrix(30, 0.2, 1.0, 6));
  test::pin(network, {2, 3, 17});
  expect_failures(Result(std::move(network)), {});
}

TEST(Verification, passes_on_the_smallest_networks) {
  for (const GlobalIndex n : {0, 1, 2, 3}) {
    Dense weights(n);
    expect_failures(Result(network_of(world(), weights)), {});
    for (GlobalIndex i = 0; i < n; ++i) weights((i + 1) % n, i) = 0.5 + static_cast<double>(i);
    expect_failures(Result(network_of(world(), weights)), {});
  }
}

TEST(Verification, fails_when_one_h_is_changed) {
  auto result = random_result();
  result.on_owner(5, [&](std::size_t i) { result.h[i] += 1e-3; });
  expect_failures(result, {gauge, in, out, imbalanced, weights, gap});
}

TEST(Verification, fails_when_h_is_shifted) {
  auto result = random_result();
  for (auto& h : result.h) h += 1e-6;
  expect_failures(result, {gauge});
}

TEST(Verification, fails_when_a_neuron_moves_that_must_not) {
  auto result = two_rings(5);
  result.on_owner(10, [&](std::size_t i) { result.h[i] = 1e-300; });
  expect_failures(result, {fixed});
  auto network = network_of(world(), random_matrix(12, 0.4, 1.0, 6));
  test::pin(network, {2});
  auto pinned = Result(std::move(network));
  pinned.on_owner(2, [&](std::size_t i) { pinned.h[i] = 1e-300; });
  expect_failures(pinned, {fixed});
}

TEST(Verification, fails_when_h_is_not_finite) {
  auto result = random_result();
  result.on_owner(3, [&](std::size_t i) { result.h[i] = std::numeric_limits<double>::quiet_NaN(); });
  EXPECT_TRUE(check_fixed_neurons(world(), result.network, result.components, result.h).failed());
  EXPECT_TRUE(check_gauge(world(), result.network, result.components, result.h).failed());
}

TEST(Verification, fails_when_a_weight_changes_its_sign) {
  auto result = two_rings(6);
  result.scale_first_weight(3, -1);
  expect_failures(result, {signs, weights, cycles, spectrum});
}

TEST(Verification, fails_when_a_synapse_is_dropped_or_added) {
  auto result = random_result();
  auto& j = result.balanced;
  result.on_owner(4, [&](std::size_t i) {
    j.column.erase(j.column.begin() + j.row_ptr[i]);
    j.weight.erase(j.weight.begin() + j.row_ptr[i]);
    for (auto k = i + 1; k < j.row_ptr.size(); ++k) --j.row_ptr[k];
  });
  expect_failures(result, {pattern, spectrum});
  std::swap(result.network, result.balanced);  // as many too many
  EXPECT_TRUE(check_weights(world(), result.network, result.balanced, result.h)[0].failed());
}

TEST(Verification, fails_when_one_weight_is_scaled) {
  auto result = two_rings(6);
  result.scale_first_weight(3, 1 + 1e-9);
  expect_failures(result, {weights, cycles, spectrum});
}

TEST(Verification, samples_cycles_all_over_the_network) {
  auto result = random_result();
  for (auto& w : result.balanced.weight) w *= 1 + 1e-10;
  expect_failures(result, {weights, cycles, spectrum});
}

TEST(Verification, underflowing_weights_may_be_missing) {
  auto result = two_rings(4);
  result.h.assign(result.h.size(), 0.0);
  result.on_owner(0, [&](std::size_t i) { result.h[i] = -800; });
  EXPECT_FALSE(check_weights(world(), result.network, result.network, result.h)[2].passed());
  auto& j = result.balanced;
  j = result.network;
  // Entries into neuron 0 overflow, those from it vanish: look at the zero
  // pattern alone.
  Dense kept(9);
  for (GlobalIndex i = 0; i < 4; ++i) {
    if (i != 0) kept((i + 1) % 4, i) = 1;
    kept(4 + (i + 1) % 4, 4 + i) = 1;
  }
  kept(8, 1) = 1;
  EXPECT_TRUE(check_weights(world(), result.network, network_of(world(), kept), result.h)[0].passed());
  result.h.assign(result.h.size(), 0.0);
  EXPECT_TRUE(check_weights(world(), result.network, network_of(world(), kept), result.h)[0].failed());
}

TEST(Verification, labels_may_be_permuted_but_not_wrong) {
  auto result = two_rings(5);
  const auto count = result.components.count;
  for (auto& l : result.labels) l = count - 1 - l;
  expect_failures(result, {});
  auto torn = result;
  torn.on_owner(2, [&](std::size_t i) { torn.labels[i] = (torn.labels[i] + 1) % count; });
  expect_failures(torn, {labels});
  auto joined = result;
  for (auto& l : joined.labels) l = std::min<std::int64_t>(l, count - 2);
  expect_failures(joined, {labels});
  auto outside = result;
  outside.on_owner(9, [&](std::size_t i) { outside.labels[i] = count; });
  expect_failures(outside, {labels});
  outside.on_owner(9, [&](std::size_t i) { outside.labels[i] = -1; });
  expect_failures(outside, {labels});
}

TEST(Verification, fails_when_a_stored_cost_is_off) {
  auto result = random_result();
  result.on_owner(7, [&](std::size_t i) { result.in_cost[i] *= 1 + 1e-6; });
  expect_failures(result, {in});
  result.on_owner(11, [&](std::size_t i) { result.out_cost[i] = std::numeric_limits<double>::quiet_NaN(); });
  expect_failures(result, {in, out});
}

TEST(Verification, fails_on_another_input) {
  for (const int what : {0, 1, 2, 3}) {
    auto result = random_result(8, 0.5);
    if (what == 0) result.claims.n += 1;
    if (what == 1) result.claims.nnz += 1;
    if (what == 2) result.claims.input_size += 1;
    if (what == 3) result.claims.input_checksum = "crc32:0";
    expect_failures(result, {input});
  }
}

TEST(Verification, only_tells_the_imbalance_of_results_that_claim_no_convergence) {
  auto result = random_result();
  result.h.assign(result.h.size(), 0.0);
  const auto costs = direct_costs(world(), result.network, result.components, result.h, 2.0);
  result.in_cost = costs.in, result.out_cost = costs.out;
  result.balanced = result.network;
  result.claims.converged = false;
  expect_failures(result, {});
  result.claims.converged = true;
  const auto checks = all_checks(result);
  EXPECT_TRUE(checks[imbalanced].failed());
  EXPECT_FALSE(checks[gap].passed());
}

TEST(Verification, fails_when_the_cost_has_grown) {
  auto result = random_result();
  result.claims.converged = false;
  for (auto& h : result.h) h = -h;
  const auto before =
      direct_costs(world(), result.network, result.components, std::vector<double>(result.h.size(), 0.0), 2.0);
  const auto after = direct_costs(world(), result.network, result.components, result.h, 2.0);
  EXPECT_TRUE(check_cost(before, after).failed());
  EXPECT_TRUE(check_cost(before, before).passed());
}

TEST(Verification, ill_conditioned_eigenvalues_do_not_hide_the_others) {
  // A chain with a weak way back has eigenvalues on a circle that react to
  // rounding like its n-th root; neurons 8, 9 have well conditioned ones.
  // Scaled by anything, all agree; a changed pair does not.
  Dense weights(10);
  for (GlobalIndex i = 0; i < 7; ++i) weights(i + 1, i) = 1;
  weights(0, 7) = 1e-14;
  weights(8, 9) = weights(9, 8) = 2;
  const auto network = network_of(world(), weights);
  auto scaled = network;
  scale_weights(world(), scaled, own_part(network, random_values(10, -3, 3, 2)));
  EXPECT_TRUE(check_spectrum(world(), network, scaled).passed());
  for (auto& w : scaled.weight) w *= w > 0 ? 1 + 1e-9 : 1;
  EXPECT_TRUE(check_spectrum(world(), network, scaled).failed());
}

TEST(Verification, says_what_it_does_not_check) {
  auto result = random_result();
  result.network.nodes.exponent.assign(result.h.size(), 1.0);
  EXPECT_TRUE(check_cycle_products(world(), result.network, result.balanced, result.components, result.h).passed());
  for (auto& k : result.network.nodes.exponent) k = 1.5;
  EXPECT_EQ(check_spectrum(world(), result.network, result.balanced).outcome, Outcome::skipped);
  EXPECT_EQ(check_cycle_products(world(), result.network, result.balanced, result.components, result.h).outcome,
            Outcome::skipped);
}

}  // namespace
}  // namespace synbal
