// Batches of ghosts' rows: requests by owner, lengths, then columns and values.
#include "synbal/graph/ghost_rows.hpp"

#include <algorithm>
#include <cmath>

namespace synbal::detail {

namespace {

/// Entries sum per rank of what is asked of it, in rank order.
std::vector<std::int64_t> sums_by_rank(std::span<const std::int64_t> lengths, std::span<const std::int64_t> counts) {
  std::vector<std::int64_t> sums;
  std::size_t k = 0;
  for (const auto count : counts) {
    std::int64_t sum = 0;
    for (std::int64_t c = 0; c < count; ++c) sum += lengths[k++];
    sums.push_back(sum);
  }
  return sums;
}

}  // namespace

GhostRows::GhostRows(const ConductanceGraph& graph, std::int64_t most)
    : graph_(&graph), most_(most), known_(at(graph.size()) + graph.halo().ghosts().size()) {
  const auto n = at(graph.size());
  root_.resize(known_);
  for (std::size_t i = 0; i < n; ++i) root_[i] = graph.degree()[i] > 0 ? 1 / std::sqrt(graph.degree()[i]) : 0.0;
  HaloExchange<double>(graph.halo()).forward(std::span(root_).first(n), std::span(root_).subspan(n));
  std::vector<std::int64_t> length(n);
  for (LocalIndex i = 0; i < graph.size(); ++i) length[at(i)] = graph.row_end(i) - graph.row_begin(i);
  ghost_length_.resize(graph.halo().ghosts().size());
  HaloExchange<std::int64_t>(graph.halo()).forward(length, ghost_length_);
  value_.resize(n > 0 ? at(graph.row_end(graph.size() - 1)) : 0);
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      value_[at(e)] = graph.conductance()[e] * root_[at(i)] * root_[at(graph.neighbour()[e])];
    }
  }
  place_.assign(ghost_length_.size(), -1);
  std::int64_t own = 0;
  for (LocalIndex i = 0; i < graph.size(); i = batch_end(i)) ++own;
  batches_ = graph.comm().max(own);
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
  std::sort(ghosts.begin(), ghosts.end());
  ghosts.erase(std::unique(ghosts.begin(), ghosts.end()), ghosts.end());
  return ghosts;
}

void GhostRows::next() {
  begin_ = end_;
  end_ = batch_end(begin_);
  const auto ghosts = ghosts_of_batch();
  std::fill(place_.begin(), place_.end(), std::int64_t{-1});
  for (std::size_t k = 0; k < ghosts.size(); ++k) place_[at(ghosts[k])] = static_cast<std::int64_t>(k);
  fetch(ghosts);
}

// Collective. Ghosts ascend, and so do their owners.
void GhostRows::fetch(const std::vector<LocalIndex>& ghosts) {
  const auto& comm = graph_->comm();
  const auto& nodes = graph_->nodes();
  std::vector<GlobalIndex> wanted;
  std::vector<std::int64_t> lengths, counts(at(comm.size()), 0);
  for (const auto g : ghosts) {
    wanted.push_back(graph_->halo().ghosts()[at(g)]);
    lengths.push_back(ghost_length_[at(g)]);
    ++counts[at(nodes.owner(wanted.back()))];
  }
  const auto asked = comm.exchange(std::span<const GlobalIndex>(wanted), counts);
  std::vector<GlobalIndex> columns;
  std::vector<double> values;
  std::vector<std::int64_t> asked_lengths;
  for (const auto node : asked.values) {
    const auto i = static_cast<LocalIndex>(node - nodes.first());
    for (auto e = graph_->row_begin(i); e < graph_->row_end(i); ++e) {
      columns.push_back(graph_->global(graph_->neighbour()[e]));
      values.push_back(value_[at(e)]);
    }
    asked_lengths.push_back(graph_->row_end(i) - graph_->row_begin(i));
  }
  const auto sent = sums_by_rank(asked_lengths, asked.counts);
  const auto got_columns = comm.exchange(std::span<const GlobalIndex>(columns), sent);
  fetched_value_ = comm.exchange(std::span<const double>(values), sent).values;
  fetched_ptr_.assign(1, 0);
  for (const auto length : lengths) fetched_ptr_.push_back(fetched_ptr_.back() + length);
  number_columns(got_columns.values);
}

void GhostRows::number_columns(const std::vector<GlobalIndex>& global) {
  const auto& nodes = graph_->nodes();
  const auto& ghosts = graph_->halo().ghosts();
  const auto ghost_of = [&](GlobalIndex node) {
    const auto it = std::lower_bound(ghosts.begin(), ghosts.end(), node);
    return it != ghosts.end() && *it == node ? it - ghosts.begin() : std::ptrdiff_t{-1};
  };
  far_.clear();
  for (const auto node : global) {
    if (!nodes.owns(node) && ghost_of(node) < 0) far_.push_back(node);
  }
  std::sort(far_.begin(), far_.end());
  far_.erase(std::unique(far_.begin(), far_.end()), far_.end());
  fetched_column_.clear();
  for (const auto node : global) {
    std::ptrdiff_t column = nodes.owns(node) ? node - nodes.first() : ghost_of(node);
    if (!nodes.owns(node)) {
      column = column >= 0 ? graph_->size() + column
                           : static_cast<std::ptrdiff_t>(known_) +
                                 (std::lower_bound(far_.begin(), far_.end(), node) - far_.begin());
    }
    fetched_column_.push_back(static_cast<LocalIndex>(column));
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
