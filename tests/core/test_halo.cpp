// Properties of ownership ranges and of the halo exchange.
#include <numeric>

#include "support/mpi_test.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {
namespace {

using test::world;

TEST(Ownership, every_index_has_the_owner_whose_range_holds_it) {
  for (const GlobalIndex n : {0, 1, 2, 7, 100}) {
    const auto rows = Ownership::even(world(), n);
    EXPECT_EQ(rows.size(), n);
    for (GlobalIndex g = 0; g < n; ++g) EXPECT_EQ(rows.owner(g) == world().rank(), rows.owns(g));
  }
}

/// All indices owned by others are ghosts.
Halo everything(const Ownership& rows) {
  std::vector<GlobalIndex> ghosts;
  for (GlobalIndex g = 0; g < rows.size(); ++g) {
    if (!rows.owns(g)) ghosts.push_back(g);
  }
  return {world(), rows, ghosts};
}

TEST(Halo, forward_brings_every_ghost_its_owners_value) {
  for (const GlobalIndex n : {0, 1, 3, 50}) {
    const auto rows = Ownership::even(world(), n);
    const auto halo = everything(rows);
    HaloExchange<double> exchange(halo);
    exchange.forward_begin([&](LocalIndex i) { return 10.0 * static_cast<double>(rows.first() + i); });
    exchange.forward_end([&](LocalIndex g, double value) {
      EXPECT_EQ(value, 10.0 * static_cast<double>(halo.ghosts()[static_cast<std::size_t>(g)]));
    });
  }
}

TEST(Halo, reverse_adds_the_contribution_of_every_other_rank) {
  const auto rows = Ownership::even(world(), 13);
  const auto halo = everything(rows);
  HaloExchange<std::int64_t> exchange(halo);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(rows.count()), 0);
  exchange.reverse_begin([&](LocalIndex g) { return halo.ghosts()[static_cast<std::size_t>(g)] + 1; });
  exchange.reverse_end([&](LocalIndex i, std::int64_t value) { sums[static_cast<std::size_t>(i)] += value; });
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    EXPECT_EQ(sums[static_cast<std::size_t>(i)], (world().size() - 1) * (rows.first() + i + 1));
  }
}

}  // namespace
}  // namespace synbal
