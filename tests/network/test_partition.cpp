// Partitions keep the network: file order comes back bitwise, and PT-Scotch cuts fewer synapses than file order does.
#include "gathered.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/random.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {
namespace {

using test::world;

/// Neuron g of the file belongs to module g mod `modules` (so file order cuts nearly everything); `degree` entries a
/// row, duplicates kept, node data that depend on g.
Network shuffled_modules(GlobalIndex n, GlobalIndex modules, std::uint32_t degree, Ownership owners) {
  const CounterRandom random(21);
  GlobalRows rows;
  NodeData nodes;
  for (GlobalIndex i = owners.first(); owners.owns(i); ++i) {
    for (std::uint32_t k = 0; k < degree; ++k) {
      const auto size = static_cast<std::uint64_t>((n - i % modules + modules - 1) / modules);
      const auto member = static_cast<GlobalIndex>(random.below(size, static_cast<std::uint64_t>(i), k));
      rows.column.push_back(k == 0 ? (i + 1) % n : i % modules + modules * member);
      rows.weight.push_back(1.0 + random.uniform(static_cast<std::uint64_t>(i), k + 1000));
    }
    rows.row_ptr.push_back(static_cast<std::int64_t>(rows.column.size()));
    nodes.id.push_back(1000 + i);
    nodes.pinned.push_back(i % 5 == 0);
    nodes.gain.push_back(0.5 * static_cast<double>(i));
  }
  auto network = assemble(world(), std::move(owners), std::move(rows), Duplicates::keep, {});
  network.nodes = std::move(nodes);
  return network;
}

std::int64_t cut(const Network& network) {
  std::int64_t foreign = 0;
  for (const auto j : network.column) foreign += j >= network.local_size() ? 1 : 0;
  return world().sum(foreign);
}

void expect_node_data_follow(const Network& network) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const auto g = network.file_index(i);
    EXPECT_EQ(network.nodes.id[k], 1000 + g);
    EXPECT_EQ(network.nodes.pinned[k], g % 5 == 0);
    EXPECT_EQ(network.nodes.gain[k], 0.5 * static_cast<double>(g));
  }
  EXPECT_TRUE(network.nodes.exponent.empty());
}

TEST(Partition, file_order_after_ptscotch_gives_the_network_back_bitwise) {
  if (!has_ptscotch()) GTEST_SKIP() << "PT-Scotch cannot be asked";
  for (const GlobalIndex n : {1, 3, 8, 60, 400}) {
    for (const auto& owners : test::ownerships(n)) {
      auto network = shuffled_modules(n, 4, 5, owners);
      const auto before = test::gathered(world(), network);
      network.facts.self_loops = 77;
      auto moved = partition_by_ptscotch(world(), std::move(network));
      EXPECT_EQ(moved.nnz, static_cast<std::int64_t>(before.size()));
      expect_node_data_follow(moved);
      const auto back = in_file_order(world(), std::move(moved));
      EXPECT_FALSE(world().any(!back.position.empty()));
      EXPECT_EQ(back.facts.self_loops, 77);
      expect_node_data_follow(back);
      EXPECT_EQ(test::gathered(world(), back), before);
    }
  }
}

TEST(Partition, ptscotch_cuts_fewer_synapses_than_file_order) {
  if (!has_ptscotch()) GTEST_SKIP() << "PT-Scotch cannot be asked";
  const GlobalIndex n = 1200;
  auto network = shuffled_modules(n, 12, 10, Ownership::even(world(), n));
  const auto before = cut(network);
  const auto moved = partition_by_ptscotch(world(), std::move(network));
  if (world().size() == 1) {
    EXPECT_TRUE(moved.position.empty());
  } else {
    EXPECT_LT(cut(moved), before / 2);
  }
  const auto largest = world().max(static_cast<std::int64_t>(moved.column.size()));
  EXPECT_LT(static_cast<double>(largest), 1.2 * static_cast<double>(moved.nnz) / world().size());
}

TEST(Partition, networks_that_cannot_be_cut_come_back_whole) {
  if (!has_ptscotch()) GTEST_SKIP() << "PT-Scotch cannot be asked";
  for (const GlobalIndex n : {0, 1, 2, 50}) {
    auto owners = Ownership::even(world(), n);
    GlobalRows rows;
    rows.row_ptr.assign(static_cast<std::size_t>(owners.count()) + 1, 0);
    auto network = assemble(world(), std::move(owners), std::move(rows), Duplicates::sum, {});
    network = partition_by_ptscotch(world(), std::move(network));
    network = in_file_order(world(), std::move(network));
    EXPECT_EQ(network.size(), n);
    EXPECT_EQ(network.nnz, 0);
  }
}

TEST(Partition, only_self_loops_and_a_hub_are_partitioned) {
  if (!has_ptscotch()) GTEST_SKIP() << "PT-Scotch cannot be asked";
  const GlobalIndex n = 40;
  for (const bool hub : {false, true}) {
    auto owners = Ownership::even(world(), n);
    GlobalRows rows;
    for (GlobalIndex i = owners.first(); owners.owns(i); ++i) {
      rows.column.push_back(hub ? 0 : i);
      rows.weight.push_back(1.0 + static_cast<double>(i));
      rows.row_ptr.push_back(static_cast<std::int64_t>(rows.column.size()));
    }
    auto network = assemble(world(), std::move(owners), std::move(rows), Duplicates::sum, {});
    const auto before = test::gathered(world(), network);
    network = in_file_order(world(), partition_by_ptscotch(world(), std::move(network)));
    EXPECT_EQ(test::gathered(world(), network), before);
  }
}

TEST(Partition, values_travel_to_file_order_and_back) {
  if (!has_ptscotch()) GTEST_SKIP() << "PT-Scotch cannot be asked";
  for (const GlobalIndex n : {1, 3, 90}) {
    for (const auto& owners : test::ownerships(n)) {
      const auto network = partition_by_ptscotch(world(), shuffled_modules(n, 3, 4, owners));
      for (const auto& file_rows : test::ownerships(n)) {
        std::vector<double> values;
        for (LocalIndex i = 0; i < network.local_size(); ++i) {
          values.push_back(static_cast<double>(network.file_index(i)));
        }
        const auto there = to_file_order(world(), network, file_rows, std::span<const double>(values));
        EXPECT_EQ(there.size(), static_cast<std::size_t>(file_rows.count()));
        for (std::size_t i = 0; i < there.size(); ++i) {
          EXPECT_EQ(there[i], static_cast<double>(file_rows.first() + static_cast<GlobalIndex>(i)));
        }
        EXPECT_EQ(from_file_order(world(), network, file_rows, std::span<const double>(there)), values);
      }
    }
  }
}

TEST(Partition, ptscotch_is_refused_at_any_rank_count_where_it_cannot_be_asked) {
  if (has_ptscotch()) GTEST_SKIP() << "PT-Scotch can be asked";
  for (const GlobalIndex n : {1, 60}) {
    const auto ask = [&] { partition_by_ptscotch(world(), shuffled_modules(n, 3, 4, Ownership::even(world(), n))); };
    try {
      ask();
      ADD_FAILURE() << "was not refused";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
    }
  }
}

}  // namespace
}  // namespace synbal
