// Updates of a row are gathered and merged in one pass, so that a hub does not pay for every leaf that it loses.
#include "laplacian/changing_graph.hpp"

#include <algorithm>

namespace synbal::laplacian {

namespace {
std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
}  // namespace

ChangingGraph::ChangingGraph(const ConductanceGraph& graph)
    : graph_(&graph), ground_(graph.ground().begin(), graph.ground().end()), slot_(at(graph.size()), -1) {}

std::int64_t ChangingGraph::neighbours(LocalIndex i) const {
  const auto slot = slot_[at(i)];
  if (slot < 0) return graph_->row_end(i) - graph_->row_begin(i);
  const auto& row = rows_[at(slot)];
  return static_cast<std::int64_t>(row.links.size() - row.pending.size());
}

ChangingGraph::Row& ChangingGraph::row_of(LocalIndex i) {
  if (slot_[at(i)] < 0) {
    Row row;
    for_each_original(i, [&](const Link& link) { row.links.push_back(link); });
    slot_[at(i)] = static_cast<std::int32_t>(rows_.size());
    rows_.push_back(std::move(row));
  }
  return rows_[at(slot_[at(i)])];
}

void ChangingGraph::update(LocalIndex i, std::span<const RowUpdate> updates) {
  auto& row = row_of(i);
  for (const auto& update : updates) ground_[at(i)] += update.ground;
  row.pending.insert(row.pending.end(), updates.begin(), updates.end());
  if (row.links.size() <= kShort || 3 * row.pending.size() >= row.links.size()) apply_pending(row);
}

void ChangingGraph::settle() {
  for (auto& row : rows_) {
    if (!row.pending.empty()) apply_pending(row);
  }
}

// An eliminated node never gets an edge again, so removals hold for all that is older. Conductances are added in the
// order of the updates, on both ends of an edge the same.
void ChangingGraph::apply_pending(Row& row) {
  std::vector<GlobalIndex> gone;
  std::vector<Link> added;
  for (const auto& update : row.pending) {
    gone.push_back(update.source);
    if (update.other >= 0) added.push_back({update.other, update.conductance});
  }
  std::sort(gone.begin(), gone.end());
  std::stable_sort(added.begin(), added.end(), [](const Link& a, const Link& b) { return a.node < b.node; });
  std::vector<Link> merged;
  merged.reserve(row.links.size() + added.size());
  const auto take = [&](const Link& link) {
    if (std::binary_search(gone.begin(), gone.end(), link.node)) return;
    if (!merged.empty() && merged.back().node == link.node) {
      merged.back().conductance += link.conductance;
    } else {
      merged.push_back(link);
    }
  };
  auto next = added.begin();
  for (const auto& link : row.links) {
    for (; next != added.end() && next->node < link.node; ++next) take(*next);
    take(link);
  }
  for (; next != added.end(); ++next) take(*next);
  row.links = std::move(merged);
  row.pending.clear();
}

}  // namespace synbal::laplacian
