// Walkers that advance together: all ranks know where they stand, the owner of that neuron chooses the next synapse.
#include "synbal/balance/cycles.hpp"

#include <algorithm>
#include <array>

#include "synbal/core/random.hpp"

namespace synbal {

namespace {

constexpr std::size_t kWalks = SampledCycles::kWalks;
constexpr std::uint32_t kLongest = SampledCycles::kLongestWalk;
constexpr std::uint64_t kSeed = 2024;
constexpr std::uint32_t kCycleStream = 61;

/// A walk backward along synapses; path[k+1] is presynaptic to path[k].
struct Walk {
  std::vector<GlobalIndex> path;
  bool active = false;
  bool closed = false;
  std::size_t closed_at = 0;  // place on the path where the cycle begins

  /// next: -1 where no way leads on.
  void advance(GlobalIndex next) {
    active = next >= 0;
    if (!active) return;
    const auto seen = std::find(path.begin(), path.end(), next);
    if (seen == path.end()) {
      path.push_back(next);
    } else {
      closed_at = static_cast<std::size_t>(seen - path.begin());
      closed = true, active = false;
    }
  }
};

class Walkers {
 public:
  Walkers(const Comm& comm, const Network& network, const Components& components)
      : comm_(comm), network_(network), components_(components), walks_(kWalks) {}

  /// Collective. False when no neuron lies on a cycle.
  bool start() {
    std::vector<LocalIndex> candidates;
    for (LocalIndex i = 0; i < network_.rows.count(); ++i) {
      if (components_.on_cycle[at(i)] != 0) candidates.push_back(i);
    }
    const auto own = static_cast<std::int64_t>(candidates.size());
    const auto below = comm_.sum_below(own);
    const auto all = comm_.sum(own);
    if (all == 0) return false;
    std::array<std::int64_t, kWalks> begin{};
    for (std::size_t w = 0; w < kWalks; ++w) {
      const auto pick = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(all), w, kLongest)) - below;
      if (pick >= 0 && pick < own) begin[w] = network_.rows.first() + candidates[at(pick)];
    }
    comm_.sum(std::span<std::int64_t>(begin));
    for (std::size_t w = 0; w < kWalks; ++w) walks_[w] = {{begin[w]}, true};
    return true;
  }

  /// Collective. Until every walk is closed, stuck or too long.
  void run() {
    const auto active = [](const Walk& w) { return w.active; };
    for (std::uint32_t step = 0; step < kLongest && std::any_of(walks_.begin(), walks_.end(), active); ++step) {
      std::array<std::int64_t, kWalks> next{};  // owners state their walkers' next neuron + 1, the others 0
      for (std::size_t w = 0; w < kWalks; ++w) {
        if (walks_[w].active && network_.rows.owns(walks_[w].path.back())) next[w] = choose(w, step) + 1;
      }
      comm_.sum(std::span<std::int64_t>(next));
      for (std::size_t w = 0; w < kWalks; ++w) {
        if (walks_[w].active) walks_[w].advance(next[w] - 1);
      }
    }
  }

  [[nodiscard]] SampledCycles cycles() const {
    SampledCycles found;
    for (std::size_t w = 0; w < kWalks; ++w) {
      const auto& walk = walks_[w];
      if (!walk.closed) continue;
      for (const auto& step : steps_[w]) {
        if (step.number >= walk.closed_at) found.synapses.push_back({found.length.size(), step.row, step.entry});
      }
      found.length.push_back(static_cast<std::int64_t>(walk.path.size() - walk.closed_at));
    }
    return found;
  }

 private:
  /// A step from a neuron of this rank.
  struct Step {
    std::size_t number;
    LocalIndex row;
    std::int64_t entry;
  };

  /// A synapse inside the component, at random. In large networks a walk rarely meets itself: after as many steps as
  /// its number, walker w goes back to where it was whenever a synapse leads there.
  GlobalIndex choose(std::size_t w, std::uint32_t number) {
    const auto i = static_cast<LocalIndex>(walks_[w].path.back() - network_.rows.first());
    auto seen = walks_[w].path;
    std::sort(seen.begin(), seen.end());
    std::vector<std::int64_t> ways, returns;
    for (auto e = network_.row_ptr[at(i)]; e < network_.row_ptr[at(i) + 1]; ++e) {
      const auto j = network_.column[at(e)];
      if (j == i || components_.leader[at(j)] != components_.leader[at(i)]) continue;
      ways.push_back(e);
      if (number >= w && std::binary_search(seen.begin(), seen.end(), network_.global(j))) returns.push_back(e);
    }
    const auto& choice = returns.empty() ? ways : returns;
    if (choice.empty()) return -1;
    auto entry = choice[at(static_cast<std::int64_t>(random_.below(choice.size(), w, number)))];
    const auto j = network_.column[at(entry)];
    while (entry > network_.row_ptr[at(i)] && network_.column[at(entry - 1)] == j) --entry;
    steps_[w].push_back({number, i, entry});
    return network_.global(j);
  }

  const Comm& comm_;
  const Network& network_;
  const Components& components_;
  const CounterRandom random_{kSeed, kCycleStream};
  std::vector<Walk> walks_;
  std::array<std::vector<Step>, kWalks> steps_;
};

}  // namespace

SampledCycles sample_cycles(const Comm& comm, const Network& network, const Components& components) {
  Walkers walkers(comm, network, components);
  if (!walkers.start()) return {};
  walkers.run();
  return walkers.cycles();
}

}  // namespace synbal
