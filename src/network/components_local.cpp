// Strongly connected pieces inside one rank: the largest by what it leads to and what leads to it, the others by
// depth-first search without recursion.
#include <optional>

#include "network/components_detail.hpp"
#include "network/tuning.hpp"

namespace synbal::detail {
namespace {

using Marks = std::vector<bool>;  // a bit a vertex: they stay in a near cache

/// The piece of the vertex with most neighbours, which in a recurrent network is nearly all of it: what that leads to
/// and what of this leads to it (Fleischer, Hendrickson and Pinar 2000). Whoever is found is not looked at again, so
/// that most edges never are.
class PivotSearch {
 public:
  explicit PivotSearch(const Adjacency& graph) : graph_(graph), pivot_(widest()) {}

  /// Nothing where the pivot leads to less than half of the graph, or the way back takes long to find.
  std::optional<Marks> run() {
    reach();
    if (reached_ < graph_.size() - reached_ || !search_back()) return std::nullopt;
    return std::move(leads_back_);
  }

 private:
  [[nodiscard]] LocalIndex widest() const {
    const auto width = [&](LocalIndex v) { return graph_.last(v) - graph_.first(v); };
    LocalIndex found = 0;
    for (LocalIndex v = 1; v < graph_.size(); ++v) {
      if (width(v) > width(found)) found = v;
    }
    return found;
  }

  void reach() {
    reaches_.assign(at(graph_.size()), false);
    std::vector<LocalIndex> found;
    found.reserve(at(graph_.size()));
    const auto find = [&](LocalIndex v) {
      if (reaches_[at(v)]) return;
      reaches_[at(v)] = true;
      found.push_back(v);
    };
    find(pivot_);
    for (std::size_t k = 0; k < found.size() && std::ssize(found) < graph_.size(); ++k) {
      ask_ahead(found, k);
      for (auto e = graph_.first(found[k]); e <= graph_.last(found[k]); ++e) {
        if (const auto w = graph_.neighbour(found[k], e); w >= 0) find(w);
      }
    }
    reached_ = static_cast<LocalIndex>(found.size());
  }

  /// Rows come in any order: where one begins and what it holds is asked for before it is needed.
  void ask_ahead(const std::vector<LocalIndex>& found, std::size_t k) const {
    constexpr std::size_t rows = 8;
    if (k + 2 * rows < found.size()) __builtin_prefetch(&graph_.row_ptr[at(found[k + 2 * rows])]);
    if (k + rows < found.size()) __builtin_prefetch(graph_.column.data() + graph_.first(found[k + rows]));
  }

  /// Sweeps up and down until one finds nobody, or all are found. False when they look at too many edges.
  bool search_back() {
    leads_back_.assign(at(graph_.size()), false);
    leads_back_[at(pivot_)] = true;
    auto edges_left = tuning::kPivotPasses * std::ssize(graph_.column);
    for (LocalIndex left = reached_ - 1, before = -1; left > 0 && left != before && edges_left >= 0;) {
      before = left;
      edges_left -= graph_.size() / 4;  // looking at who was found takes time, too
      for (LocalIndex v = 0; v < graph_.size(); ++v) left -= try_back(v, edges_left) ? 1 : 0;
      for (LocalIndex v = graph_.size(); v-- > 0 && left > 0;) left -= try_back(v, edges_left) ? 1 : 0;
    }
    return edges_left >= 0;
  }

  /// True when v is found to lead to a neighbour that leads back.
  bool try_back(LocalIndex v, std::int64_t& edges_left) {
    if (leads_back_[at(v)] || !reaches_[at(v)]) return false;
    for (auto e = graph_.first(v); e <= graph_.last(v); ++e, --edges_left) {
      const auto w = graph_.neighbour(v, e);
      if (w >= 0 && leads_back_[at(w)]) return leads_back_[at(v)] = true;
    }
    return false;
  }

  Adjacency graph_;
  LocalIndex pivot_;
  Marks reaches_, leads_back_;
  LocalIndex reached_ = 0;
};

/// Pearce's search. mark: 0 new; on the way: order of discovery, lowered to that of the oldest vertex reached; done:
/// n - piece, which is larger than any order still in use.
class PieceSearch {
 public:
  explicit PieceSearch(const Adjacency& graph)
      : graph_(graph), size_(graph.size()), mark_(at(size_), 0), next_mark_(size_) {}

  /// A whole piece is known.
  void finish(const Marks& piece) {
    for (LocalIndex v = 0; v < size_; ++v) {
      if (piece[at(v)]) mark_[at(v)] = next_mark_;
    }
    --next_mark_;
  }

  Pieces run() {
    for (LocalIndex v = 0; v < size_; ++v) {
      if (mark_[at(v)] == 0) visit(v);
    }
    for (auto& mark : mark_) mark = size_ - mark;
    return {std::move(mark_), size_ - next_mark_};
  }

 private:
  struct Frame {
    LocalIndex vertex;
    bool oldest;        // no older vertex has been reached from here
    std::int64_t edge;  // the next to look at
  };

  void visit(LocalIndex start) {
    open(start);
    while (!path_.empty()) {
      const LocalIndex fresh = advance(path_.back());
      if (fresh >= 0) {
        open(fresh);
      } else {
        close(path_.back());
        path_.pop_back();
      }
    }
  }

  void open(LocalIndex v) {
    mark_[at(v)] = ++order_;
    path_.push_back({v, true, graph_.first(v)});
  }

  /// Looks at edges up to one that leads to a new vertex, which is returned and looked at again after its visit; else
  /// -1.
  LocalIndex advance(Frame& frame) {
    const auto last = graph_.last(frame.vertex);
    LocalIndex lowest = mark_[at(frame.vertex)];
    LocalIndex fresh = -1;
    for (; frame.edge <= last; ++frame.edge) {
      const LocalIndex w = graph_.neighbour(frame.vertex, frame.edge);
      if (w < 0) continue;
      if (mark_[at(w)] == 0) {
        fresh = w;
        break;
      }
      if (mark_[at(w)] < lowest) {
        lowest = mark_[at(w)];
        frame.oldest = false;
      }
    }
    mark_[at(frame.vertex)] = lowest;
    return fresh;
  }

  void close(const Frame& frame) {
    if (!frame.oldest) {
      waiting_.push_back(frame.vertex);
      return;
    }
    const LocalIndex mine = mark_[at(frame.vertex)];
    --order_;
    for (; !waiting_.empty() && mark_[at(waiting_.back())] >= mine; waiting_.pop_back(), --order_) {
      mark_[at(waiting_.back())] = next_mark_;
    }
    mark_[at(frame.vertex)] = next_mark_--;
  }

  Adjacency graph_;
  LocalIndex size_;
  std::vector<LocalIndex> mark_;
  LocalIndex next_mark_;
  LocalIndex order_ = 0;
  std::vector<Frame> path_;
  std::vector<LocalIndex> waiting_;
};

}  // namespace

Pieces strong_pieces(const Adjacency& graph) {
  PieceSearch search(graph);
  if (graph.size() > 0) {
    if (const auto large = PivotSearch(graph).run()) search.finish(*large);
  }
  return search.run();
}

}  // namespace synbal::detail
