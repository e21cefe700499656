// Most rows lose nobody: they are copied with new columns; the others are put together from what is left of them and
// what was added.
#include "laplacian/elimination_graph.hpp"

#include <algorithm>

namespace synbal::detail {

namespace {

class Rest {
 public:
  Rest(const ConductanceGraph& graph, const ChangingGraph& changing, std::span<const LocalIndex> left)
      : graph_(graph), changing_(changing), left_(left) {
    parts_.nodes = Ownership::of_counts(graph.comm(), static_cast<GlobalIndex>(left.size()));
    number_columns();
    number_far();
    collect_ghosts();
  }

  std::unique_ptr<ConductanceGraph> build() {
    reserve();
    for (std::size_t k = 0; k < left_.size(); ++k) {
      const auto i = left_[k];
      changing_.changed(i) ? put_changed(i) : copy(i);
      rows_.row_ptr.push_back(end_);
      parts_.ground.push_back(changing_.ground(i));
      parts_.component.push_back(graph_.component()[at(i)]);
    }
    rows_.neighbour.resize(at(end_)), rows_.conductance.resize(at(end_));
    parts_.component_rows = graph_.component_rows();
    parts_.grounded_component = graph_.grounded_component();
    parts_.unit = graph_.unit();
    return std::make_unique<ConductanceGraph>(graph_.comm(), std::move(parts_), std::move(rows_));
  }

 private:
  using Entry = std::pair<LocalIndex, double>;

  // Collective. New global indices of the old columns.
  void number_columns() {
    number_.assign(at(graph_.size()), -1);
    for (std::size_t k = 0; k < left_.size(); ++k) {
      number_[at(left_[k])] = parts_.nodes.first() + static_cast<GlobalIndex>(k);
    }
    number_ = with_ghosts(graph_.halo(), std::move(number_));
  }

  // Collective. New global indices of nodes of other ranks to which chains have brought edges.
  void number_far() {
    std::vector<GlobalIndex> far;
    for (const auto i : left_) {
      for (const auto& link : changing_.added(i)) far.push_back(link.node);
    }
    far_ = Halo(graph_.comm(), graph_.nodes(), foreign(graph_.nodes(), std::move(far)));
    far_number_ = with_ghosts(far_, std::span(number_).first(at(graph_.size())));
  }

  // Ghosts of rows that are left; then the new local index of every old column.
  void collect_ghosts() {
    const auto n = at(graph_.size());
    std::vector<std::uint8_t> used(number_.size(), 0);
    for (const auto i : graph_.border()) {
      for (auto e = graph_.row_remote(i); number_[at(i)] >= 0 && e < graph_.row_end(i); ++e) {
        used[at(graph_.neighbour()[e])] = 1;
      }
    }
    auto ghosts = std::vector<GlobalIndex>(far_number_.begin() + graph_.size(), far_number_.end());
    for (auto g = n; g < used.size(); ++g) {
      if (used[g] != 0 && number_[g] >= 0) ghosts.push_back(number_[g]);
    }
    rows_.ghosts = distinct(std::move(ghosts));
    column_.reserve(number_.size());
    for (const auto number : number_) column_.push_back(number < 0 ? -1 : local(number));
  }

  /// Of a new global index; meaningless for one that no row that is left has.
  [[nodiscard]] LocalIndex local(GlobalIndex number) const {
    if (parts_.nodes.owns(number)) return static_cast<LocalIndex>(number - parts_.nodes.first());
    const auto& ghosts = rows_.ghosts;
    return static_cast<LocalIndex>(parts_.nodes.count() +
                                   (std::lower_bound(ghosts.begin(), ghosts.end(), number) - ghosts.begin()));
  }

  void reserve() {
    std::int64_t entries = 0;
    for (const auto i : left_) entries += graph_.row_end(i) - graph_.row_begin(i);
    for (const auto i : left_) entries += static_cast<std::int64_t>(changing_.added(i).size());
    rows_.neighbour.resize(at(entries)), rows_.conductance.resize(at(entries));
    rows_.row_ptr.reserve(left_.size() + 1);
    for (auto* values : {&rows_.degree, &parts_.ground}) values->reserve(left_.size());
    rows_.remote.reserve(left_.size()), parts_.component.reserve(left_.size());
  }

  void copy(LocalIndex i) {
    const auto begin = graph_.row_begin(i), length = graph_.row_end(i) - begin;
    const auto* neighbour = graph_.neighbour() + begin;
    auto* const to = rows_.neighbour.data() + end_;
    for (std::int64_t e = 0; e < length; ++e) to[e] = column_[at(neighbour[e])];
    std::copy_n(graph_.conductance() + begin, length, rows_.conductance.data() + end_);
    rows_.remote.push_back(end_ + graph_.row_remote(i) - begin);
    rows_.degree.push_back(graph_.degree()[at(i)] + (changing_.ground(i) - graph_.ground()[at(i)]));
    end_ += length;
  }

  // What is left of the row and what was added, both by ascending columns: owned neighbours have the smaller ones.
  void put_changed(LocalIndex i) {
    collect_added(i);
    const auto own = parts_.nodes.count();
    const auto *column = column_.data(), *old = graph_.neighbour();
    const double* conductance = graph_.conductance();
    auto* to = rows_.neighbour.data() + end_;
    double* weight = rows_.conductance.data() + end_;
    double degree = changing_.ground(i);
    LocalIndex length = 0, remote = 0;
    const auto put = [&](LocalIndex j, double w) {
      to[length] = j, weight[length] = w, degree += w, ++length;
      remote += j < own ? 1 : 0;
    };
    const Entry *next = added_.data(), *const end = next + added_.size();
    for (auto e = graph_.row_begin(i), last = graph_.row_end(i); e < last; ++e) {
      const auto j = column[old[e]];
      if (j < 0) continue;
      for (; next != end && next->first < j; ++next) put(next->first, next->second);
      const bool both = next != end && next->first == j;
      put(j, both ? conductance[e] + (next++)->second : conductance[e]);
    }
    for (; next != end; ++next) put(next->first, next->second);
    rows_.remote.push_back(end_ + remote);
    rows_.degree.push_back(degree);
    end_ += length;
  }

  void collect_added(LocalIndex i) {
    added_.clear();
    for (const auto& link : changing_.added(i)) {
      const auto far = far_.local(link.node);
      const auto column = far < graph_.size() ? column_[at(far)] : local(far_number_[at(far)]);
      added_.emplace_back(column, link.added);
    }
    std::sort(added_.begin(), added_.end());
  }

  const ConductanceGraph& graph_;
  const ChangingGraph& changing_;
  std::span<const LocalIndex> left_;
  GraphParts parts_;
  LocalRows rows_;
  std::int64_t end_ = 0;                          // entries so far
  std::vector<GlobalIndex> number_, far_number_;  // new global indices of old columns, of those of far_; -1: gone
  Halo far_;
  std::vector<LocalIndex> column_;  // [n + ghosts] new local indices
  std::vector<Entry> added_;
};

}  // namespace

std::unique_ptr<ConductanceGraph> graph_of_the_rest(const ConductanceGraph& graph, const ChangingGraph& changing,
                                                    std::span<const LocalIndex> left) {
  return Rest(graph, changing, left).build();
}

}  // namespace synbal::detail
