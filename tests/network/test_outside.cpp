// Inputs and outputs as one neuron more on every rank: what it weighs, and that it can be taken away again.
#include <cmath>

#include "support/mpi_test.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/network/outside.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {
namespace {

using test::world;

NetworkArray made_array(ArrayRole role, std::vector<std::int64_t> shape, int axis, double unit) {
  NetworkArray array{"a", role, shape, axis, {}, {}, {}};
  array.elements = Ownership::even(world(), shape.size() == 2 ? shape[0] * shape[1] : shape[0]);
  for (std::int64_t k = 0; k < array.elements.count(); ++k) {
    array.values.push_back(unit * std::sin(0.5 + static_cast<double>(array.elements.first() + k)));
  }
  return array;
}

/// sum over m of |unit sin(0.5 + place(m))|^power
template <class Place>
double power_sum(int count, double power, Place&& place) {
  double sum = 0;
  for (int m = 0; m < count; ++m) sum += std::pow(std::abs(std::sin(0.5 + static_cast<double>(place(m)))), power);
  return sum;
}

Network sample(GlobalIndex n) {
  GeneratorParams params;
  params.nodes = n;
  params.degree = std::min<GlobalIndex>(4, n - 1);
  auto network = generate(world(), params);
  network.arrays = {made_array(ArrayRole::input_weights, {n, 3}, 0, 1),
                    made_array(ArrayRole::output_weights, {2, n}, 1, 1), made_array(ArrayRole::bias, {n}, 0, 1),
                    made_array(ArrayRole::initial_state, {n}, 0, 1)};
  return network;
}

TEST(Outside, weighs_what_all_inputs_and_outputs_of_a_neuron_cost) {
  for (const double power : {1.0, 2.0, 3.5}) {
    const auto network = sample(31);
    const auto weights = outside_weights(world(), network, power);
    for (LocalIndex k = 0; k < network.local_size(); ++k) {
      const auto i = network.rows.first() + k;
      const double in =
          power_sum(3, power, [&](int m) { return 3 * i + m; }) + power_sum(1, power, [&](int) { return i; });
      const double out = power_sum(2, power, [&](int m) { return 31 * m + i; });
      EXPECT_NEAR(std::pow(weights.in[at(k)], power), in, 1e-13 * in);
      EXPECT_NEAR(std::pow(weights.out[at(k)], power), out, 1e-13 * out);
    }
  }
}

TEST(Outside, weights_neither_over_nor_underflow) {
  for (const double unit : {1e-200, 1e200}) {
    auto network = sample(9);
    for (auto& array : network.arrays) array = made_array(array.role, array.shape, array.neuron_axis, unit);
    const auto large = outside_weights(world(), network, 2), small = outside_weights(world(), sample(9), 2);
    for (std::size_t i = 0; i < large.in.size(); ++i) EXPECT_NEAR(large.in[i] / unit, small.in[i], 1e-13);
  }
}

TEST(Outside, is_a_pinned_neuron_on_every_rank_that_sees_its_own_rank_only) {
  const auto network = with_outside(world(), sample(31), 2);
  EXPECT_EQ(network.size(), 31 + world().size());
  const auto last = network.local_size() - 1;
  EXPECT_EQ(network.nodes.pinned[at(last)], 1);
  for (auto e = network.row_ptr[at(last)]; e < network.row_ptr[at(last) + 1]; ++e)
    EXPECT_LT(network.column[at(e)], last);
  EXPECT_EQ(network.row_ptr[at(last) + 1] - network.row_ptr[at(last)], last);
  const auto components = strongly_connected_components(world(), network);
  EXPECT_EQ(largest_inside(world(), network, components), 31);
}

void expect_same(const Network& a, const Network& b) {
  EXPECT_EQ(a.row_ptr, b.row_ptr);
  EXPECT_EQ(a.column, b.column);
  EXPECT_EQ(a.weight, b.weight);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.nodes.pinned, b.nodes.pinned);
  EXPECT_EQ(a.nodes.gain, b.nodes.gain);
  EXPECT_EQ(a.nodes.id, b.nodes.id);
  EXPECT_EQ(a.nnz, b.nnz);
  EXPECT_EQ(a.rows.offsets(), b.rows.offsets());
}

TEST(Outside, can_be_taken_away_again) {
  for (const GlobalIndex n : {1, 2, 31}) {
    const auto network = sample(n);
    expect_same(without_outside(world(), with_outside(world(), Network(network), 2)), network);
    auto rich = network;
    rich.nodes.pinned.assign(at(rich.local_size()), 0);
    if (world().is_root() && !rich.nodes.pinned.empty()) rich.nodes.pinned[0] = 1;
    for (LocalIndex i = 0; i < rich.local_size(); ++i) {
      rich.nodes.gain.push_back(1.0 + i);
      rich.nodes.id.push_back(rich.rows.first() + 100 + i);
    }
    expect_same(without_outside(world(), with_outside(world(), Network(rich), 2)), rich);
    const auto moved = has_ptscotch() ? partition_by_ptscotch(world(), Network(rich)) : rich;
    expect_same(without_outside(world(), with_outside(world(), Network(moved), 2)), moved);
  }
}

TEST(Outside, numbers_of_components_are_those_without_it) {
  // No outputs: the outside is a component of its own.
  auto network = sample(31);
  network.arrays.resize(1);
  const auto before = strongly_connected_components(world(), network);
  network = with_outside(world(), std::move(network), 2);
  const auto components = strongly_connected_components(world(), network);
  const auto numbers = numbers_inside(world(), components);
  EXPECT_EQ(numbers, before.number);
  EXPECT_EQ(number_outside(world(), components, numbers), before.count);
}

}  // namespace
}  // namespace synbal
