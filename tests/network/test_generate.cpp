// Generated networks: the same bits at any rank count, and the structure that each kind promises.
#include <algorithm>
#include <cmath>
#include <set>

#include "gathered.hpp"
#include "support/mpi_test.hpp"
#include "synbal/network/generate.hpp"
#include "synbal_config.hpp"

namespace synbal {
namespace {

using test::Entry;
using test::world;

GeneratorParams params_of(const std::string& kind, GlobalIndex nodes) {
  GeneratorParams params;
  params.kind = kind;
  params.nodes = nodes;
  return params;
}

/// The whole network, made by every rank alone.
std::vector<Entry> serial(const GeneratorParams& params) {
  const Comm self(MPI_COMM_SELF);
  return test::gathered(self, generate(self, params));
}

std::vector<std::int64_t> in_degrees(const std::vector<Entry>& entries, GlobalIndex n) {
  std::vector<std::int64_t> degrees(static_cast<std::size_t>(n), 0);
  for (const auto& e : entries) ++degrees[static_cast<std::size_t>(e.row)];
  return degrees;
}

TEST(Generate, every_kind_is_the_same_at_any_rank_count) {
  for (const auto& kind : generator_kinds()) {
    if (kind == "local") continue;  // its sheets say how many neurons there are: below
    for (const GlobalIndex n : {0, 1, 2, 3, 36, 300}) {
      auto params = params_of(kind, n);
      params.inhibitory = kind == "lowrank" ? 0.0 : 0.3;
      params.rewiring = 0.2;
      params.seed = 5;
      const auto network = generate(world(), params);
      EXPECT_EQ(network.size(), n) << kind;
      EXPECT_EQ(network.rows.offsets(), Ownership::even(world(), n).offsets());
      EXPECT_EQ(network.facts.format, "generated");
      EXPECT_EQ(test::gathered(world(), network), serial(params)) << kind << " " << n;
    }
  }
}

TEST(Generate, no_kind_has_self_loops_or_repeated_or_zero_synapses) {
  for (const auto& kind : generator_kinds()) {
    if (kind == "lowrank" || kind == "local") continue;
    const auto entries = serial(params_of(kind, 120));
    EXPECT_FALSE(entries.empty());
    for (std::size_t e = 0; e < entries.size(); ++e) {
      EXPECT_NE(entries[e].row, entries[e].column) << kind;
      EXPECT_NE(entries[e].weight, 0.0);
      if (e > 0 && entries[e].row == entries[e - 1].row) {
        EXPECT_LT(entries[e - 1].column, entries[e].column) << kind;
      }
    }
  }
}

TEST(Generate, in_degrees_are_exact_where_they_are_promised) {
  for (const std::string kind : {"random", "smallworld", "lattice"}) {
    for (const std::int64_t degree : {0, 1, 7, 50, 80, 99}) {
      auto params = params_of(kind, 100);
      params.degree = degree;
      params.rewiring = 0.5;
      for (const auto d : in_degrees(serial(params), 100)) EXPECT_EQ(d, degree) << kind;
    }
  }
  for (const auto d : in_degrees(serial(params_of("ring", 9)), 9)) EXPECT_EQ(d, 2);
  for (const auto d : in_degrees(serial(params_of("dense", 9)), 9)) EXPECT_EQ(d, 8);
}

TEST(Generate, seeds_give_different_networks) {
  for (const std::string kind : {"random", "modular", "kronecker"}) {
    auto params = params_of(kind, 200);
    const auto first = serial(params);
    params.seed = 2;
    EXPECT_NE(first, serial(params)) << kind;
  }
}

TEST(Generate, presynaptic_partners_are_uniform) {
  auto params = params_of("random", 50);
  for (const std::int64_t degree : {5, 40}) {
    std::vector<double> out(50, 0.0);
    params.degree = degree;
    for (params.seed = 1; params.seed <= 40; ++params.seed) {
      for (const auto& e : serial(params)) out[static_cast<std::size_t>(e.column)] += 1.0;
    }
    // Out-degree of each neuron: 40 x 49 draws with probability degree/49; 5 standard deviations.
    const double p = static_cast<double>(degree) / 49.0;
    const double mean = 40.0 * 49.0 * p;
    for (const double count : out) EXPECT_NEAR(count, mean, 5.0 * std::sqrt(mean * (1.0 - p)));
  }
}

TEST(Generate, weights_are_lognormal_with_the_given_spread) {
  auto params = params_of("random", 4000);
  params.sigma = 1.5;
  const auto entries = serial(params);
  const auto n = static_cast<double>(entries.size());
  double sum = 0.0;
  double squares = 0.0;
  double fourth = 0.0;
  double neighbours = 0.0;
  for (std::size_t e = 0; e < entries.size(); ++e) {
    const double z = std::log(entries[e].weight) / 1.5;
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
    if (e > 0) neighbours += z * std::log(entries[e - 1].weight) / 1.5;
  }
  EXPECT_NEAR(sum / n, 0.0, 5.0 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1.0, 5.0 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5.0 * std::sqrt(96.0 / n));
  EXPECT_NEAR(neighbours / n, 0.0, 5.0 / std::sqrt(n));
}

TEST(Generate, signs_belong_to_presynaptic_neurons) {
  auto params = params_of("random", 2000);
  params.inhibitory = 0.2;
  params.sigma = 0.0;
  std::set<GlobalIndex> excitatory;
  std::set<GlobalIndex> inhibitory;
  for (const auto& e : serial(params)) {
    EXPECT_EQ(std::abs(e.weight), 1.0);
    (e.weight < 0.0 ? inhibitory : excitatory).insert(e.column);
  }
  for (const auto j : inhibitory) EXPECT_EQ(excitatory.count(j), 0U);
  EXPECT_NEAR(static_cast<double>(inhibitory.size()), 400.0, 5.0 * std::sqrt(2000 * 0.2 * 0.8));
}

TEST(Generate, modular_without_options_is_a_ring_of_64_modules_of_100_neurons) {
  GeneratorParams params;
  params.kind = "modular";
  const auto entries = serial(params);
  EXPECT_EQ(entries.size(), 6400U * 8U + 128U);
  std::set<std::pair<GlobalIndex, GlobalIndex>> links;
  for (const auto& e : entries) {
    const auto to = e.row / 100;
    const auto from = e.column / 100;
    if (to == from) continue;
    EXPECT_NEAR(std::log(e.weight / 0.03), 0.0, 6.0);  // lognormal about the coupling
    EXPECT_TRUE(to == (from + 1) % 64 || from == (to + 1) % 64);
    EXPECT_TRUE(links.insert({to, from}).second);
  }
  EXPECT_EQ(links.size(), 128U);
}

TEST(Generate, few_modules_have_one_link_each_way_per_pair_of_neighbours) {
  for (const std::int64_t modules : {1, 2, 3}) {
    auto params = params_of("modular", 30 * modules);
    params.modules = modules;
    const std::size_t links = modules == 1 ? 0 : modules == 2 ? 2 : 6;
    EXPECT_EQ(serial(params).size(), static_cast<std::size_t>(30 * modules * 8) + links);
    params.coupling = 0.0;
    EXPECT_EQ(serial(params).size(), static_cast<std::size_t>(30 * modules * 8));
  }
}

TEST(Generate, modules_adapt_to_the_nodes_unless_given) {
  for (const GlobalIndex n : {0, 1, 2, 97, 1000, 1009, 64000}) {
    const auto params = completed(params_of("modular", n));
    EXPECT_EQ(n % *params.modules, 0);
    EXPECT_TRUE(n == 0 || n / *params.modules > *params.degree);
  }
  EXPECT_EQ(*completed(params_of("modular", 64000)).modules, 640);
}

TEST(Generate, smallworld_redirects_the_given_share) {
  auto params = params_of("smallworld", 2000);
  const auto far = [&](double share) {
    params.rewiring = share;
    std::int64_t count = 0;
    for (const auto& e : serial(params)) {
      const auto distance = std::abs(e.row - e.column);
      count += std::min(distance, 2000 - distance) > 5 ? 1 : 0;
    }
    return static_cast<double>(count);
  };
  EXPECT_EQ(far(0.0), 0.0);
  EXPECT_NEAR(far(0.1), 2000.0, 5.0 * std::sqrt(1800.0) + 20.0);
  EXPECT_GT(far(1.0), 0.98 * 20000);
}

TEST(Generate, lattice_partners_are_the_nearest_on_the_sheet) {
  auto params = params_of("lattice", 20 * 25);
  params.degree = 8;
  for (const auto& e : serial(params)) {
    const auto dx = std::abs(e.row % 20 - e.column % 20);
    const auto dy = std::abs(e.row / 20 - e.column / 20);
    EXPECT_LE(std::min(dx, 20 - dx), 1);
    EXPECT_LE(std::min(dy, 25 - dy), 1);
  }
}

TEST(Generate, ring_is_bidirectional_with_unit_weights) {
  const auto entries = serial(params_of("ring", 5));
  const std::vector<Entry> first{{0, 1, 1.0}, {0, 4, 1.0}, {1, 0, 1.0}, {1, 2, 1.0}};
  EXPECT_TRUE(std::equal(first.begin(), first.end(), entries.begin()));
  EXPECT_EQ(serial(params_of("ring", 2)).size(), 2U);
}

TEST(Generate, layered_connects_neighbouring_layers_and_pins_the_ends) {
  GeneratorParams params;
  params.kind = "layered";
  params.layers = "30,20,10,40";
  const auto network = generate(world(), params);
  EXPECT_EQ(network.size(), 100);
  EXPECT_EQ(network.nnz, 20 * 30 + 10 * 20 + 40 * 10);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto g = network.rows.first() + i;
    EXPECT_EQ(network.nodes.pinned[static_cast<std::size_t>(i)], g < 30 || g >= 60);
  }
  const auto layer = [](GlobalIndex g) { return g < 30 ? 0 : g < 50 ? 1 : g < 60 ? 2 : 3; };
  double squares = 0.0;
  for (const auto& e : test::gathered(world(), network)) {
    EXPECT_EQ(layer(e.row), layer(e.column) + 1);
    squares += e.weight * e.weight;
  }
  EXPECT_NEAR(squares / 1200.0, 0.01, 0.01 * 5.0 * std::sqrt(2.0 / 1200.0));
  GeneratorParams usual;
  usual.kind = "layered";
  EXPECT_EQ(*completed(usual).nodes, 784 + 200 + 100 + 50 + 100 + 200 + 784);
}

TEST(Generate, kronecker_has_about_the_mean_degree_and_hubs) {
  auto params = params_of("kronecker", 5000);
  params.degree = 8;
  const auto entries = serial(params);
  EXPECT_GT(entries.size(), 0.8 * 40000);
  EXPECT_LE(entries.size(), 40000U);
  const auto degrees = in_degrees(entries, 5000);
  EXPECT_GT(*std::max_element(degrees.begin(), degrees.end()), 100);
}

TEST(Generate, large_in_degrees_and_many_batches_are_the_same_at_any_rank_count) {
  auto params = params_of("kronecker", 1 << 12);
  params.degree = SYNBAL_SANITIZED ? 60 : 300;  // the smaller one: a single batch
  const auto network = generate(world(), params);
  const Comm self(MPI_COMM_SELF);
  const auto alone = generate(self, params);
  EXPECT_EQ(network.nnz, alone.nnz);
  double sum = 0.0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto g = static_cast<std::size_t>(network.rows.first() + i);
    const auto k = static_cast<std::size_t>(i);
    EXPECT_EQ(network.row_ptr[k + 1] - network.row_ptr[k], alone.row_ptr[g + 1] - alone.row_ptr[g]);
    for (auto e = network.row_ptr[k]; e < network.row_ptr[k + 1]; ++e) {
      const auto there = static_cast<std::size_t>(e - network.row_ptr[k] + alone.row_ptr[g]);
      sum += std::abs(network.weight[static_cast<std::size_t>(e)] - alone.weight[there]);
    }
  }
  EXPECT_EQ(sum, 0.0);
}

