// Linked sets: equal to a serial union-find, in few rounds also where a set crosses ranks thousands of times in a row.
#include <numeric>
#include <random>

#include "support/mpi_test.hpp"
#include "synbal/network/linked_sets.hpp"

namespace synbal {
namespace {

using test::world;

using Link = std::pair<GlobalIndex, GlobalIndex>;

/// Links of a whole, the same on every rank, made by the owners of their first places.
struct Links {
  GlobalIndex size = 0;
  std::vector<Link> pairs;
  std::vector<GlobalIndex> grounded;
};

LinkedSets::Labels find_labels(const Links& links) {
  const auto ownership = Ownership::even(world(), links.size);
  const auto here = [&](GlobalIndex i) { return ownership.first() <= i && i < ownership.first() + ownership.count(); };
  std::vector<GlobalIndex> ends;
  for (const auto& [i, j] : links.pairs) {
    if (here(i)) ends.push_back(j);
  }
  const Halo halo(world(), ownership, foreign(ownership, std::move(ends)));
  LinkedSets sets(world(), ownership, halo);
  for (const auto& [i, j] : links.pairs) {
    if (here(i)) sets.link(halo.local(i), halo.local(j));
  }
  if (!links.grounded.empty()) static_cast<void>(sets.labels());  // who goes on linking loses nothing by a look
  for (const auto i : links.grounded) {
    if (here(i)) sets.link_to_ground(halo.local(i));
  }
  auto found = sets.labels();
  for (LocalIndex g = 0; g < halo.ghost_count(); ++g) {
    const auto ghost = found.label[at(ownership.count() + g)];
    EXPECT_LE(ghost, halo.ghosts()[at(g)]);
  }
  found.label.resize(at(ownership.count()));
  return found;
}

/// The smallest place of each place's set; `size` stands for ground.
std::vector<GlobalIndex> serially(const Links& links) {
  std::vector<GlobalIndex> parent(at(links.size) + 1);
  std::iota(parent.begin(), parent.end(), 0);
  const auto find = [&](GlobalIndex i) {
    while (parent[at(i)] != i) i = parent[at(i)];
    return i;
  };
  const auto link = [&](GlobalIndex i, GlobalIndex j) {
    i = find(i), j = find(j);
    parent[at(std::max(i, j))] = std::min(i, j);
  };
  for (const auto& [i, j] : links.pairs) link(i, j);
  for (const auto i : links.grounded) link(i, links.size);
  std::vector<GlobalIndex> smallest(parent.size());
  for (std::size_t i = 0; i < parent.size(); ++i) smallest[i] = find(static_cast<GlobalIndex>(i));
  return smallest;
}

void expect_right(const Links& links, const LinkedSets::Labels& found) {
  const auto right = serially(links);
  const auto ownership = Ownership::even(world(), links.size);
  GlobalIndex count = 0, wrong = 0;
  for (GlobalIndex i = 0; i < links.size; ++i) count += right[at(i)] == i ? 1 : 0;
  for (LocalIndex i = 0; i < ownership.count(); ++i) {
    wrong += found.label[at(i)] != right[at(ownership.first() + i)] ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(found.count, count);
  EXPECT_EQ(found.ground, links.grounded.empty() ? -1 : right[at(links.size)]);
}

/// A path that goes to another rank with every step.
Links path(GlobalIndex size, std::uint64_t seed) {
  std::vector<GlobalIndex> order(at(size));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  Links links{size, {}, {}};
  for (std::size_t k = 1; k < order.size(); ++k) links.pairs.emplace_back(order[k - 1], order[k]);
  return links;
}

TEST(LinkedSets, APathInAnyOrderTakesFewRounds) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto links = path(20'000, seed);
    const auto found = find_labels(links);
    expect_right(links, found);
    EXPECT_LE(found.rounds, 24);  // 11 to 16 at 2 to 7 ranks; neighbours alone take thousands
  }
}

TEST(LinkedSets, AscendingOverRanksInTurn) {  // the smallest label has the longest way
  Links links{9'000, {}, {}};
  for (GlobalIndex k = 0; k + 1 < links.size; ++k) {
    const auto place = [&](GlobalIndex i) { return i % 3 * 3'000 + i / 3; };
    links.pairs.emplace_back(place(k), place(k + 1));
  }
  const auto found = find_labels(links);
  expect_right(links, found);
  EXPECT_LE(found.rounds, 24);
}

TEST(LinkedSets, RandomOnesNearTheirThreshold) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<GlobalIndex> place(0, 2'999);
    Links links{3'000, {}, {}};
    for (int k = 0; k < 1'400 + 10 * static_cast<int>(seed); ++k)
      links.pairs.emplace_back(place(random), place(random));
    for (int k = 0; k < 3 && seed % 2 == 0; ++k) links.grounded.push_back(place(random));
    expect_right(links, find_labels(links));
  }
}

TEST(LinkedSets, NothingToLink) {
  for (const GlobalIndex size : {0, 1, 2}) {
    const Links links{size, {}, {}};
    expect_right(links, find_labels(links));
  }
}

TEST(LinkedSets, ARankKnowsWhenItsPlacesAreTogether) {
  for (const int grounded_from : {0, 2, 4}) {  // links that come before the ground's
    const auto ownership = Ownership::even(world(), 4 * world().size());
    const Halo halo(world(), ownership, {});
    LinkedSets sets(world(), ownership, halo);
    int links = 0;
    for (const LocalIndex i : {1, 3, 3, 2}) {
      if (links++ == grounded_from) sets.link_to_ground(0);
      EXPECT_FALSE(sets.all_together()) << grounded_from << " " << i;
      sets.link(i, i - 1);
    }
    if (links == grounded_from) sets.link_to_ground(0);
    EXPECT_TRUE(sets.all_together()) << grounded_from;
  }
}

TEST(LinkedSets, GroundJoinsRanksThatShareNoPlace) {
  Links links{12, {{10, 11}}, {2, 7, 11}};
  expect_right(links, find_labels(links));
}

}  // namespace
}  // namespace synbal
