// Who waits for whom in an ordered pass, and which copies of a neuron other ranks hold.
#include "stochastic/ordered_pass.hpp"

namespace synbal {

namespace {}  // namespace

BlockGraph::BlockGraph(const IncidentSynapses& stars, std::vector<std::int32_t> block)
    : stars_(&stars), n_(stars.size()), block_(std::move(block)), ghost_begin_(at(stars.halo().ghost_count()) + 2, 0) {
  const auto for_each_across = [&](auto&& visit) {
    for (LocalIndex i = 0; i < n_; ++i) {
      for_each_neighbour(i, [&](LocalIndex q) {
        if (q >= n_) visit(at(q - n_), i);
      });
    }
  };
  // Shifted by one more, to count and then to place.
  for_each_across([&](std::size_t g, LocalIndex) { ++ghost_begin_[g + 2]; });
  for (std::size_t g = 1; g < ghost_begin_.size(); ++g) ghost_begin_[g] += ghost_begin_[g - 1];
  ghost_neighbour_.resize(at(ghost_begin_.back()));
  for_each_across([&](std::size_t g, LocalIndex i) { ghost_neighbour_[at(ghost_begin_[g + 1]++)] = i; });
  ghost_begin_.pop_back();
}

PassOrder::PassOrder(const BlockGraph& graph, int first_tag)
    : graph_(&graph), n_(graph.stars().size()), first_tag_(first_tag), blocked_(at(n_), 0) {
  list_copies();
}

void PassOrder::list_copies() {
  const auto& halo = graph_->stars().halo();
  const auto sends = halo.sends();
  copy_begin_.assign(at(n_) + 2, 0);
  for (const auto i : halo.send_indices()) ++copy_begin_[at(i) + 2];
  for (std::size_t k = 1; k < copy_begin_.size(); ++k) copy_begin_[k] += copy_begin_[k - 1];
  copies_.resize(halo.send_indices().size());
  for (std::size_t p = 0; p < sends.size(); ++p) {
    const auto indices = halo.send_indices().subspan(at(sends[p].first), at(sends[p].count));
    for (std::size_t k = 0; k < indices.size(); ++k) {
      copies_[at(copy_begin_[at(indices[k]) + 1]++)] = {static_cast<std::int32_t>(p), static_cast<LocalIndex>(k)};
    }
  }
  copy_begin_.pop_back();
}

void PassOrder::begin(const Agenda& agenda) {
  ++passes_;
  count_waiting(agenda);
  for (LocalIndex i = 0; i < n_; ++i) {
    if (agenda.key(i) != kNoVisit) count_those_before(agenda, i);
  }
}

void PassOrder::count_waiting(const Agenda& agenda) {
  const auto& halo = graph_->stars().halo();
  waiting_ = 0;
  to_tell_.assign(halo.sends().size(), 0);
  to_hear_.assign(halo.receives().size(), 0);
  for (LocalIndex i = 0; i < n_; ++i) {
    if (agenda.key(i) == kNoVisit) continue;
    ++waiting_;
    for (const auto& copy : copies(i)) ++to_tell_[at(copy.peer)];
  }
  for (std::size_t p = 0; p < to_hear_.size(); ++p) {
    const auto& peer = halo.receives()[p];
    for (LocalIndex g = peer.first; g < peer.first + peer.count; ++g) to_hear_[p] += agenda.key(n_ + g) != kNoVisit;
    waiting_ += to_hear_[p];
  }
}

void PassOrder::count_those_before(const Agenda& agenda, LocalIndex i) {
  const auto key = agenda.key(i);
  std::int64_t count = 0;
  graph_->for_each_neighbour(i, [&](LocalIndex q) { count += before(agenda.key(q), q, key, i); });
  blocked_[at(i)] = count;
  if (count == 0) ready_.push_back(i);
}

void PassOrder::passed(Agenda& agenda, LocalIndex j) {
  const auto was = agenda.key(j);
  agenda.advance(j);
  const auto now = agenda.key(j);
  waiting_ -= now == kNoVisit;
  graph_->for_each_owned_neighbour(j, [&](LocalIndex q) {
    const auto key = agenda.key(q);
    if (key == kNoVisit || !before(was, j, key, q) || before(now, j, key, q)) return;
    if (--blocked_[at(q)] == 0) ready_.push_back(q);
  });
  if (j < n_ && now != kNoVisit) count_those_before(agenda, j);
}

}  // namespace synbal
