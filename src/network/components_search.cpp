// Searches across ranks: trimming of what lies on no cycle, and reachability. Each goes as far as it can inside the
// rank before it exchanges, so that the number of rounds depends on rank crossings only.
#include <algorithm>
#include <functional>
#include <utility>

#include "network/components_detail.hpp"
#include "network/tuning.hpp"

namespace synbal::detail {
namespace {

/// Vertices are removed when a count of remaining neighbours on one side falls to zero.
class Trimmer {
 public:
  explicit Trimmer(const PieceGraph& graph)
      : graph_(graph),
        in_left_(at(graph.size())),
        out_left_(at(graph.columns())),
        removed_in_(at(graph.size()), 0),
        gone_in_(graph.halo.ghosts().size(), 0),
        shared_(at(graph.size()), 0),
        to_ghosts_(graph.halo),
        to_owners_(graph.halo) {}

  std::vector<std::uint8_t> run(const Comm& comm, std::int64_t& rounds) {
    count();
    finish();
    for (int k = 0; k < tuning::kMostTrimRounds && comm.any(fresh_); ++k, ++rounds) {
      exchange();
      finish();
    }
    std::vector<std::uint8_t> stays(removed_in_.size());
    std::transform(removed_in_.begin(), removed_in_.end(), stays.begin(), [](auto r) { return r == 0 ? 1 : 0; });
    return stays;
  }

 private:
  /// Successors on other ranks are counted by the rank.
  void count() {
    for (LocalIndex j = 0; j < graph_.columns(); ++j) out_left_[at(j)] = length(graph_.successors(j));
    for (const auto i : graph_.halo.send_indices()) {
      ++out_left_[at(i)];
      shared_[at(i)] = 1;
    }
    for (LocalIndex i = 0; i < graph_.size(); ++i) {
      in_left_[at(i)] = length(graph_.predecessors(i));
      if (in_left_[at(i)] == 0 || out_left_[at(i)] == 0) remove(i);
    }
  }

  void remove(LocalIndex i) {
    if (removed_in_[at(i)] != 0) return;
    removed_in_[at(i)] = round_;
    fresh_ = fresh_ || shared_[at(i)] != 0;
    pending_.push_back(i);
  }

  void finish() {
    while (!pending_.empty()) {
      const LocalIndex i = pending_.back();
      pending_.pop_back();
      lose_predecessor(i);
      for (const auto j : graph_.predecessors(i)) lose_successor(j);
    }
  }

  /// The successors of a removed column have one predecessor less.
  void lose_predecessor(LocalIndex removed) {
    for (const auto k : graph_.successors(removed)) {
      if (--in_left_[at(k)] == 0) remove(k);
    }
  }

  void lose_successor(LocalIndex j) {
    if (--out_left_[at(j)] > 0) return;
    if (j < graph_.size()) {
      remove(j);
    } else {
      gone_in_[at(j - graph_.size())] = round_;
      fresh_ = true;
    }
  }

  /// Ghost copies learn of removals, owners learn of ranks where they have no successor left.
  void exchange() {
    const auto round = round_++;
    fresh_ = false;
    to_ghosts_.forward_begin([&](LocalIndex i) { return static_cast<std::uint8_t>(removed_in_[at(i)] == round); });
    to_owners_.reverse_begin([&](LocalIndex g) { return static_cast<std::uint8_t>(gone_in_[at(g)] == round); });
    to_ghosts_.forward_end([&](LocalIndex g, std::uint8_t removed) {
      if (removed != 0) lose_predecessor(graph_.size() + g);
    });
    to_owners_.reverse_end([&](LocalIndex i, std::uint8_t gone) {
      if (gone != 0) lose_successor(i);
    });
  }

  static LocalIndex length(std::span<const LocalIndex> list) { return static_cast<LocalIndex>(list.size()); }

  const PieceGraph& graph_;
  std::vector<LocalIndex> in_left_;
  std::vector<LocalIndex> out_left_;
  std::vector<std::int32_t> removed_in_;  // round in which a vertex was removed, 0: it stays
  std::vector<std::int32_t> gone_in_;     // round in which a ghost lost its last successor here
  std::vector<std::uint8_t> shared_;      // 1: a ghost elsewhere
  std::int32_t round_ = 1;
  bool fresh_ = false;
  std::vector<LocalIndex> pending_;
  HaloExchange<std::uint8_t> to_ghosts_;
  HaloExchange<std::uint8_t> to_owners_;
};

/// A column whose label has risen, with the label it had then.
using Risen = std::pair<std::uint64_t, LocalIndex>;

/// Labels that rise along edges. Largest first: each vertex is visited once per call, with its final label.
template <class Neighbours>
void spread(std::vector<Risen>& risen, std::vector<std::uint64_t>& label, Neighbours&& neighbours) {
  std::sort(risen.begin(), risen.end(), std::greater<>());
  std::vector<LocalIndex> pending;
  for (const auto& [value, start] : risen) {
    if (label[at(start)] != value) continue;
    pending.push_back(start);
    while (!pending.empty()) {
      const LocalIndex v = pending.back();
      pending.pop_back();
      for (const auto w : neighbours(v)) {
        if (label[at(w)] >= value) continue;
        label[at(w)] = value;
        pending.push_back(w);
      }
    }
  }
  risen.clear();
}

void raise(std::vector<std::uint64_t>& label, LocalIndex v, std::uint64_t value, std::vector<Risen>& risen) {
  if (value <= label[at(v)]) return;
  label[at(v)] = value;
  risen.emplace_back(value, v);
}

}  // namespace

std::vector<std::uint8_t> trim(const Comm& comm, const PieceGraph& graph, std::int64_t& rounds) {
  return Trimmer(graph).run(comm, rounds);
}

Reach reach(const Comm& comm, const PieceGraph& graph, std::span<const std::uint64_t> seed, std::int64_t& rounds) {
  const LocalIndex n = graph.size();
  Reach labels;
  labels.from.assign(at(graph.columns()), 0);
  labels.to.assign(at(graph.columns()), 0);
  std::vector<Risen> risen_from;
  std::vector<Risen> risen_to;
  for (LocalIndex i = 0; i < n; ++i) {
    raise(labels.from, i, seed[at(i)], risen_from);
    raise(labels.to, i, seed[at(i)], risen_to);
  }
  HaloExchange<std::uint64_t> to_ghosts(graph.halo);
  HaloExchange<std::uint64_t> to_owners(graph.halo);
  do {
    spread(risen_from, labels.from, [&](LocalIndex v) { return graph.successors(v); });
    // A ghost's predecessors are its owner's business.
    spread(risen_to, labels.to,
           [&](LocalIndex v) { return v < n ? graph.predecessors(v) : std::span<const LocalIndex>(); });
    to_ghosts.forward_begin([&](LocalIndex i) { return labels.from[at(i)]; });
    to_owners.reverse_begin([&](LocalIndex g) { return labels.to[at(n + g)]; });
    to_ghosts.forward_end([&](LocalIndex g, std::uint64_t value) { raise(labels.from, n + g, value, risen_from); });
    to_owners.reverse_end([&](LocalIndex i, std::uint64_t value) { raise(labels.to, i, value, risen_to); });
    ++rounds;
  } while (comm.any(!risen_from.empty() || !risen_to.empty()));
  labels.from.resize(at(n));
  labels.to.resize(at(n));
  return labels;
}

}  // namespace synbal::detail
