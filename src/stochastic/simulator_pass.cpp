// Who waits for whom in an ordered pass, and which copies of a neuron other ranks hold.
#include <algorithm>

#include "synbal/stochastic/ordered_pass.hpp"

namespace synbal {

namespace {
std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
}  // namespace

BlockGraph::BlockGraph(const NeuronStars& stars, std::vector<std::int32_t> block)
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

LocalIndex PassOrder::first_ghost(Rank rank) const {
  const auto receives = graph_->stars().halo().receives();
  const auto peer =
      std::lower_bound(receives.begin(), receives.end(), rank, [](const Halo::Peer& p, Rank r) { return p.rank < r; });
  return n_ + peer->first;
}

void PassOrder::begin(const Agenda& agenda) {
  ++passes_;
  waiting_ = 0;
  for (LocalIndex j = 0; j < n_ + graph_->stars().halo().ghost_count(); ++j) waiting_ += agenda.key(j) != kNoVisit;
  for (LocalIndex i = 0; i < n_; ++i) {
    if (agenda.key(i) != kNoVisit) count_those_before(agenda, i);
  }
}

void PassOrder::count_those_before(const Agenda& agenda, LocalIndex i) {
  const auto key = agenda.key(i);
  std::int64_t count = 0;
  graph_->for_each_neighbour(i, [&](LocalIndex q) { count += before(agenda.key(q), q, key, i); });
  blocked_[at(i)] = count;
  if (count == 0) make_ready(i);
}

void PassOrder::passed(Agenda& agenda, LocalIndex j) {
  const auto was = agenda.key(j);
  agenda.advance(j);
  const auto now = agenda.key(j);
  waiting_ -= now == kNoVisit;
  graph_->for_each_owned_neighbour(j, [&](LocalIndex q) {
    const auto key = agenda.key(q);
    if (key == kNoVisit || !before(was, j, key, q) || before(now, j, key, q)) return;
    if (--blocked_[at(q)] == 0) make_ready(q);
  });
  if (j < n_ && now != kNoVisit) count_those_before(agenda, j);
}

void PassOrder::make_ready(LocalIndex i) { (on_edge(i) ? ready_edge_ : ready_inner_).push_back(i); }

LocalIndex PassOrder::take_ready() {
  auto& from = ready_edge_.empty() ? ready_inner_ : ready_edge_;
  const auto i = from.back();
  from.pop_back();
  return i;
}

}  // namespace synbal
