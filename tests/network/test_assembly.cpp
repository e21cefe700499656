// Assembly, routing and redistribution against a serial truth.
#include <algorithm>
#include <limits>
#include <map>

#include "gathered.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/random.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {
namespace {

using test::world;

/// The same random entries on every rank: many duplicates, some zeros, some
/// self-loops.
Triplets random_entries(GlobalIndex n, std::int64_t count, std::uint64_t seed) {
  const CounterRandom random(seed);
  Triplets all;
  for (std::int64_t e = 0; e < count; ++e) {
    const auto k = static_cast<std::uint64_t>(e);
    all.row.push_back(static_cast<GlobalIndex>(random.below(static_cast<std::uint64_t>(n), k, 0)));
    all.column.push_back(static_cast<GlobalIndex>(random.below(static_cast<std::uint64_t>(n), k, 1)));
    all.weight.push_back(static_cast<double>(random.below(5, k, 2)) - 2.0);
  }
  return all;
}

/// This rank's contiguous share of the entries, as a reader of byte ranges
/// would have it.
Triplets share(const Triplets& all) {
  const auto range = Ownership::even(world(), static_cast<GlobalIndex>(all.row.size()));
  Triplets own;
  for (auto e = static_cast<std::size_t>(range.first()); range.owns(static_cast<GlobalIndex>(e)); ++e) {
    own.row.push_back(all.row[e]);
    own.column.push_back(all.column[e]);
    own.weight.push_back(all.weight[e]);
  }
  return own;
}

using Places = std::map<std::pair<GlobalIndex, GlobalIndex>, std::vector<double>>;

Places places(const Triplets& all) {
  Places at;
  for (std::size_t e = 0; e < all.row.size(); ++e) at[{all.row[e], all.column[e]}].push_back(all.weight[e]);
  return at;
}

TEST(Assembly, sums_duplicates_and_drops_zeros_as_a_serial_map_does) {
  for (const GlobalIndex n : {1, 2, 7, 40}) {
    const auto all = random_entries(n, 6 * n, 3);
    std::vector<test::Entry> expected;
    InputFacts facts;
    for (const auto& [place, weights] : places(all)) {
      double sum = 0.0;
      for (const double w : weights) sum += w;
      facts.duplicates_merged += static_cast<std::int64_t>(weights.size()) - 1;
      facts.zeros_dropped += sum == 0.0 ? 1 : 0;
      facts.self_loops += sum != 0.0 && place.first == place.second ? 1 : 0;
      if (sum != 0.0) expected.push_back({place.first, place.second, sum});
    }
    for (const auto& rows : test::ownerships(n)) {
      const auto network = assemble(world(), rows, route(world(), rows, share(all)), Duplicates::sum, {});
      EXPECT_EQ(test::gathered(world(), network), expected);
      EXPECT_EQ(network.nnz, static_cast<std::int64_t>(expected.size()));
      EXPECT_EQ(network.facts.entries, 6 * n);
      EXPECT_EQ(network.facts.duplicates_merged, facts.duplicates_merged);
      EXPECT_EQ(network.facts.zeros_dropped, facts.zeros_dropped);
      EXPECT_EQ(network.facts.self_loops, facts.self_loops);
    }
  }
}

TEST(Assembly, keeps_duplicates_apart_in_file_order_when_asked) {
  const GlobalIndex n = 9;
  const auto all = random_entries(n, 200, 4);
  std::vector<test::Entry> expected;
  for (const auto& [place, weights] : places(all)) {
    for (const double w : weights) {
      if (w != 0.0) expected.push_back({place.first, place.second, w});
    }
  }
  const auto rows = Ownership::even(world(), n);
  const auto network = assemble(world(), rows, route(world(), rows, share(all)), Duplicates::keep, {});
  EXPECT_EQ(test::gathered(world(), network), expected);
  EXPECT_EQ(network.facts.duplicates_merged, 0);
}

/// The message of the Error that every rank throws.
template <class Action>
std::string bad_input_message(Action&& action) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::bad_input);
    return e.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

Network assembled(GlobalIndex n, const Triplets& all, Duplicates duplicates) {
  const auto rows = Ownership::even(world(), n);
  InputFacts facts;
  facts.path = "some.mtx";
  return assemble(world(), rows, route(world(), rows, share(all)), duplicates, facts);
}

TEST(Assembly, names_the_place_of_a_refused_duplicate_on_all_ranks) {
  const Triplets all{{0, 3, 3}, {1, 2, 2}, {1.0, 1.0, 0.0}, {}};
  const auto message = bad_input_message([&] { assembled(5, all, Duplicates::error); });
  EXPECT_NE(message.find("some.mtx: row 4, column 3"), std::string::npos) << message;
}

TEST(Assembly, refuses_sums_that_overflow_and_columns_out_of_range) {
  const double huge = std::numeric_limits<double>::max();
  const auto overflow = bad_input_message([&] { assembled(5, {{1, 1}, {2, 2}, {huge, huge}, {}}, Duplicates::sum); });
  EXPECT_NE(overflow.find("row 2, column 3 is inf"), std::string::npos) << overflow;
  EXPECT_EQ(assembled(5, {{1, 1}, {2, 2}, {huge, huge}, {}}, Duplicates::keep).nnz, 2);
  const auto column = bad_input_message([&] { assembled(5, {{4}, {5}, {1.0}, {}}, Duplicates::sum); });
  EXPECT_NE(column.find("row 5 has an entry in column 6"), std::string::npos) << column;
  bad_input_message([&] { assembled(5, {{4}, {-1}, {1.0}, {}}, Duplicates::sum); });
  bad_input_message([&] { assembled(5, {{5}, {0}, {1.0}, {}}, Duplicates::sum); });
}

