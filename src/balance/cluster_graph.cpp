// Rows that take up rows, one linear merge each.
#include "balance/cluster_graph.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/types.hpp"

namespace synbal {

namespace {

bool before(const ClusterLink& link, ClusterNode node) { return link.other < node; }

void add(ClusterLink& to, const ClusterLink& from) {
  to.in += from.in, to.out += from.out, to.carried += from.carried, to.weight += from.weight;
}

}  // namespace

ClusterGraph::ClusterGraph(std::vector<Row> rows, ClusterNode pinned)
    : rows_(std::move(rows)), name_(rows_.size()), pinned_(pinned) {
  for (std::size_t i = 0; i < name_.size(); ++i) name_[i] = static_cast<ClusterNode>(i);
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
