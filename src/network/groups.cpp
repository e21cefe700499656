// Labels filed with the ranks that their hashes name.
#include "synbal/network/groups.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "synbal/core/route.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kPinnedGroup = std::numeric_limits<std::int64_t>::min();  // a reserved id

/// Spreads ids over the ranks (the finaliser of splitmix64).
Rank home_of(std::int64_t id, int ranks) {
  auto x = static_cast<std::uint64_t>(id);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<Rank>((x ^ (x >> 31)) % static_cast<std::uint64_t>(ranks));
}

/// A group as one rank knows it: its id and the smallest global index among its neurons.
struct Led {
  std::int64_t id;
  GlobalIndex leader;
};

/// Collective. The smallest leader of each id over all ranks; `own` holds distinct ids.
void agree_on_leaders(const Comm& comm, std::vector<Led>& own) {
  std::vector<Rank> home;
  for (const auto& led : own) home.push_back(home_of(led.id, comm.size()));
  const Route way(comm, std::move(home));
  const auto came = way.send(own);
  std::unordered_map<std::int64_t, GlobalIndex> least;
  for (const auto& led : came) {
    const auto [known, fresh] = least.emplace(led.id, led.leader);
    if (!fresh) known->second = std::min(known->second, led.leader);
  }
  std::vector<GlobalIndex> answers;
  for (const auto& led : came) answers.push_back(least[led.id]);
  const auto leaders = way.reply(answers);
  for (std::size_t k = 0; k < own.size(); ++k) own[k].leader = leaders[k];
}

}  // namespace

std::vector<GlobalIndex> group_leaders(const Comm& comm, const Network& network, std::span<const std::int64_t> group) {
  const auto& pinned = network.nodes.pinned;
  const auto id_of = [&](std::size_t i) { return !pinned.empty() && pinned[i] != 0 ? kPinnedGroup : group[i]; };
  std::vector<Led> own;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (id_of(i) != kUntied) own.push_back({id_of(i), network.global(static_cast<LocalIndex>(i))});
  }
  std::sort(own.begin(), own.end(),
            [](const Led& a, const Led& b) { return std::tie(a.id, a.leader) < std::tie(b.id, b.leader); });
  own.erase(std::unique(own.begin(), own.end(), [](const Led& a, const Led& b) { return a.id == b.id; }), own.end());
  agree_on_leaders(comm, own);
  const auto by_id = [](const Led& a, const Led& b) { return a.id < b.id; };
  std::sort(own.begin(), own.end(), by_id);
  std::vector<GlobalIndex> leader(group.size());
  for (std::size_t i = 0; i < leader.size(); ++i) {
    const auto id = id_of(i);
    leader[i] = id == kUntied ? network.global(static_cast<LocalIndex>(i))
                              : std::lower_bound(own.begin(), own.end(), Led{id, 0}, by_id)->leader;
  }
  return leader;
}

bool has_ties(const Network& network) {
  return std::ranges::any_of(network.nodes.group, [](std::int64_t label) { return label != kUntied; });
}

}  // namespace synbal