TEST(Generate, local_sheets_hear_each_other_through_windows) {
  GeneratorParams params;
  params.kind = "local";
  params.layers = "2x5x4,3,1";
  params.kernel = 3, params.stride = 2;
  const auto network = generate(world(), params);
  const GlobalIndex n = 2 * 5 * 4 + 3 * 3 * 2 + 1 * 2 * 1;
  ASSERT_EQ(network.size(), n);
  const auto entries = test::gathered(world(), network);
  EXPECT_EQ(entries, serial(params));
  std::set<std::pair<GlobalIndex, GlobalIndex>> expected, found;
  const auto connect = [&](GlobalIndex c0, GlobalIndex h0, GlobalIndex w0, GlobalIndex first, GlobalIndex c1,
                           GlobalIndex h1, GlobalIndex w1) {
    for (GlobalIndex i = 0; i < c1 * h1 * w1; ++i) {
      for (GlobalIndex j = 0; j < c0 * h0 * w0; ++j) {
        const auto dy = j / w0 % h0 - 2 * (i / w1 % h1), dx = j % w0 - 2 * (i % w1);
        if (std::abs(dy) <= 1 && std::abs(dx) <= 1) expected.emplace(first + c0 * h0 * w0 + i, first + j);
      }
    }
  };
  connect(2, 5, 4, 0, 3, 3, 2);
  connect(3, 3, 2, 40, 1, 2, 1);
  for (const auto& e : entries) found.emplace(e.row, e.column);
  EXPECT_EQ(found, expected);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto g = network.rows.first() + i;
    EXPECT_EQ(network.nodes.pinned[static_cast<std::size_t>(i)], g < 40 || g >= n - 2);
  }
}

