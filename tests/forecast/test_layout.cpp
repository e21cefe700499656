// Layouts: what is counted is what a run has, what is expected is what is counted, and both are what one works out by
// hand.
#include "support/mpi_test.hpp"
#include "synbal/forecast/layout.hpp"

namespace synbal {
namespace {

using test::world;

GeneratorParams params_of(const std::string& kind, GlobalIndex nodes, std::int64_t degree) {
  GeneratorParams params;
  params.kind = kind;
  if (nodes > 0) params.nodes = nodes;
  if (degree > 0) params.degree = degree;
  return completed(params);
}

/// On this rank alone.
Network whole(const GeneratorParams& params) { return generate(Comm(MPI_COMM_SELF), params); }

Layout counted_on(const GeneratorParams& params, std::int64_t ranks) {
  return counted_layout(whole(params), even_blocks(*params.nodes, ranks));
}

TEST(Layout, counted_blocks_are_those_of_a_run) {
  for (const char* kind : {"random", "modular", "smallworld", "kronecker", "lattice", "dense"}) {
    const auto params = params_of(kind, 480, kind == std::string("dense") ? 0 : 6);
    const auto run = generate(world(), params);
    const auto ghosts = world().sum(std::int64_t{run.halo.ghost_count()});
    const auto messages = world().sum(std::ssize(run.halo.receives()));
    const auto most = world().max(std::ssize(run.column));
    const auto counted = counted_on(params, world().size());
    const double ranks = world().size();
    EXPECT_DOUBLE_EQ(counted.ghosts * ranks, static_cast<double>(ghosts)) << kind;
    EXPECT_DOUBLE_EQ(counted.peers * ranks, static_cast<double>(messages)) << kind;
    EXPECT_DOUBLE_EQ(counted.synapses * ranks, static_cast<double>(run.nnz)) << kind;
    EXPECT_NEAR(counted.synapses * counted.synapses_max_over_mean, static_cast<double>(most), 1e-9) << kind;
  }
}

TEST(Layout, blocks_by_synapses_share_them_out) {
  // Rows of 6, 0, 0, 1, 1 entries and one more each count 7, 1, 1, 2, 2 of 13: the first half ends behind the first.
  Network network;
  network.row_ptr = {0, 6, 6, 6, 7, 8};
  EXPECT_EQ(blocks_by_synapses(network, 2), (std::vector<GlobalIndex>{0, 1, 5}));
  EXPECT_EQ(blocks_by_synapses(network, 1), (std::vector<GlobalIndex>{0, 5}));
}

TEST(Layout, even_blocks_differ_by_one_at_most) {
  EXPECT_EQ(even_blocks(7, 3), (std::vector<GlobalIndex>{0, 3, 5, 7}));
  EXPECT_EQ(even_blocks(2, 4), (std::vector<GlobalIndex>{0, 1, 2, 2, 2}));
}

TEST(Layout, of_a_ring_has_two_ghosts_a_block) {
  const auto ring = params_of("ring", 12, 0);
  for (const auto& layout : {counted_on(ring, 3), expected_layout(ring, 3)}) {
    EXPECT_DOUBLE_EQ(layout.neurons, 4);
    EXPECT_DOUBLE_EQ(layout.synapses, 8);
    EXPECT_DOUBLE_EQ(layout.ghosts, 2);
    EXPECT_DOUBLE_EQ(layout.peers, 2);
    EXPECT_DOUBLE_EQ(layout.synapses_max_over_mean, 1);
  }
  EXPECT_DOUBLE_EQ(expected_layout(ring, 2).peers, 1);
}

TEST(Layout, of_a_dense_network_hears_everybody) {
  const auto dense = params_of("dense", 6, 0);
  for (const auto& layout : {counted_on(dense, 3), expected_layout(dense, 3)}) {
    EXPECT_DOUBLE_EQ(layout.ghosts, 4);
    EXPECT_DOUBLE_EQ(layout.peers, 2);
    EXPECT_DOUBLE_EQ(layout.synapses, 10);
  }
}

TEST(Layout, of_layers_hears_the_layer_before) {
  // Neurons 0-3, 4-6, 7-8. Blocks of three: nobody is heard; 4 and 5 hear 0-3, of which 3 is their block's; 6 hears
  // 0-3, 7 and 8 hear 4-6, of which 6 is their block's.
  auto params = params_of("layered", 0, 0);
  params.layers = "4,3,2", params.nodes.reset();
  params = completed(params);
  for (const auto& layout : {counted_on(params, 3), expected_layout(params, 3)}) {
    EXPECT_DOUBLE_EQ(layout.ghosts, (0 + 3 + 4 + 2) / 3.0);
    EXPECT_DOUBLE_EQ(layout.synapses, 6);
    EXPECT_DOUBLE_EQ(layout.synapses_max_over_mean, 10 / 6.0);
  }
}

TEST(Layout, of_one_neuron_a_rank_hears_its_partners) {
  // (N - 1)(1 - (1 - k/(N-1))) = k
  EXPECT_NEAR(expected_layout(params_of("random", 101, 10), 101).ghosts, 10, 1e-12);
  EXPECT_NEAR(anywhere_layout(101, 1010, 101).ghosts, 10, 1e-12);
}

TEST(Layout, of_one_rank_has_no_ghosts) {
  for (const auto& kind : generator_kinds()) {
    const auto layout = expected_layout(completed(params_of(kind, 0, 0)), 1);
    EXPECT_EQ(layout.ghosts, 0) << kind;
    EXPECT_EQ(layout.peers, 0) << kind;
  }
}

struct Family {
  const char* kind;
  GlobalIndex nodes;
  std::int64_t degree;
  double ghosts, peers, synapses;  ///< relative errors that are allowed
};

class ExpectedLayout : public testing::TestWithParam<Family> {};

TEST_P(ExpectedLayout, is_what_is_counted) {
  const auto& family = GetParam();
  const auto params = params_of(family.kind, family.nodes, family.degree);
  const auto network = whole(params);
  for (const std::int64_t ranks : {2, 7, 64, 256}) {
    const auto counted = counted_layout(network, even_blocks(*params.nodes, ranks));
    const auto expected = expected_layout(params, ranks);
    EXPECT_NEAR(expected.ghosts / counted.ghosts, 1, family.ghosts) << family.kind << " on " << ranks;
    EXPECT_NEAR(expected.peers / counted.peers, 1, family.peers) << family.kind << " on " << ranks;
    EXPECT_NEAR(expected.synapses / counted.synapses, 1, family.synapses) << family.kind << " on " << ranks;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, ExpectedLayout,
    testing::Values(Family{"random", 20'000, 10, 0.02, 0.02, 1e-12}, Family{"modular", 20'000, 10, 0.1, 0.35, 0.02},
                    Family{"smallworld", 20'000, 10, 0.05, 0.1, 1e-12},
                    Family{"kronecker", 20'000, 10, 0.05, 0.1, 0.05}, Family{"lattice", 19'881, 12, 0.1, 0.35, 1e-12},
                    Family{"ring", 20'000, 0, 0.01, 0.01, 1e-12}, Family{"lowrank", 512, 0, 0.01, 0.01, 1e-12}),
    [](const auto& family) { return std::string(family.param.kind); });

TEST(Layout, far_synapses_are_those_that_no_cache_holds) {
  const auto near = params_of("random", 60'000, 2), wide = params_of("random", 400'000, 2);
  EXPECT_EQ(counted_on(near, 1).far, 0);
  EXPECT_EQ(expected_layout(near, 1).far, 0);
  for (const std::int64_t ranks : {1, 2, 5, 16}) {
    EXPECT_NEAR(expected_layout(wide, ranks).far, counted_on(wide, ranks).far, 0.01) << ranks;
  }
}

}  // namespace
}  // namespace synbal
