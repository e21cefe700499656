// The real networks that lie beside the project, when they are there: sizes as their table says.
#include <filesystem>

#include "files.hpp"

namespace synbal {
namespace {

using test::world;

struct RealNetwork {
  const char* name;
  GlobalIndex n;
  std::int64_t nnz;  ///< without explicit zeros
};

constexpr RealNetwork kNetworks[] = {
    {"celegans_varshney279_signed", 279, 2194},
    {"celegans_cook2019_neurons_signed", 297, 3638},
    {"macaque_markov29_fln", 29, 536},
    {"rnn_psychrnn50", 50, 2500},
    {"drosophila_larva", 3554, 119010},
    {"flyvis_extent8", 13741, 434112},
    {"ss_west0067", 67, 294},
    {"ss_west0479", 479, 1888},
    {"ss_fs_183_1", 183, 998},
    {"ss_adder_dcop_05", 1813, 11097},
    {"ss_bips98_606", 7135, 34738},
    {"ss_rajat01", 6833, -1},
    {"ss_rajat19", 1157, -1},
    {"ss_cage5", 37, -1},
};

TEST(RealNetworks, have_the_sizes_of_their_table) {
  // tests/io/test_real_networks.cpp -> the folder that holds the project's.
  const auto project = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  const auto folder = project.parent_path() / "shared" / "data";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is absent: real networks are not read";
  for (const auto& expected : kNetworks) {
    const auto network = read_network(world(), folder / (std::string(expected.name) + ".mtx.gz"), {});
    EXPECT_EQ(network.size(), expected.n) << expected.name;
    if (expected.nnz >= 0) {
      EXPECT_EQ(network.facts.entries, expected.nnz) << expected.name;
    }
    EXPECT_EQ(network.nnz + network.facts.zeros_dropped + network.facts.duplicates_merged, network.facts.entries)
        << expected.name;
  }
}

}  // namespace
}  // namespace synbal