TEST(Generate, weights_of_low_rank_have_that_rank_and_spread) {
  auto params = params_of("lowrank", 60);
  params.rank = 2, params.sigma = 3;
  const auto entries = serial(params);
  ASSERT_EQ(entries.size(), 3600U);  // row after row
  const auto w = [&](int i, int j) { return entries[static_cast<std::size_t>(60 * i + j)].weight; };
  double largest = 0, squares = 0;
  for (int i = 0; i < 58; i += 3) {  // all 3 x 3 minors of a matrix of rank 2 vanish
    const auto m = [&](int a, int b) { return w(i + a, i + b); };
    const double minor = m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1)) -
                         m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0)) +
                         m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0));
    largest = std::max(largest, std::abs(minor));
  }
  EXPECT_LT(largest, 1e-11);
  EXPECT_GT(std::abs(w(0, 0) * w(1, 1) - w(0, 1) * w(1, 0)), 1e-3);
  for (const auto& e : entries) squares += e.weight * e.weight / 3600;
  EXPECT_NEAR(std::sqrt(squares), 3, 1);
}

TEST(Generate, scrambled_networks_are_balanced_by_the_h_they_know) {
  for (const auto& kind : generator_kinds()) {
    auto params = params_of(kind, 90);
    if (kind == "local") params.nodes.reset(), params.layers = "2x4x4,3,1";
    params.scramble = 0.7;
    if (kind == "random") params.normal = true;
    if (kind == "dense") params.inhibitory = 0.3;
    const auto network = generate(world(), params);
    const auto entries = test::gathered(world(), network);
    EXPECT_EQ(entries, serial(params)) << kind;
    const auto h = world().gather_all(std::span<const double>(network.nodes.known_h));
    ASSERT_EQ(std::ssize(h), network.size());
    std::vector<double> in(h.size(), 0.0), out(h.size(), 0.0);
    for (const auto& e : entries) {
      const auto i = static_cast<std::size_t>(e.row), j = static_cast<std::size_t>(e.column);
      const double cost = std::pow(std::abs(e.weight) * std::exp(h[j] - h[i]), 1.3);
      in[i] += cost, out[j] += cost;
    }
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(in[i], out[i], 1e-12 * in[i]) << kind;
    if (kind == "random") {
      EXPECT_LT(*std::ranges::min_element(h), -0.7);
    }
  }
}

