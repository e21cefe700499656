// Updates of a row are merged in one pass, and a row loses neighbours by being counted down: a hub does not pay for
// every leaf that it loses.
#include "laplacian/changing_graph.hpp"

#include <algorithm>

namespace synbal::detail {

namespace {

/// Adds to the edge to `link.node`, or a new one.
void put(LowDegree& low, const Link& link) {
  auto* const end = low.link.begin() + low.count;
  auto* const place = std::find_if(low.link.begin(), end, [&](const Link& l) { return l.node >= link.node; });
  if (place != end && place->node == link.node) {
    place->added += link.added;
    return;
  }
  std::move_backward(place, end, end + 1);
  *place = link, ++low.count;
}

void drop(LowDegree& low, GlobalIndex node) {
  auto* const end = low.link.begin() + low.count;
  low.count =
      at(std::remove_if(low.link.begin(), end, [&](const Link& l) { return l.node == node; }) - low.link.begin());
}

bool by_node(const Link& a, const Link& b) { return a.node < b.node; }

/// Links to nodes that the updates have eliminated go.
void remove_sources(std::vector<Link>& links, std::span<const RowUpdate> updates) {
  const auto before = [](const RowUpdate& update, GlobalIndex node) { return update.source < node; };
  std::erase_if(links, [&](const Link& link) {
    const auto found = std::lower_bound(updates.begin(), updates.end(), link.node, before);
    return found != updates.end() && found->source == link.node;
  });
}

/// One link for each node, of links that ascend.
void sum_equal(std::vector<Link>& links) {
  std::size_t count = 0;
  for (const auto& link : links) {
    if (count > 0 && links[count - 1].node == link.node) {
      links[count - 1].added += link.added;
    } else {
      links[count++] = link;
    }
  }
  links.resize(count);
}

}  // namespace

ChangingGraph::ChangingGraph(const ConductanceGraph& graph)
    : graph_(&graph),
      ground_(graph.ground().begin(), graph.ground().end()),
      gone_(at(graph.size()) + graph.halo().ghosts().size(), 0),
      low_slot_(at(graph.size()), -1),
      added_slot_(at(graph.size()), -1) {
  count_.reserve(at(graph.size()));
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    count_.push_back(static_cast<LocalIndex>(graph.row_end(i) - graph.row_begin(i)));
    if (count_.back() <= 2) make_low_degree(i);
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
  if (low_slot_[at(i)] >= 0) {
    auto& low = low_degree_[at(low_slot_[at(i)])];
    update_low_degree(low, updates);
    count_[at(i)] = static_cast<LocalIndex>(low.count);
    return;
  }
  count_[at(i)] -= static_cast<LocalIndex>(updates.size());
  if (edges || added_slot_[at(i)] >= 0) merge(i, updates);
  if (count_[at(i)] <= 2) make_low_degree(i);
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

void ChangingGraph::update_low_degree(LowDegree& low, std::span<const RowUpdate> updates) {
  for (const auto& update : updates) {
    drop(low, update.source);
    if (update.other >= 0) put(low, {update.other, 0.0, update.conductance});
  }
}

// An eliminated node never gets an edge again, so removals hold for all that is older. Conductances are added in the
// order of the updates, on both ends of an edge the same.
void ChangingGraph::merge(LocalIndex i, std::span<const RowUpdate> updates) {
  if (added_slot_[at(i)] < 0) {
    added_slot_[at(i)] = static_cast<std::int32_t>(added_.size());
    added_.emplace_back();
  }
  auto& links = added_[at(added_slot_[at(i)])];
  remove_sources(links, updates);
  const auto before = static_cast<std::ptrdiff_t>(links.size());
  for (const auto& update : updates) {
    if (update.other >= 0) links.push_back({update.other, 0.0, update.conductance});
  }
  std::stable_sort(links.begin() + before, links.end(), by_node);
  count_[at(i)] += new_neighbours(i, std::span(links).first(at(before)), std::span(links).subspan(at(before)));
  std::inplace_merge(links.begin(), links.begin() + before, links.end(), by_node);
  sum_equal(links);
}

// Both ascend.
LocalIndex ChangingGraph::new_neighbours(LocalIndex i, std::span<const Link> known, std::span<const Link> links) const {
  LocalIndex count = 0;
  for (std::size_t k = 0; k < links.size(); ++k) {
    const bool again = k > 0 && links[k].node == links[k - 1].node;
    const bool old = again || std::binary_search(known.begin(), known.end(), links[k], by_node);
    count += old || has_original(i, links[k].node) ? 0 : 1;
  }
  return count;
}

void ChangingGraph::make_low_degree(LocalIndex i) {
  const auto& g = *graph_;
  LowDegree low;
  for (auto e = g.row_begin(i); e < g.row_end(i); ++e) {
    const auto column = g.neighbour()[e];
    if (gone_[at(column)] == 0) put(low, {g.global(column), g.conductance()[e], 0.0});
  }
  for (const auto& link : added(i)) put(low, link);
  if (added_slot_[at(i)] >= 0) added_[at(added_slot_[at(i)])].clear();
  low_slot_[at(i)] = static_cast<std::int32_t>(low_degree_.size());
  low_degree_.push_back(low);
}

}  // namespace synbal::detail