TEST(Assembly, sums_of_duplicates_do_not_depend_on_the_rank_count) {
  // 1 + 1e100 - 1e100 is 0 in this order and 1 in another.
  const Triplets all{{3, 3, 3, 2}, {0, 0, 0, 0}, {1.0, 1e100, -1e100, 5.0}, {}};
  const auto network = assembled(4, all, Duplicates::sum);
  EXPECT_EQ(network.nnz, 1);
  EXPECT_EQ(network.facts.zeros_dropped, 1);
}

TEST(Assembly, ghosts_are_exactly_the_foreign_columns) {
  const GlobalIndex n = 20000;
  const auto all = random_entries(n, 400, 5);
  for (const auto& rows : test::ownerships(n)) {
    const auto network = assemble(world(), rows, route(world(), rows, share(all)), Duplicates::keep, {});
    std::vector<GlobalIndex> expected;
    for (std::size_t e = 0; e < all.row.size(); ++e) {
      if (all.weight[e] != 0.0 && rows.owns(all.row[e]) && !rows.owns(all.column[e])) expected.push_back(all.column[e]);
    }
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    EXPECT_EQ(network.halo.ghosts(), expected);
  }
}

TEST(Assembly, networks_without_neurons_or_synapses_are_networks) {
  for (const GlobalIndex n : {0, 1, 3}) {
    const auto network = assembled(n, {}, Duplicates::sum);
    EXPECT_EQ(network.size(), n);
    EXPECT_EQ(network.nnz, 0);
    EXPECT_EQ(network.halo.ghost_count(), 0);
  }
}

TEST(Transport, redistribution_moves_rows_and_values_bitwise_and_back) {
  const GlobalIndex n = 23;
  const auto all = random_entries(n, 150, 6);
  for (const auto& from : test::ownerships(n)) {
    const auto start = route(world(), from, share(all));
    std::vector<double> values;
    for (GlobalIndex g = from.first(); from.owns(g); ++g) values.push_back(1.0 / static_cast<double>(g + 3));
    for (const auto& to : test::ownerships(n)) {
      auto rows = redistribute(world(), from, to, GlobalRows(start));
      const auto there = redistribute(world(), from, to, std::span<const double>(values));
      EXPECT_EQ(there.size(), static_cast<std::size_t>(to.count()));
      for (std::size_t i = 0; i < there.size(); ++i) {
        EXPECT_EQ(there[i], 1.0 / static_cast<double>(to.first() + static_cast<GlobalIndex>(i) + 3));
      }
      EXPECT_EQ(redistribute(world(), to, from, std::span<const double>(there)), values);
      EXPECT_EQ(rows.row_ptr.size(), static_cast<std::size_t>(to.count()) + 1);
      rows = redistribute(world(), to, from, std::move(rows));
      EXPECT_EQ(rows.row_ptr, start.row_ptr);
      EXPECT_EQ(rows.column, start.column);
      EXPECT_EQ(rows.weight, start.weight);
    }
  }
}

TEST(Transport, routing_keeps_the_order_of_entries_within_a_row) {
  const GlobalIndex n = 5;
  const auto all = random_entries(n, 100, 7);
  for (const auto& owners : test::ownerships(n)) {
    const auto rows = route(world(), owners, share(all));
    for (LocalIndex i = 0; i < owners.count(); ++i) {
      std::vector<GlobalIndex> expected;
      for (std::size_t e = 0; e < all.row.size(); ++e) {
        if (all.row[e] == owners.first() + i) expected.push_back(all.column[e]);
      }
      const auto begin = rows.column.begin() + rows.row_ptr[static_cast<std::size_t>(i)];
      const auto end = rows.column.begin() + rows.row_ptr[static_cast<std::size_t>(i) + 1];
      EXPECT_EQ(std::vector<GlobalIndex>(begin, end), expected);
    }
  }
}

TEST(Transport, the_transpose_has_every_entry_at_its_mirrored_place_in_order) {
  for (const GlobalIndex n : {1, 2, 7, 40}) {
    const auto all = random_entries(n, 6 * n, 5);
    auto mirrored = all;
    std::swap(mirrored.row, mirrored.column);
    for (const auto& ownership : test::ownerships(n)) {
      const auto rows = route(world(), ownership, share(all));
      auto expected = route(world(), ownership, share(mirrored));
      sort_rows(expected);
      const auto transposed = transpose(world(), ownership, rows);
      ASSERT_EQ(transposed.row_ptr, expected.row_ptr);
      EXPECT_EQ(transposed.column, expected.column);
      auto sorted = rows;
      sort_rows(sorted);
      EXPECT_EQ(transpose(world(), ownership, transposed).weight, sorted.weight);
    }
  }
}

TEST(Transport, ranges_balanced_by_nonzeros_differ_by_no_more_than_the_longest_row) {
  for (const GlobalIndex n : {0, 1, 3, 1000}) {
    const auto length = [](GlobalIndex g) { return g < 500 ? g % 7 : (g % 11) * (g % 3); };
    for (const auto& current : test::ownerships(n)) {
      std::vector<std::int64_t> row_ptr{0};
      for (GlobalIndex g = current.first(); current.owns(g); ++g) row_ptr.push_back(row_ptr.back() + length(g));
      const auto balanced = balanced_by_nonzeros(world(), current, row_ptr);
      EXPECT_EQ(balanced.size(), n);
      std::int64_t own = 0;
      std::int64_t total = 0;
      for (GlobalIndex g = 0; g < n; ++g) {
        total += length(g) + 1;
        own += balanced.owns(g) ? length(g) + 1 : 0;
      }
      EXPECT_LE(std::abs(own - total / world().size()), 22);
    }
  }
}

}  // namespace
}  // namespace synbal
