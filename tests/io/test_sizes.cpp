// Headers tell the sizes that reading finds, in every format, without the entries that follow them.
#include <cmath>
#include <cstdlib>

#include "files.hpp"
#include "synbal/io/sizes.hpp"
#include "synbal/network/generate.hpp"

namespace synbal {
namespace {

using test::world;

class Sizes : public testing::TestWithParam<const char*> {};

TEST_P(Sizes, are_those_of_the_network) {
  const test::Folder folder;
  const auto network = test::random_network(300, 6);
  const auto path = folder.file(std::string("network") + GetParam());
  write_network(world(), network, path);
  const auto sizes = network_sizes(world(), path, {});
  EXPECT_EQ(sizes.neurons, network.size());
  EXPECT_EQ(sizes.entries, network.nnz);
  EXPECT_FALSE(sizes.estimated);
  EXPECT_EQ(sizes.format, read_network(world(), path, {}).facts.format);
}
INSTANTIATE_TEST_SUITE_P(io, Sizes, testing::Values(".mtx", ".mtx.gz", ".h5", ".npz", ".petsc"));

TEST(Sizes, of_dense_matrices_are_all_places) {
  const test::Folder folder;
  const auto path = folder.file("network.safetensors");
  write_network(world(), test::random_network(40, 3), path);
  const auto sizes = network_sizes(world(), path, {});
  EXPECT_EQ(sizes.neurons, 40);
  EXPECT_EQ(sizes.entries, 1600);
}

TEST(Sizes, need_no_entries) {
  const test::Folder folder;
  const auto path =
      test::put(folder, "cut.mtx", "%%MatrixMarket matrix coordinate real symmetric\n% a comment\n7 7 9\n2 1 0.5\n");
  const auto sizes = network_sizes(world(), path, {});
  EXPECT_EQ(sizes.neurons, 7);
  EXPECT_EQ(sizes.entries, 18) << "either triangle stands for both";
  const auto bad = test::put(folder, "bad.mtx", "%%MatrixMarket matrix coordinate real general\n7 8 9\n");
  const auto error = test::error_of([&] { (void)network_sizes(world(), bad, {}); });
  EXPECT_EQ(error.code(), ExitCode::bad_input);
  EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
}

TEST(Sizes, of_edge_lists_are_estimated_from_their_first_lines) {
  const test::Folder folder;
  const auto network = generate(world(), [] {
    GeneratorParams params;
    params.nodes = 20'000, params.degree = 10;
    return params;
  }());
  for (const auto* name : {"edges.csv", "edges.csv.gz"}) {
    write_network(world(), network, folder.file(name));
    const auto sizes = network_sizes(world(), folder.file(name), {});
    EXPECT_FALSE(sizes.neurons.has_value());
    EXPECT_TRUE(sizes.estimated);
    EXPECT_NEAR(static_cast<double>(sizes.entries), static_cast<double>(network.nnz),
                0.05 * static_cast<double>(network.nnz))
        << name;
  }
}

TEST(Sizes, of_generators_are_those_that_they_make) {
  for (const auto* name : {"random:nodes=500,degree=7", "modular:nodes=600,modules=6,degree=5", "ring:nodes=90",
                           "lattice:nodes=400,degree=6", "smallworld:nodes=300,degree=4", "dense:nodes=30",
                           "layered:layers=5x4x3", "lowrank:nodes=20", "kronecker:nodes=256,degree=6",
                           "local:layers=1x8x8/2,kernel=3", "random:nodes=200,degree=5,scramble=1"}) {
    const auto network = read_network(world(), name, {});
    const auto sizes = network_sizes(world(), name, {});
    EXPECT_EQ(sizes.neurons, network.size()) << name;
    EXPECT_TRUE(sizes.estimated);
    EXPECT_GE(sizes.entries, network.nnz) << name;
    EXPECT_LE(static_cast<double>(sizes.entries), 2.5 * static_cast<double>(network.nnz) + 50) << name;
  }
}

}  // namespace
}  // namespace synbal
