// Strongly connected pieces inside one rank, by depth-first search without recursion.
#include "network/components_detail.hpp"

namespace synbal::detail {
namespace {

/// Pearce's search. mark: 0 new; on the way: order of discovery, lowered to that of the oldest vertex reached; done:
/// n - piece, which is larger than any order still in use.
class PieceSearch {
 public:
  explicit PieceSearch(const Adjacency& graph)
      : graph_(graph),
        size_(static_cast<LocalIndex>(graph.row_ptr.size()) - 1),
        mark_(at(size_), 0),
        next_mark_(size_) {}

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
    std::int64_t edge;  // the next to look at; row_ptr[vertex + 1] is the extra one
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
    path_.push_back({v, true, graph_.row_ptr[at(v)]});
  }

  /// Looks at edges up to one that leads to a new vertex, which is returned and looked at again after its visit; else
  /// -1.
  LocalIndex advance(Frame& frame) {
    const auto end = graph_.row_ptr[at(frame.vertex) + 1];
    LocalIndex lowest = mark_[at(frame.vertex)];
    LocalIndex fresh = -1;
    for (; frame.edge <= end; ++frame.edge) {
      const LocalIndex w = frame.edge < end ? graph_.column[at(frame.edge)] : extra(frame.vertex);
      if (w < 0 || w >= size_) continue;
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

  [[nodiscard]] LocalIndex extra(LocalIndex v) const { return graph_.extra.empty() ? -1 : graph_.extra[at(v)]; }

  Adjacency graph_;
  LocalIndex size_;
  std::vector<LocalIndex> mark_;
  LocalIndex next_mark_;
  LocalIndex order_ = 0;
  std::vector<Frame> path_;
  std::vector<LocalIndex> waiting_;
};

}  // namespace

Pieces strong_pieces(const Adjacency& graph) { return PieceSearch(graph).run(); }

}  // namespace synbal::detail
