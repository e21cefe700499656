// Batches of ghosts' rows: requests to their owners, answered with columns and values.
#include "resistance/ghost_rows.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/route.hpp"

namespace synbal::detail {

GhostRows::GhostRows(const ConductanceGraph& graph, std::int64_t most)
    : graph_(&graph), most_(most), known_(at(graph.size()) + graph.halo().ghosts().size()) {
  std::vector<std::int64_t> length;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const double degree = graph.degree()[at(i)];
    root_.push_back(degree > 0 ? 1 / std::sqrt(degree) : 0.0);
    length.push_back(graph.row_end(i) - graph.row_begin(i));
  }
  root_ = with_ghosts(graph.halo(), std::move(root_));
  length = with_ghosts(graph.halo(), std::move(length));
  ghost_length_.assign(length.begin() + graph.size(), length.end());
  scale();
  place_.assign(ghost_length_.size(), -1);
  std::int64_t own = 0;
  for (LocalIndex i = 0; i < graph.size(); i = batch_end(i)) ++own;
  batches_ = graph.comm().max(own);
}

void GhostRows::scale() {
  const auto& graph = *graph_;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      value_.push_back(graph.conductance()[e] * root_[at(i)] * root_[at(graph.neighbour()[e])]);
    }
  }
}

// At least one node, and as many as `most_` entries of ghosts' rows allow.
LocalIndex GhostRows::batch_end(LocalIndex begin) const {
  std::vector<std::uint8_t> seen(ghost_length_.size(), 0);
  std::int64_t entries = 0;
  auto i = begin;
  for (; i < graph_->size(); ++i) {
    std::int64_t more = 0;
    for (auto e = graph_->row_remote(i); e < graph_->row_end(i); ++e) {
      const auto g = at(graph_->neighbour()[e] - graph_->size());
      if (seen[g] == 0) more += ghost_length_[g], seen[g] = 1;
    }
    if (i > begin && entries + more > most_) break;
    entries += more;
  }
  return i;
}

std::vector<LocalIndex> GhostRows::ghosts_of_batch() const {
  std::vector<LocalIndex> ghosts;
  for (auto i = begin_; i < end_; ++i) {
    for (auto e = graph_->row_remote(i); e < graph_->row_end(i); ++e) {
      ghosts.push_back(graph_->neighbour()[e] - graph_->size());
    }
  }
  return distinct(std::move(ghosts));
}

void GhostRows::next() {
  begin_ = end_;
  end_ = batch_end(begin_);
  const auto ghosts = ghosts_of_batch();
  std::fill(place_.begin(), place_.end(), std::int64_t{-1});
  for (std::size_t k = 0; k < ghosts.size(); ++k) place_[at(ghosts[k])] = static_cast<std::int64_t>(k);
  fetch(ghosts);
}

// Collective.
void GhostRows::fetch(const std::vector<LocalIndex>& ghosts) {
  const auto& graph = *graph_;
  std::vector<GlobalIndex> wanted;
  for (const auto g : ghosts) wanted.push_back(graph.halo().ghosts()[at(g)]);
  const Route route(graph.comm(), graph.nodes(), wanted);
  std::vector<Entry> entries;
  std::vector<std::int64_t> start{0};
  for (const auto node : route.send(wanted)) {
    const auto i = graph.halo().local(node);
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      entries.push_back({graph.global(graph.neighbour()[e]), value_[at(e)]});
    }
    start.push_back(static_cast<std::int64_t>(entries.size()));
  }
  auto rows = route.reply_lists(start, [&](std::int64_t e) { return entries[at(e)]; });
  fetched_ptr_ = std::move(rows.start);
  number_columns(rows.values);
}

void GhostRows::number_columns(const std::vector<Entry>& entries) {
  const auto& halo = graph_->halo();
  far_.clear(), fetched_column_.clear(), fetched_value_.clear();
  for (const auto& entry : entries) {
    if (halo.local(entry.column) < 0) far_.push_back(entry.column);
  }
  far_ = distinct(std::move(far_));
  for (const auto& entry : entries) {
    auto column = halo.local(entry.column);
    if (column < 0) {
      const auto far = std::lower_bound(far_.begin(), far_.end(), entry.column) - far_.begin();
      column = static_cast<LocalIndex>(static_cast<std::ptrdiff_t>(known_) + far);
    }
    fetched_column_.push_back(column), fetched_value_.push_back(entry.value);
  }
}

GhostRows::Row GhostRows::row(LocalIndex node) const {
  if (node < graph_->size()) {
    const auto begin = at(graph_->row_begin(node)), count = at(graph_->row_end(node)) - begin;
    return {{graph_->neighbour() + begin, count}, std::span(value_).subspan(begin, count)};
  }
  const auto place = at(place_[at(node - graph_->size())]);
  const auto begin = at(fetched_ptr_[place]), count = at(fetched_ptr_[place + 1]) - begin;
  return {std::span(fetched_column_).subspan(begin, count), std::span(fetched_value_).subspan(begin, count)};
}

}  // namespace synbal::detail
