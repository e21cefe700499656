// Rows that take up rows, one linear merge each.
#include "balance/clusters/cluster_graph.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>

#include "synbal/core/types.hpp"

namespace synbal {

namespace {

bool before(const ClusterLink& link, ClusterNode node) { return link.other < node; }

void add(ClusterLink& to, const ClusterLink& from) {
  to.in += from.in, to.out += from.out, to.carried += from.carried, to.weight += from.weight;
}

void sum_places(ClusterGraph::Row& row) {
  std::stable_sort(row.begin(), row.end(), [](const auto& a, const auto& b) { return a.other < b.other; });
  std::size_t last = 0;
  for (std::size_t k = 1; k < row.size(); ++k) {
    if (row[k].other == row[last].other) {
      add(row[last], row[k]);
    } else {
      row[++last] = row[k];
    }
  }
  if (!row.empty()) row.resize(last + 1, {0});
}

}  // namespace

ClusterGraph::ClusterGraph(ClusterNode nodes, const std::vector<Cost>& costs, ClusterNode pinned)
    : rows_(at(nodes)), name_(at(nodes)), pinned_(pinned) {
  for (ClusterNode i = 0; i < nodes; ++i) name_[at(i)] = i;
  for (const auto& c : costs) {
    if (c.post == c.pre || c.cost == 0) continue;
    rows_[at(c.post)].push_back({c.pre, c.cost, 0, 0, c.cost});
    rows_[at(c.pre)].push_back({c.post, 0, c.cost, 0, c.cost});
  }
  for (auto& row : rows_) sum_places(row);
}

std::vector<std::pair<ClusterNode, ClusterNode>> ClusterGraph::strongest_first() const {
  std::vector<std::pair<Extended, std::pair<ClusterNode, ClusterNode>>> links;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (const auto& link : rows_[i]) {
      if (at(link.other) < i) links.push_back({link.in + link.out, {static_cast<ClusterNode>(i), link.other}});
    }
  }
  std::stable_sort(links.begin(), links.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::pair<ClusterNode, ClusterNode>> pairs;
  for (const auto& link : links) pairs.push_back(link.second);
  return pairs;
}

ClusterNode ClusterGraph::find(ClusterNode i) {
  while (name_[at(i)] != i) i = name_[at(i)] = name_[at(name_[at(i)])];
  return i;
}

std::pair<ClusterNode, ClusterNode> ClusterGraph::clusters_of(ClusterNode i, ClusterNode j) {
  i = find(i), j = find(j);
  const bool swap = i == pinned_ || (j != pinned_ && row(i).size() > row(j).size());
  return swap ? std::pair(j, i) : std::pair(i, j);
}

std::pair<Extended, Extended> ClusterGraph::flows(ClusterNode cluster) const {
  Extended in = 0, out = 0;
  for (const auto& link : row(cluster)) in += link.in, out += link.out;
  return {in, out};
}

void ClusterGraph::shift(ClusterNode cluster, Extended offset) {
  const Extended incoming = std::exp(-offset), outgoing = std::exp(offset);
  for (auto& link : rows_[at(cluster)]) {
    link.in *= incoming, link.out *= outgoing;
    auto& back = rows_[at(link.other)];
    const auto mirror = std::lower_bound(back.begin(), back.end(), cluster, before);
    mirror->in *= outgoing, mirror->out *= incoming;
  }
}

// row + added, without the link to `dropped`.
void ClusterGraph::absorb(Row& row, const Row& added, ClusterNode dropped) {
  Row sum;
  sum.reserve(row.size() + added.size());
  auto a = row.begin();
  auto b = added.begin();
  while (a != row.end() || b != added.end()) {
    if (a != row.end() && a->other == dropped) {
      ++a;
    } else if (b == added.end() || (a != row.end() && a->other < b->other)) {
      sum.push_back(*a++);
    } else {
      sum.push_back(*b++);
      if (a != row.end() && a->other == sum.back().other) add(sum.back(), *a++);
    }
  }
  work_ += static_cast<std::int64_t>(sum.size());
  row = std::move(sum);
}

Pivot ClusterGraph::eliminate(ClusterNode gone, ClusterNode stays) {
  Pivot pivot{gone, 0, 0, {}};
  const auto [in, out] = flows(gone);
  pivot.right = in - out;
  Extended carried = 0;
  for (const auto& link : row(gone)) {
    carried += link.carried, pivot.total += link.weight;
    pivot.weights.emplace_back(link.other, link.weight);
  }
  pivot.right += carried;
  contract(gone, stays, pivot.right, pivot.total);
  return pivot;
}

std::optional<std::vector<Pivot>> ClusterGraph::eliminate_all(std::int64_t most_work) {
  using Place = std::pair<std::size_t, ClusterNode>;  // links when it was queued
  std::priority_queue<Place, std::vector<Place>, std::greater<>> next;
  for (ClusterNode i = 0; i < static_cast<ClusterNode>(rows_.size()); ++i) next.emplace(row(i).size(), i);
  std::vector<Pivot> pivots;
  while (!next.empty()) {
    const auto [links, gone] = next.top();
    next.pop();
    if (links == 0 || gone == pinned_ || links != row(gone).size()) continue;  // nothing to go into, or queued anew
    const auto strongest = std::ranges::max_element(row(gone), {}, &ClusterLink::weight)->other;
    auto neighbours = row(gone);
    pivots.push_back(eliminate(gone, strongest));
    for (const auto& link : neighbours) next.emplace(row(link.other).size(), link.other);
    if (work_ > most_work) return {};
  }
  return pivots;
}

// What the right side of `gone` hands to its neighbours outside is carried over the border of the merged cluster.
void ClusterGraph::contract(ClusterNode gone, ClusterNode stays, Extended right, Extended total) {
  const Row links = std::move(rows_[at(gone)]);
  rows_[at(gone)] = {};
  name_[at(gone)] = stays;
  const auto share = [&](const ClusterLink& link) { return total > 0 ? link.weight / total : Extended{0}; };
  const bool fills = total > 0;
  for (const auto& to : links) {
    Row added;
    for (const auto& via : links) {
      if (via.other == to.other) continue;
      ClusterLink link{via.other, 0, 0, 0, share(to) * via.weight};
      if (to.other == stays) {
        link.in = via.in, link.out = via.out, link.carried = via.carried - share(via) * right;
      } else if (via.other == stays) {
        link.in = to.out, link.out = to.in, link.carried = share(to) * right - to.carried;
      } else if (!fills) {
        continue;
      }
      added.push_back(link);
    }
    absorb(rows_[at(to.other)], added, gone);
  }
}

}  // namespace synbal
