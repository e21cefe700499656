// Agendas: orders that stay, orders drawn for every sweep, and clocks.
#include "stochastic/schedule_agenda.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "stochastic/greedy_coloring.hpp"

namespace synbal {

namespace {

/// What all agendas share: the places in the file, and sorting.
class SortedAgenda : public SweepAgenda {
 public:
  explicit SortedAgenda(const BlockGraph& graph) : graph_(graph), n_(graph.stars().size()) {
    key_.assign(graph.stars().file_rank().size(), kNoVisit);
  }

 protected:
  [[nodiscard]] GlobalIndex rank_of(LocalIndex j) const { return graph_.stars().file_rank()[at(j)]; }

  void note(std::uint64_t key, LocalIndex i) { visits_.push_back({key, i, graph_.block(i)}); }
  /// The visits noted, block after block: blocks do not see each other within a pass, but memory likes it.
  std::span<const LocalIndex> sorted() {
    std::sort(visits_.begin(), visits_.end(), [&](const Visit& a, const Visit& b) {
      if (a.block != b.block) return a.block < b.block;
      return a.key != b.key ? a.key < b.key : rank_of(a.neuron) < rank_of(b.neuron);
    });
    order_.clear();
    for (const auto& visit : visits_) order_.push_back(visit.neuron);
    visits_.clear();
    return order_;
  }

  const BlockGraph& graph_;
  LocalIndex n_;
  std::vector<LocalIndex> order_;

 private:
  struct Visit {
    std::uint64_t key;
    LocalIndex neuron;
    std::int32_t block;
  };
  std::vector<Visit> visits_;
};

/// One order for all sweeps: by keys, or by the file alone when there are none.
class StandingOrder final : public SortedAgenda {
 public:
  StandingOrder(const BlockGraph& graph, std::vector<std::int64_t> keys)
      : SortedAgenda(graph), keys_(std::move(keys)) {}

  void begin(std::span<const std::uint8_t> active, std::int64_t, std::int64_t) override {
    for (std::size_t j = 0; j < key_.size(); ++j) key_[j] = active[j] != 0 ? standing_key(j) : kNoVisit;
  }
  std::span<const LocalIndex> in_order() override {
    if (order_.empty()) {
      for (LocalIndex i = 0; i < n_; ++i) note(standing_key(at(i)), i);
      sorted();
    }
    return order_;
  }

 private:
  [[nodiscard]] std::uint64_t standing_key(std::size_t j) const {
    return keys_.empty() ? 0 : static_cast<std::uint64_t>(keys_[j]);
  }
  std::vector<std::int64_t> keys_;
};

/// A permutation drawn for every sweep.
class DrawnOrder final : public SortedAgenda {
 public:
  DrawnOrder(const BlockGraph& graph, const Schedule& schedule) : SortedAgenda(graph), schedule_(schedule) {}

  void begin(std::span<const std::uint8_t> active, std::int64_t, std::int64_t sweep) override {
    for (std::size_t j = 0; j < key_.size(); ++j) {
      key_[j] = active[j] != 0 ? schedule_.turn(rank_of(static_cast<LocalIndex>(j)), sweep) : kNoVisit;
    }
  }
  std::span<const LocalIndex> in_order() override {
    for (LocalIndex i = 0; i < n_; ++i) {
      if (key(i) != kNoVisit) note(key(i), i);
    }
    return sorted();
  }

 private:
  const Schedule& schedule_;
};

/// Every neuron has a clock of its own. Times are not negative, so their bits order as they do.
class ClockOrder final : public SortedAgenda {
 public:
  ClockOrder(const BlockGraph& graph, const Schedule& schedule)
      : SortedAgenda(graph), schedule_(schedule), tick_(key_.size(), 0.0), visits_(key_.size(), 0) {
    for (std::size_t j = 0; j < tick_.size(); ++j) wind(j);
  }

  void begin(std::span<const std::uint8_t>, std::int64_t round, std::int64_t) override {
    end_ = static_cast<double>(round);
    for (std::size_t j = 0; j < key_.size(); ++j) show(j);
  }
  void go_on_after(std::int64_t round) override {
    for (std::size_t j = 0; j < tick_.size(); ++j) {
      while (tick_[j] < static_cast<double>(round)) wind(j);
    }
  }
  void advance(LocalIndex j) override {
    wind(at(j));
    show(at(j));
  }
  std::span<const LocalIndex> in_order() override {
    for (LocalIndex i = 0; i < n_; ++i) {
      for (; tick_[at(i)] < end_; wind(at(i))) note(std::bit_cast<std::uint64_t>(tick_[at(i)]), i);
    }
    return sorted();
  }

 private:
  void wind(std::size_t j) { tick_[j] += schedule_.pause(rank_of(static_cast<LocalIndex>(j)), visits_[j]++); }
  void show(std::size_t j) { key_[j] = tick_[j] < end_ ? std::bit_cast<std::uint64_t>(tick_[j]) : kNoVisit; }

  const Schedule& schedule_;
  double end_ = 0;
  std::vector<double> tick_;           // the next visit, in rounds
  std::vector<std::uint32_t> visits_;  // drawn so far
};

}  // namespace

std::unique_ptr<SweepAgenda> make_agenda(const BlockGraph& graph, const Schedule& schedule) {
  switch (schedule.params().kind) {
    case ScheduleKind::colored:
      return std::make_unique<StandingOrder>(graph, greedy_coloring(graph, schedule.params().seed));
    case ScheduleKind::random:
    case ScheduleKind::simulated:
      return std::make_unique<DrawnOrder>(graph, schedule);
    case ScheduleKind::poisson:
      return std::make_unique<ClockOrder>(graph, schedule);
    case ScheduleKind::sequential:
    case ScheduleKind::block:
      break;
  }
  return std::make_unique<StandingOrder>(graph, std::vector<std::int64_t>{});
}

}  // namespace synbal
