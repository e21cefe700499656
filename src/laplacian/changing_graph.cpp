// Updates of a row are merged in one pass, and a row loses neighbours by being counted down: a hub does not pay for
// every leaf that it loses.
#include "laplacian/changing_graph.hpp"

#include <algorithm>

namespace synbal::detail {

namespace {

/// Adds to the edge to `link.node`, or a new one.
void put(FewLinks& few, const Link& link) {
  auto* const end = few.link.begin() + few.count;
  auto* const place = std::find_if(few.link.begin(), end, [&](const Link& l) { return l.node >= link.node; });
  if (place != end && place->node == link.node) {
    place->added += link.added;
    return;
  }
  std::move_backward(place, end, end + 1);
  *place = link, ++few.count;
}

void drop(FewLinks& few, GlobalIndex node) {
  auto* const end = few.link.begin() + few.count;
  few.count =
      at(std::remove_if(few.link.begin(), end, [&](const Link& l) { return l.node == node; }) - few.link.begin());
}

}  // namespace

ChangingGraph::ChangingGraph(const ConductanceGraph& graph)
    : graph_(&graph),
      ground_(graph.ground().begin(), graph.ground().end()),
      gone_(at(graph.size()) + graph.halo().ghosts().size(), 0),
      few_slot_(at(graph.size()), -1),
      added_slot_(at(graph.size()), -1) {
  count_.reserve(at(graph.size()));
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    count_.push_back(static_cast<LocalIndex>(graph.row_end(i) - graph.row_begin(i)));
    if (count_.back() <= 2) make_few(i);
  }
}

std::span<const Link> ChangingGraph::added(LocalIndex i) const noexcept {
  const auto slot = added_slot_[at(i)];
  return slot < 0 ? std::span<const Link>() : std::span<const Link>(added_[at(slot)]);
}

void ChangingGraph::update(LocalIndex i, std::span<const RowUpdate> updates) {
  bool edges = false;
  for (const auto& update : updates) {
    ground_[at(i)] += update.ground;
    mark_foreign(update.source);
    edges = edges || update.other >= 0;
  }
  if (few_slot_[at(i)] >= 0) {
    auto& few = few_[at(few_slot_[at(i)])];
    update_few(few, updates);
    count_[at(i)] = static_cast<LocalIndex>(few.count);
    return;
  }
  count_[at(i)] -= static_cast<LocalIndex>(updates.size());
  if (edges || added_slot_[at(i)] >= 0) merge(i, updates);
  if (count_[at(i)] <= 2) make_few(i);
}

void ChangingGraph::mark_foreign(GlobalIndex node) {
  const auto column = graph_->halo().local(node);
  if (column >= graph_->size()) gone_[at(column)] = 1;
}

bool ChangingGraph::has_original(LocalIndex i, GlobalIndex node) const {
  const auto& g = *graph_;
  const auto column = g.halo().local(node);
  const bool own = column < g.size();
  const auto begin = own ? g.row_begin(i) : g.row_remote(i), end = own ? g.row_remote(i) : g.row_end(i);
  return std::binary_search(g.neighbour() + begin, g.neighbour() + end, column);
}

void ChangingGraph::update_few(FewLinks& few, std::span<const RowUpdate> updates) {
  for (const auto& update : updates) {
    drop(few, update.source);
    if (update.other >= 0) put(few, {update.other, 0.0, update.conductance});
  }
}

// An eliminated node never gets an edge again, so removals hold for all that is older. Conductances are added in the
// order of the updates, on both ends of an edge the same.
void ChangingGraph::merge(LocalIndex i, std::span<const RowUpdate> updates) {
  if (added_slot_[at(i)] < 0) {
    added_slot_[at(i)] = static_cast<std::int32_t>(added_.size());
    added_.emplace_back();
  }
  auto& old = added_[at(added_slot_[at(i)])];
  const auto source_less = [](const RowUpdate& update, GlobalIndex node) { return update.source < node; };
  std::erase_if(old, [&](const Link& link) {
    const auto found = std::lower_bound(updates.begin(), updates.end(), link.node, source_less);
    return found != updates.end() && found->source == link.node;
  });
  const auto before = static_cast<std::ptrdiff_t>(old.size());
  for (const auto& update : updates) {
    if (update.other >= 0) old.push_back({update.other, 0.0, update.conductance});
  }
  const auto less = [](const Link& a, const Link& b) { return a.node < b.node; };
  std::stable_sort(old.begin() + before, old.end(), less);
  const auto known = [&, end = old.begin() + before](GlobalIndex node) {
    return std::binary_search(old.begin(), end, Link{node}, less) || has_original(i, node);
  };
  for (auto k = at(before); k < old.size(); ++k) {
    const bool again = k > at(before) && old[k].node == old[k - 1].node;
    if (!again && !known(old[k].node)) ++count_[at(i)];
  }
  std::inplace_merge(old.begin(), old.begin() + before, old.end(), less);
  std::size_t last = 0;
  for (std::size_t k = 1; k < old.size(); ++k) {
    if (old[k].node == old[last].node) {
      old[last].added += old[k].added;
    } else {
      old[++last] = old[k];
    }
  }
  if (!old.empty()) old.resize(last + 1);
}

void ChangingGraph::make_few(LocalIndex i) {
  const auto& g = *graph_;
  FewLinks few;
  for (auto e = g.row_begin(i); e < g.row_end(i); ++e) {
    const auto column = g.neighbour()[e];
    if (gone_[at(column)] == 0) put(few, {g.global(column), g.conductance()[e], 0.0});
  }
  for (const auto& link : added(i)) put(few, link);
  if (added_slot_[at(i)] >= 0) added_[at(added_slot_[at(i)])].clear();
  few_slot_[at(i)] = static_cast<std::int32_t>(few_.size());
  few_.push_back(few);
}

}  // namespace synbal::detail
