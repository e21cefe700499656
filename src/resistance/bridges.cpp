// Two forests from each rank, two of all, and a walk in depth over them (Tarjan 1974).
#include "resistance/bridges.hpp"

#include <algorithm>
#include <numeric>
#include <span>

namespace synbal::detail {

namespace {

class Sets {
 public:
  explicit Sets(GlobalIndex size) : parent_(at(size)) { std::iota(parent_.begin(), parent_.end(), GlobalIndex{0}); }
  /// False when they were together before.
  bool join(GlobalIndex i, GlobalIndex j) {
    i = find(i), j = find(j);
    if (i == j) return false;
    parent_[at(std::max(i, j))] = std::min(i, j);
    return true;
  }

 private:
  GlobalIndex find(GlobalIndex i) {
    while (parent_[at(i)] != i) i = parent_[at(i)] = parent_[at(parent_[at(i)])];
    return i;
  }
  std::vector<GlobalIndex> parent_;
};

/// Takes edges, and keeps two forests of them.
class TwoForests {
 public:
  explicit TwoForests(GlobalIndex places) : first_(places), second_(places) {}
  void add(const NodeEnds& ends, GlobalIndex i, GlobalIndex j) {
    if (first_.join(i, j) || second_.join(i, j)) kept_.push_back(ends);
  }
  [[nodiscard]] const std::vector<NodeEnds>& kept() const { return kept_; }

 private:
  Sets first_, second_;
  std::vector<NodeEnds> kept_;
};

/// Of this rank's edges, by places: owned nodes, ghosts, ground.
std::vector<NodeEnds> kept_of_rank(const ConductanceGraph& graph) {
  const GlobalIndex ground = graph.size() + graph.halo().ghost_count();
  TwoForests forests(ground + 1);
  for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double) {
    forests.add({graph.global(i), graph.global(j)}, i, j);
  });
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (graph.ground()[at(i)] > 0) forests.add({graph.global(i), graph.global_size()}, i, ground);
  }
  return forests.kept();
}

// Collective.
std::vector<NodeEnds> gathered(const Comm& comm, const std::vector<NodeEnds>& own) {
  std::vector<GlobalIndex> ends;
  for (const auto& e : own) ends.push_back(e.low), ends.push_back(e.high);
  ends = comm.gather_all(std::span<const GlobalIndex>(ends));
  std::vector<NodeEnds> all;
  for (std::size_t k = 0; k < ends.size(); k += 2) all.push_back({ends[k], ends[k + 1]});
  return all;
}

/// Edges around every node.
struct Around {
  std::vector<std::int64_t> begin;
  std::vector<std::int64_t> edge;

  Around(GlobalIndex nodes, const std::vector<NodeEnds>& edges) : begin(at(nodes) + 1, 0), edge(2 * edges.size()) {
    for (const auto& e : edges) ++begin[at(e.low) + 1], ++begin[at(e.high) + 1];
    for (std::size_t i = 1; i < begin.size(); ++i) begin[i] += begin[i - 1];
    auto next = begin;
    for (std::size_t e = 0; e < edges.size(); ++e) {
      for (const auto node : {edges[e].low, edges[e].high}) edge[at(next[at(node)]++)] = static_cast<std::int64_t>(e);
    }
  }
};

class DepthWalk {
 public:
  DepthWalk(GlobalIndex nodes, const std::vector<NodeEnds>& edges)
      : edges_(edges), around_(nodes, edges), next_(around_.begin), entered_(at(nodes), -1), lowest_(at(nodes), 0) {}

  std::vector<NodeEnds> bridges() {
    for (std::size_t root = 0; root < entered_.size(); ++root) {
      if (entered_[root] < 0) walk(static_cast<GlobalIndex>(root));
    }
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  struct Step {
    GlobalIndex node;
    std::int64_t edge;  // by which it was reached
  };

  void enter(GlobalIndex node, std::int64_t edge) {
    entered_[at(node)] = lowest_[at(node)] = clock_++;
    path_.push_back({node, edge});
  }

  void walk(GlobalIndex root) {
    enter(root, -1);
    while (!path_.empty()) {
      const auto [node, by] = path_.back();
      if (next_[at(node)] == around_.begin[at(node) + 1]) {
        leave();
        continue;
      }
      const auto edge = around_.edge[at(next_[at(node)]++)];
      if (edge == by) continue;
      const auto other = edges_[at(edge)].low == node ? edges_[at(edge)].high : edges_[at(edge)].low;
      if (entered_[at(other)] < 0) {
        enter(other, edge);
      } else {
        lowest_[at(node)] = std::min(lowest_[at(node)], entered_[at(other)]);
      }
    }
  }

  void leave() {
    const auto [node, by] = path_.back();
    path_.pop_back();
    if (path_.empty()) return;
    const auto above = path_.back().node;
    lowest_[at(above)] = std::min(lowest_[at(above)], lowest_[at(node)]);
    if (lowest_[at(node)] > entered_[at(above)]) found_.push_back(edges_[at(by)]);
  }

  const std::vector<NodeEnds>& edges_;
  Around around_;
  std::vector<std::int64_t> next_, entered_, lowest_;
  std::int64_t clock_ = 0;
  std::vector<Step> path_;
  std::vector<NodeEnds> found_;
};

}  // namespace

std::vector<NodeEnds> bridges_of(const ConductanceGraph& graph) {
  const auto nodes = graph.global_size() + 1;
  TwoForests forests(nodes);
  for (const auto& e : gathered(graph.comm(), kept_of_rank(graph))) forests.add(e, e.low, e.high);
  return DepthWalk(nodes, forests.kept()).bridges();
}

}  // namespace synbal::detail
