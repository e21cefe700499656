// The constant between inputs and outputs, and the run of both networks that finds what was scaled wrongly.
#include <cmath>

#include "support/mpi_test.hpp"
#include "synbal/balance/gauge.hpp"
#include "synbal/network/generate.hpp"

namespace synbal {
namespace {

using test::world;

NetworkArray made_array(ArrayRole role, std::vector<std::int64_t> shape, int axis) {
  NetworkArray array{to_string(role), role, shape, axis, {}, {}, {}};
  array.elements = Ownership::even(world(), shape.size() == 2 ? shape[0] * shape[1] : shape[0]);
  for (std::int64_t k = 0; k < array.elements.count(); ++k) {
    array.values.push_back(std::sin(0.5 + static_cast<double>(array.elements.first() + k)));
  }
  return array;
}

Network sample(GlobalIndex n) {
  GeneratorParams params;
  params.nodes = n;
  params.degree = 5;
  auto network = generate(world(), params);
  network.arrays = {made_array(ArrayRole::input_weights, {n, 4}, 0), made_array(ArrayRole::output_weights, {3, n}, 1),
                    made_array(ArrayRole::bias, {n}, 0), made_array(ArrayRole::initial_state, {1, n}, 1)};
  return network;
}

std::vector<double> some_h(const Network& network) {
  std::vector<double> h;
  for (LocalIndex i = 0; i < network.local_size(); ++i)
    h.push_back(std::cos(2.0 * static_cast<double>(network.rows.first() + i)));
  return h;
}

double total(const std::vector<double>& weights) {
  double sum = 0;
  for (const double w : weights) sum += w * w;
  return world().sum(sum);
}

TEST(Gauge, makes_inputs_cost_what_outputs_do) {
  auto network = sample(40);
  const auto components = one_component(network);
  auto h = some_h(network);
  const auto weights = outside_weights(world(), network, 2);
  EXPECT_TRUE(check_input_output_gauge(world(), network, components, weights, h, 2).failed());
  const auto shift = input_output_shift(world(), network, components, weights, h, 2);
  for (std::size_t i = 0; i < h.size(); ++i) h[i] += shift[i];
  EXPECT_TRUE(check_input_output_gauge(world(), network, components, weights, h, 2).passed());
  scale_weights(world(), network, h);
  const auto scaled = outside_weights(world(), network, 2);
  EXPECT_NEAR(total(scaled.in) / total(scaled.out), 1, 1e-12);
}

TEST(Gauge, leaves_components_without_outputs_or_with_pinned_neurons_alone) {
  auto network = sample(40);
  const auto components = one_component(network);
  const auto h = some_h(network);
  auto weights = outside_weights(world(), network, 2);
  network.nodes.pinned.assign(h.size(), 1);
  for (const double s : input_output_shift(world(), network, components, weights, h, 2)) EXPECT_EQ(s, 0);
  network.nodes.pinned.clear();
  weights.out.assign(h.size(), 0.0);
  for (const double s : input_output_shift(world(), network, components, weights, h, 2)) EXPECT_EQ(s, 0);
}

TEST(Function, is_that_of_the_scaled_network) {
  const auto network = sample(40);
  const auto h = some_h(network);
  auto balanced = network;
  scale_weights(world(), balanced, h);
  const auto check = check_function(world(), network, balanced, h);
  EXPECT_TRUE(check.passed()) << check.value.value_or(-1);
  EXPECT_LT(check.value.value_or(1), 1e-13);
}

TEST(Function, differs_where_any_array_was_not_scaled) {
  const auto network = sample(40);
  const auto h = some_h(network);
  for (std::size_t k = 0; k < network.arrays.size(); ++k) {
    auto balanced = network;
    scale_weights(world(), balanced, h);
    balanced.arrays[k] = network.arrays[k];
    EXPECT_TRUE(check_function(world(), network, balanced, h).failed()) << network.arrays[k].name;
  }
  auto balanced = network;
  scale_weights(world(), balanced, h);
  for (auto& w : balanced.weight) w *= 1 + 1e-8;
  EXPECT_TRUE(check_function(world(), network, balanced, h).failed());
  balanced.arrays.pop_back();
  EXPECT_EQ(check_function(world(), network, balanced, h).outcome, Outcome::skipped);
}

}  // namespace
}  // namespace synbal
