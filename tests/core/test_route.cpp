// Properties of routes and directories, ranks without items included.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "support/mpi_test.hpp"
#include "synbal/core/enum_names.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/route.hpp"

namespace synbal {
namespace {

using test::world;

constexpr int kCases = 6;

/// Ownership with ranks that own nothing, as the case says.
Ownership ownership_of(int which) {
  const GlobalIndex counts[] = {0, 1, 7, 20, 3, 50};
  const bool idle = which % 2 == 1 && world().size() > 1 && world().rank() == world().size() - 1;
  return Ownership::of_counts(world(), idle ? 0 : counts[which] + (which > 1 ? world().rank() : 0));
}

/// Random indices of the range, with repetitions; none on one rank; ascending in some cases.
std::vector<GlobalIndex> indices_of(const Ownership& range, int which) {
  std::vector<GlobalIndex> index;
  if (range.size() == 0 || (which % 3 == 2 && world().rank() == 0)) return index;
  const CounterRandom random(7, static_cast<std::uint32_t>(which));
  for (std::uint32_t k = 0; k < 40; ++k) {
    const auto draw = random.bits(static_cast<std::uint64_t>(world().rank()), k)[0];
    index.push_back(static_cast<GlobalIndex>(draw % static_cast<std::uint64_t>(range.size())));
  }
  if (which % 2 == 0) std::sort(index.begin(), index.end());
  return index;
}

struct Letter {
  GlobalIndex to;
  std::int32_t from, number;
};

TEST(Route, every_item_comes_to_its_owner_by_source_and_in_order) {
  for (int which = 0; which < kCases; ++which) {
    const auto range = ownership_of(which);
    const auto index = indices_of(range, which);
    const Route route(world(), range, index);
    std::vector<Letter> letters;
    for (const auto g : index) letters.push_back({g, world().rank(), static_cast<std::int32_t>(letters.size())});
    const auto came = route.send(letters);
    EXPECT_EQ(static_cast<std::int64_t>(came.size()), route.received());
    EXPECT_EQ(world().sum(route.received()), world().sum(route.items()));
    for (std::size_t k = 0; k < came.size(); ++k) {
      EXPECT_TRUE(range.owns(came[k].to));
      if (k == 0) continue;
      EXPECT_LT(std::pair(came[k - 1].from, came[k - 1].number), std::pair(came[k].from, came[k].number));
    }
  }
}

TEST(Route, answers_come_back_to_the_items_that_asked) {
  for (int which = 0; which < kCases; ++which) {
    const auto range = ownership_of(which);
    const auto index = indices_of(range, which);
    const Route route(world(), range, index);
    auto copy = index;
    auto answers = route.send(std::move(copy));
    for (auto& g : answers) g = 3 * g + 1;
    const auto back = route.reply(answers);
    ASSERT_EQ(back.size(), index.size());
    for (std::size_t k = 0; k < index.size(); ++k) EXPECT_EQ(back[k], 3 * index[k] + 1);
  }
}

TEST(Route, lists_keep_together_both_ways) {
  for (int which = 0; which < kCases; ++which) {
    const auto range = ownership_of(which);
    const auto index = indices_of(range, which);
    const Route route(world(), range, index);
    // Item of index g: g % 4 times the value g; the answer: the values g, g+1, ... of that length.
    std::vector<std::int64_t> lengths, values;
    for (const auto g : index) lengths.push_back(g % 4), values.insert(values.end(), at(g % 4), g);
    const auto came = route.send_lists(starts_of(lengths), [&](std::int64_t e) { return values[at(e)]; });
    const auto asked = route.send(index);
    std::vector<std::int64_t> expected, answers;
    for (const auto g : asked) expected.insert(expected.end(), at(g % 4), g);
    EXPECT_EQ(came, expected);
    std::vector<std::int64_t> answer_lengths;
    for (const auto g : asked) {
      answer_lengths.push_back(g % 4);
      for (std::int64_t k = 0; k < g % 4; ++k) answers.push_back(g + k);
    }
    const auto back = route.reply_lists(starts_of(answer_lengths), [&](std::int64_t e) { return answers[at(e)]; });
    ASSERT_EQ(back.start, starts_of(lengths));
    for (std::size_t k = 0; k < index.size(); ++k) {
      for (auto e = back.start[k]; e < back.start[k + 1]; ++e)
        EXPECT_EQ(back.values[at(e)], index[k] + e - back.start[k]);
    }
  }
}

TEST(Directory, fetch_brings_the_owners_value_of_every_id) {
  for (int which = 0; which < kCases; ++which) {
    const auto range = ownership_of(which);
    const auto index = indices_of(range, which);
    std::vector<double> owned(at(range.count()));
    for (LocalIndex i = 0; i < range.count(); ++i) owned[at(i)] = 0.5 * static_cast<double>(range.first() + i);
    const auto values = Directory(world(), range, index).fetch(owned);
    ASSERT_EQ(values.size(), index.size());
    for (std::size_t k = 0; k < index.size(); ++k) EXPECT_EQ(values[k], 0.5 * static_cast<double>(index[k]));
  }
}

TEST(Directory, reduce_combines_what_all_ranks_have_for_a_place) {
  for (int which = 0; which < kCases; ++which) {
    const auto range = ownership_of(which);
    const auto index = indices_of(range, which);
    const std::vector<std::int64_t> ones(index.size(), 1);
    const auto sums = Directory(world(), range, index).reduce(ones, 0, [](auto a, auto b) { return a + b; });
    const auto all = world().gather_all(std::span<const GlobalIndex>(index));
    for (LocalIndex i = 0; i < range.count(); ++i) {
      EXPECT_EQ(sums[at(i)], std::count(all.begin(), all.end(), range.first() + i));
    }
  }
}

TEST(Halo, with_ghosts_appends_the_owners_values) {
  const auto range = ownership_of(3);
  const Halo halo(world(), range, foreign(range, indices_of(range, 3)));
  std::vector<GlobalIndex> number(at(range.count()));
  std::iota(number.begin(), number.end(), range.first());
  const auto all = with_ghosts(halo, number);
  ASSERT_EQ(all.size(), number.size() + halo.ghosts().size());
  for (std::size_t k = 0; k < all.size(); ++k) EXPECT_EQ(halo.local(all[k]), static_cast<LocalIndex>(k));
  EXPECT_EQ(halo.local(range.size()), -1);
}

enum class Fruit { apple, pear };

}  // namespace

template <>
inline constexpr auto enum_names<Fruit> = std::to_array<EnumName<Fruit>>({{Fruit::apple, "apple"},
                                                                          {Fruit::pear, "pear"}});

namespace {

TEST(EnumNames, a_name_leads_back_to_its_value) {
  EXPECT_EQ(to_string(Fruit::pear), "pear");
  EXPECT_EQ(from_string<Fruit>("apple"), Fruit::apple);
  EXPECT_EQ(from_string<Fruit>("Apple"), std::nullopt);
  EXPECT_EQ(choices<Fruit>("|"), "apple|pear");
}

}  // namespace
}  // namespace synbal
