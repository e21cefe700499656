// Many runs at once, on all ranks, against one rank alone and one run alone: the same bits.
#include <cmath>
#include <string>
#include <vector>

#include "dynamics/block_product.hpp"
#include "support/mpi_test.hpp"
#include "synbal/dynamics/experiment.hpp"
#include "synbal/dynamics/random_arrays.hpp"
#include "synbal/network/generate.hpp"

namespace synbal {
namespace {

using test::world;

Network sample(const Comm& comm, GlobalIndex nodes) {
  GeneratorParams params;
  params.nodes = nodes;
  params.inhibitory = 0.4;
  auto network = generate(comm, params);
  for (auto& w : network.weight) w *= 0.05;
  network.arrays.push_back(random_input_weights(comm, network, 2, 5));
  network.arrays.push_back(random_output_weights(comm, network, 3, 5));
  return network;
}

/// [N * columns] of all neurons, the column running fastest, after some steps.
std::vector<double> states(const Comm& comm, const Network& network, const Ensemble& ensemble) {
  Dynamics dynamics(comm, network, {activation_of("leaky:0.1"), 0.1, 1, 3}, ensemble);
  std::vector<double> input(at(2 * ensemble.runs()));
  for (std::int64_t step = 0; step < 20; ++step) {
    for (std::size_t k = 0; k < input.size(); ++k)
      input[k] = std::sin(0.3 * static_cast<double>(step) + static_cast<double>(k));
    dynamics.advance(step, input);
  }
  std::vector<double> own;
  for (std::int64_t c = 0; c < ensemble.columns(); ++c) {
    const auto column = comm.gather_all(std::span<const double>(dynamics.column(c)));
    own.insert(own.end(), column.begin(), column.end());
  }
  return own;
}

TEST(Dynamics, states_are_the_same_bits_at_any_rank_count) {
  const Comm self(MPI_COMM_SELF);
  for (const GlobalIndex n : {0, 1, 2, 37}) {
    const Ensemble ensemble{3, 5, {0.3, 0, 0.1}};
    EXPECT_EQ(states(world(), sample(world(), n), ensemble), states(self, sample(self, n), ensemble)) << n;
  }
}

TEST(Dynamics, noise_of_a_level_is_that_of_another_times_a_factor) {
  const auto network = sample(world(), 30);
  const auto n = at(network.local_size());
  Dynamics dynamics(world(), network, {activation_of("linear"), 0.1, 1, 3}, {1, 7, {1, 0, 2}});
  dynamics.advance(4, std::vector<double>(14, 0.0));
  for (std::int64_t run = 0; run < 7; ++run) {
    const auto a = dynamics.column(run), quiet = dynamics.column(7 + run), b = dynamics.column(14 + run);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(quiet[i], 0);
      EXPECT_NE(a[i], 0);
      EXPECT_DOUBLE_EQ(b[i], 2 * a[i]);
    }
  }
}

TEST(Dynamics, noise_is_normal_with_the_variance_of_a_diffusion) {
  const auto network = sample(world(), 500);
  const Ensemble ensemble{1, 40, {0.5}};
  Dynamics dynamics(world(), network, {activation_of("linear"), 0.1, 1, 9}, ensemble);
  dynamics.advance(0, std::vector<double>(80, 0.0));
  std::array<double, 4> moments{};
  for (std::int64_t c = 0; c < 40; ++c) {
    for (const double x : dynamics.column(c)) {
      const double z = x / (0.5 * std::sqrt(0.1));
      moments[0] += 1, moments[1] += z, moments[2] += z * z, moments[3] += z * z * z * z;
    }
  }
  world().sum(std::span<double>(moments));
  EXPECT_EQ(moments[0], 20'000);
  EXPECT_NEAR(moments[1] / moments[0], 0, 0.03);
  EXPECT_NEAR(moments[2] / moments[0], 1, 0.05);
  EXPECT_NEAR(moments[3] / moments[0], 3, 0.3);
}

TEST(Dynamics, products_of_blocks_are_those_of_columns) {
  const auto network = sample(world(), 50);
  BlockProduct product(network);
  const auto n = at(network.local_size());
  for (const int width : {2, 4, 8, 16}) {
    const auto value = [](GlobalIndex i, int k) { return std::sin(static_cast<double>(7 * i + k)); };
    std::vector<std::vector<double>> alone;
    for (int k = 0; k < width; ++k) {
      const auto x = product.factors(1);
      for (std::size_t i = 0; i < n; ++i) x[i] = value(network.rows.first() + static_cast<GlobalIndex>(i), k);
      const auto y = product.multiply(1);
      alone.emplace_back(y.begin(), y.end());
    }
    const auto x = product.factors(width);
    for (std::size_t i = 0; i < n; ++i) {
      for (int k = 0; k < width; ++k)
        x[i * at(width) + at(k)] = value(network.rows.first() + static_cast<GlobalIndex>(i), k);
    }
    const auto y = product.multiply(width);
    for (std::size_t i = 0; i < n; ++i) {
      for (int k = 0; k < width; ++k) EXPECT_NEAR(y[i * at(width) + at(k)], alone[at(k)][i], 1e-14);
    }
  }
}

TEST(Dynamics, a_perturbation_of_a_linear_network_is_amplified_as_the_sensitivity_says) {
  const auto network = sample(world(), 30);
  const Ensemble ensemble{1, 20'000, {0}};
  Dynamics dynamics(world(), network, {activation_of("linear"), 0.1, 1, 3}, ensemble);
  double mean = 0;
  for (const double r : dynamics.response(1e-3, 0)) mean += r / 20'000;
  const std::vector<double> ones(at(network.local_size()), 1.0);
  const double s = sensitivity(world(), network, {ones, ones}).total();
  EXPECT_NEAR(mean / s, 1, 0.01);
}

}  // namespace
}  // namespace synbal
