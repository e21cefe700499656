// Permutations of a network against what is known of them in closed form.
#include <cmath>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/balance/null_model.hpp"
#include "synbal/network/generate.hpp"

namespace synbal {
namespace {

using test::world;

/// With a self-loop at every third neuron.
Network sample(const Comm& comm, GlobalIndex nodes, const char* kind = "kronecker") {
  GeneratorParams params;
  params.kind = kind;
  params.nodes = nodes;
  auto network = generate(comm, params);
  GlobalRows rows;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      rows.column.push_back(network.global(network.column[e])), rows.weight.push_back(network.weight[e]);
    }
    const auto self = network.rows.first() + i;
    if (self % 3 == 0) rows.column.push_back(self), rows.weight.push_back(2.5);
    rows.row_ptr.push_back(std::ssize(rows.column));
  }
  return assemble(comm, network.rows, std::move(rows), Duplicates::sum, network.facts);
}

/// One rank's view of the whole: costs |J| in the unit of the largest, with their places.
struct Whole {
  std::vector<double> in, out;        ///< sums
  std::vector<double> entry;          ///< costs
  std::vector<double> net, incident;  ///< of every neuron: synapses in minus out, and in plus out, without self-loops
};

Whole whole(GlobalIndex nodes) {
  const Comm self(MPI_COMM_SELF);
  const auto network = sample(self, nodes);
  const auto n = at(nodes);
  Whole w{std::vector<double>(n), std::vector<double>(n), {}, std::vector<double>(n), std::vector<double>(n)};
  double largest = 0;
  for (const double v : network.weight) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < n; ++i) {
    for (auto e = at(network.row_ptr[i]); e < at(network.row_ptr[i + 1]); ++e) {
      const auto j = at(network.column[e]);
      const double c = std::abs(network.weight[e]) / largest;
      w.entry.push_back(c), w.in[i] += c, w.out[j] += c;
      if (i != j) w.net[i] += 1, w.net[j] -= 1, w.incident[i] += 1, w.incident[j] += 1;
    }
  }
  return w;
}

double sum(const std::vector<double>& values, double power = 1) {
  double all = 0;
  for (const double v : values) all += std::pow(v, power);
  return all;
}

/// Mean of |g|^2 over the draws, and its standard error as far as sd tells.
double mean_square(const NullResult& r) { return r.mean * r.mean + r.sd * r.sd; }
double error_of(const NullResult& r) { return 2 * r.mean * r.sd / std::sqrt(static_cast<double>(r.draws)); }

NullResult drawn(GlobalIndex nodes, NullKind kind, std::int64_t draws) {
  const auto network = sample(world(), nodes);
  return null_model(world(), network, 1, {draws, kind, 7});
}

TEST(NullModel, permuted_rows_have_the_expected_square) {
  const auto w = whole(200);
  const auto r = drawn(200, NullKind::rows, 4000);
  const double expected = sum(w.in, 2) + sum(w.out, 2) - 2 * sum(w.in) * sum(w.out) / 200;
  EXPECT_NEAR(mean_square(r), expected, 4 * error_of(r));
  EXPECT_LT(error_of(r), 0.01 * expected);
  double own = 0;
  for (std::size_t i = 0; i < 200; ++i) own += std::pow(w.in[i] - w.out[i], 2);
  EXPECT_NEAR(r.value, std::sqrt(own), 1e-12 * std::sqrt(own));
}

TEST(NullModel, permuted_weights_have_the_expected_square) {
  const auto w = whole(60);
  const auto r = drawn(60, NullKind::weights, 800);
  const auto m = static_cast<double>(w.entry.size());
  const double same = sum(w.entry, 2) / m;
  const double other = (std::pow(sum(w.entry), 2) - sum(w.entry, 2)) / (m * (m - 1));
  double expected = 0;
  for (std::size_t i = 0; i < 60; ++i) expected += w.incident[i] * same + (w.net[i] * w.net[i] - w.incident[i]) * other;
  EXPECT_NEAR(mean_square(r), expected, 4 * error_of(r));
  EXPECT_LT(error_of(r), 0.05 * expected);
}

TEST(NullModel, draws_are_the_same_at_any_rank_count) {
  const Comm self(MPI_COMM_SELF);
  for (const auto kind : {NullKind::rows, NullKind::weights}) {
    for (const GlobalIndex nodes : {1, 2, 3, 50}) {
      const auto alone = null_model(self, sample(self, nodes), 2, {20, kind, 3});
      const auto here = null_model(world(), sample(world(), nodes), 2, {20, kind, 3});
      EXPECT_NEAR(here.mean, alone.mean, 1e-12 * (1 + alone.mean));
      EXPECT_NEAR(here.sd, alone.sd, 1e-11 * (1 + alone.mean));
      EXPECT_NEAR(here.value, alone.value, 1e-12 * (1 + alone.value));
    }
  }
}

TEST(NullModel, within_classes_of_one_neuron_nothing_moves) {
  const auto network = sample(world(), 40);
  for (const auto kind : {NullKind::rows, NullKind::weights}) {
    NullParams params{30, kind, 3};
    for (LocalIndex i = 0; i < network.local_size(); ++i) params.label.push_back(5 * (network.rows.first() + i) - 70);
    const auto r = null_model(world(), network, 1, params);
    EXPECT_EQ(r.classes, 40);
    EXPECT_NEAR(r.mean, r.value, 1e-12 * r.value);
    EXPECT_NEAR(r.least, r.most, 1e-12 * r.value);
  }
}

// Rows are exchanged within two classes: the expected square is the sum of theirs.
TEST(NullModel, within_classes_rows_have_the_expected_square) {
  const auto w = whole(100);
  const auto network = sample(world(), 100);
  NullParams params{4000, NullKind::rows, 3};
  for (LocalIndex i = 0; i < network.local_size(); ++i) params.label.push_back((network.rows.first() + i) % 3 == 0);
  const auto r = null_model(world(), network, 1, params);
  double expected = sum(w.in, 2) + sum(w.out, 2);
  for (const bool first : {false, true}) {
    double in = 0, out = 0, count = 0;
    for (std::size_t i = 0; i < 100; ++i) {
      if ((i % 3 == 0) == first) in += w.in[i], out += w.out[i], count += 1;
    }
    expected -= 2 * in * out / count;
  }
  EXPECT_NEAR(mean_square(r), expected, 4 * error_of(r));
}

TEST(NullModel, a_ring_is_as_balanced_as_its_permutations) {
  GeneratorParams params;
  params.kind = "ring";
  params.nodes = 30;
  const auto r = null_model(world(), generate(world(), params), 2, {50});
  EXPECT_EQ(r.value, 0);
  EXPECT_EQ(r.mean, 0);
  EXPECT_EQ(r.z(), 0);
  EXPECT_EQ(r.p_value(), 1);
}

TEST(NullModel, no_draws_are_refused) { EXPECT_THROW((void)drawn(10, NullKind::rows, 0), Error); }

}  // namespace
}  // namespace synbal