TEST(Generate, impossible_parameters_are_usage_errors_that_name_the_option) {
  const auto refused = [](const char* option, auto&& change, const char* kind = "random") {
    auto params = params_of(kind, 100);
    change(params);
    try {
      generate(world(), params);
      ADD_FAILURE() << option << " was accepted";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      EXPECT_NE(std::string(e.what()).find(option), std::string::npos) << e.what();
    }
  };
  using P = GeneratorParams;
  refused("`degree`", [](P& p) { p.degree = 100; });
  refused("`degree`", [](P& p) { p.degree = -1; });
  refused("`degree`", [](P& p) { p.nodes = 1LL << 32, p.degree = 1LL << 31; });
  refused("`nodes`", [](P& p) { p.nodes = -5; });
  refused(
      "`rank`", [](P& p) { p.rank = 0; }, "lowrank");
  refused(
      "`inhibitory`", [](P& p) { p.inhibitory = 0.5; }, "lowrank");
  refused("`scramble`", [](P& p) { p.scramble = -1; });
  refused(
      "`layers`", [](P& p) { p.nodes.reset(), p.layers = "3x4,5"; }, "local");
  refused(
      "`kernel`", [](P& p) { p.nodes.reset(), p.kernel = 0; }, "local");
  refused("`nodes`", [](P& p) { p.nodes = 1LL << 40; });
  refused(
      "`nodes`", [](P& p) { p.nodes = 1LL << 40; }, "dense");
  refused("`sigma`", [](P& p) { p.sigma = -1.0; });
  refused("`sigma`", [](P& p) { p.sigma = std::nan(""); });
  refused("`sigma`", [](P& p) { p.sigma = 1000.0; });
  refused("`inhibitory`", [](P& p) { p.inhibitory = 1.5; });
  refused(
      "`modules`", [](P& p) { p.modules = 7; }, "modular");
  refused(
      "`modules`", [](P& p) { p.modules = 0; }, "modular");
  refused(
      "`modules`", [](P& p) { p.modules = 50, p.degree = 2; }, "modular");
  refused(
      "`coupling`", [](P& p) { p.coupling = -0.1; }, "modular");
  refused(
      "`rewiring`", [](P& p) { p.rewiring = 2.0; }, "smallworld");
  refused(
      "`nodes`", [](P& p) { p.nodes = 1009; }, "lattice");
  refused(
      "`nodes`", [](P& p) { p.layers = "3,4"; }, "layered");
  for (const char* layers : {",", "3,", "3,,4", "a", "3;4", "0,4", "-3", "3 4", "99999999999999999999"}) {
    refused(
        "`layers`", [layers](P& p) { p.nodes.reset(), p.layers = layers; }, "layered");
  }
  refused(
      "choose one of", [](P&) {}, "smallworlds");
}

}  // namespace
}  // namespace synbal
