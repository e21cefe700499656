// Properties of the collectives, of agreement on errors, and of the session.
#include <numeric>

#include "support/mpi_test.hpp"
#include "synbal/core/agree.hpp"

namespace synbal {
namespace {

using test::world;

TEST(Comm, reductions_equal_the_serial_truth) {
  const std::int64_t p = world().size();
  const std::int64_t mine = world().rank() + 1;
  EXPECT_EQ(world().sum(mine), p * (p + 1) / 2);
  EXPECT_EQ(world().max(mine), p);
  EXPECT_EQ(world().min(mine), 1);
  EXPECT_EQ(world().sum_below(mine), world().rank() * mine / 2);
  EXPECT_TRUE(world().any(world().rank() == world().size() - 1));
  EXPECT_FALSE(world().any(false));
}

TEST(Comm, elementwise_reductions_of_arrays_equal_the_serial_truth) {
  for (const std::size_t n : {0, 1, 1000}) {
    std::vector<double> values(n, world().rank() + 1.0);
    world().sum(std::span(values));
    EXPECT_EQ(values, std::vector<double>(n, world().size() * (world().size() + 1) / 2.0));
  }
}

TEST(Comm, broadcast_brings_the_roots_value_from_any_root) {
  for (Rank root = 0; root < world().size(); ++root) {
    EXPECT_EQ(world().broadcast(world().rank(), root), root);
    const std::string text(static_cast<std::size_t>(10 * world().rank()), 'x');
    EXPECT_EQ(world().broadcast(text, root).size(), static_cast<std::size_t>(10 * root));
  }
}

TEST(Comm, gather_all_keeps_rank_order_with_uneven_and_empty_shares) {
  EXPECT_EQ(world().gather_all(world().rank()).back(), world().size() - 1);
  const std::vector<std::int64_t> mine(static_cast<std::size_t>(world().rank()), world().rank());
  const auto all = world().gather_all(std::span<const std::int64_t>(mine));
  std::vector<std::int64_t> expected;
  for (Rank r = 0; r < world().size(); ++r) expected.insert(expected.end(), static_cast<std::size_t>(r), r);
  EXPECT_EQ(all, expected);
}

TEST(Comm, exchange_delivers_every_share_to_its_rank) {
  // Rank r sends r + q copies of 100 r + q to rank q: nothing from rank 0 to itself.
  std::vector<std::int64_t> values;
  std::vector<std::int64_t> counts;
  for (Rank q = 0; q < world().size(); ++q) {
    counts.push_back(world().rank() + q);
    values.insert(values.end(), static_cast<std::size_t>(world().rank() + q), 100 * world().rank() + q);
  }
  const auto received = world().exchange<std::int64_t>(values, counts);
  std::vector<std::int64_t> expected;
  for (Rank r = 0; r < world().size(); ++r) {
    EXPECT_EQ(received.counts[static_cast<std::size_t>(r)], r + world().rank());
    expected.insert(expected.end(), static_cast<std::size_t>(r + world().rank()), 100 * r + world().rank());
  }
  EXPECT_EQ(received.values, expected);
}

TEST(Comm, all_to_all_transposes) {
  std::vector<std::int64_t> row(static_cast<std::size_t>(world().size()));
  std::iota(row.begin(), row.end(), 100 * world().rank());
  const auto column = world().all_to_all<std::int64_t>(row);
  for (Rank r = 0; r < world().size(); ++r) {
    EXPECT_EQ(column[static_cast<std::size_t>(r)], 100 * r + world().rank());
  }
}

/// The error that `phase` makes this rank throw through agreed(), as "code: message"; empty without one.
template <class Phase>
std::string agreed_error(Phase&& phase) {
  try {
    agreed(world(), std::forward<Phase>(phase));
  } catch (const Error& e) {
    return std::to_string(static_cast<int>(e.code())) + ": " + e.what();
  }
  return "";
}

TEST(Agree, one_failing_rank_makes_all_throw_its_error) {
  for (Rank failing = 0; failing < world().size(); ++failing) {
    EXPECT_EQ(agreed_error([&] {
                if (world().rank() == failing) throw bad_input("rank " + std::to_string(failing));
              }),
              "3: rank " + std::to_string(failing));
  }
}

TEST(Agree, lowest_of_several_failing_ranks_speaks) {
  EXPECT_EQ(agreed_error([&] { throw io_failure("rank " + std::to_string(world().rank())); }), "5: rank 0");
}

TEST(Agree, foreign_exceptions_become_internal_errors_everywhere) {
  EXPECT_EQ(agreed_error([&] {
              if (world().rank() == world().size() - 1) throw std::out_of_range("beyond");
            }),
            "1: beyond");
}

TEST(Agree, success_keeps_each_ranks_value) {
  EXPECT_EQ(agreed(world(), [&] { return world().rank(); }), world().rank());
}

}  // namespace
}  // namespace synbal
