// The pattern along the elimination tree, and the factor column by column, each from the columns before it.
#include "synbal/krylov/star_mesh.hpp"

#include <algorithm>

#include "synbal/core/types.hpp"
#include "synbal/krylov/operator.hpp"

namespace synbal {

namespace {

constexpr std::int32_t kNone = -1;

/// Columns that wait for the next of their rows, in a list for every row.
class WaitingColumns {
 public:
  explicit WaitingColumns(std::int32_t size) : first_(at(size), kNone), next_(at(size), kNone) {}
  void put(std::int32_t row, std::int32_t column) { next_[at(column)] = first_[at(row)], first_[at(row)] = column; }
  /// visit(column), which may put columns elsewhere.
  template <class Visit>
  void take(std::int32_t row, Visit&& visit) {
    for (auto column = first_[at(row)]; column != kNone;) {
      const auto next = next_[at(column)];
      visit(column);
      column = next;
    }
  }

 private:
  std::vector<std::int32_t> first_, next_;
};

/// sums[row] += factor * value; rows without gaps are vector operations.
void add_scaled(const std::int32_t* row, const double* value, std::int64_t count, double factor, double* sums) {
  if (count <= 0) return;
  if (row[count - 1] - row[0] == count - 1) {
    double* to = sums + row[0];
    for (std::int64_t q = 0; q < count; ++q) to[q] += factor * value[q];
    return;
  }
  for (std::int64_t q = 0; q < count; ++q) sums[row[q]] += factor * value[q];
}

}  // namespace

StarMesh::StarMesh(std::int32_t nodes, std::span<const PlainEdge> edges, const EliminationOrder& order)
    : nodes_(nodes), node_(order.node), place_(at(nodes) + 1) {
  node_.push_back(nodes);
  for (std::size_t k = 0; k < node_.size(); ++k) place_[at(node_[k])] = static_cast<std::int32_t>(k);
  find_pattern(edges);
  find_slots(edges);
  set_conductances(edges);
}

// Every column has the rows of its own edges and those of the columns whose first row it is.
void StarMesh::find_pattern(std::span<const PlainEdge> edges) {
  std::vector<std::int64_t> start(at(size()) + 1, 0);
  const auto low = [&](const PlainEdge& e) { return std::min(place_[at(e.i)], place_[at(e.j)]); };
  const auto high = [&](const PlainEdge& e) { return std::max(place_[at(e.i)], place_[at(e.j)]); };
  for (const auto& e : edges) ++start[at(low(e)) + 1];
  for (std::size_t k = 1; k < start.size(); ++k) start[k] += start[k - 1];
  std::vector<std::int32_t> above(edges.size());
  auto next = start;
  for (const auto& e : edges) above[at(next[at(low(e))]++)] = high(e);
  std::vector<std::int32_t> seen(at(size()), kNone);
  WaitingColumns children(size());
  begin_.assign(1, 0);
  for (std::int32_t k = 0; k < size(); ++k) {
    seen[at(k)] = k;
    const auto add = [&](std::int32_t row) {
      if (seen[at(row)] != k) seen[at(row)] = k, column_.push_back(row);
    };
    for (auto e = start[at(k)]; e < start[at(k) + 1]; ++e) add(above[at(e)]);
    children.take(k, [&](std::int32_t child) {
      for (auto e = begin_[at(child)]; e < begin_[at(child) + 1]; ++e) add(column_[at(e)]);
    });
    std::sort(column_.begin() + begin_.back(), column_.end());
    if (std::ssize(column_) > begin_.back()) children.put(column_[at(begin_.back())], k);
    begin_.push_back(std::ssize(column_));
  }
}

std::int64_t StarMesh::slot(std::int32_t low, std::int32_t high) const {
  const auto begin = column_.begin() + begin_[at(low)], end = column_.begin() + begin_[at(low) + 1];
  return std::lower_bound(begin, end, high) - column_.begin();
}

void StarMesh::find_slots(std::span<const PlainEdge> edges) {
  slot_.reserve(edges.size());
  for (const auto& e : edges) {
    const auto [low, high] = std::minmax(place_[at(e.i)], place_[at(e.j)]);
    slot_.push_back(low == high ? -1 : slot(low, high));
  }
}

void StarMesh::set_conductances(std::span<const PlainEdge> edges) {
  share_.assign(column_.size(), 0.0);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    if (slot_[e] >= 0) share_[at(slot_[e])] += edges[e].conductance;
  }
  factorise();
}

// share_ holds conductances until their column is reached. A pivot is summed in extended precision, so that long
// columns cost no digit.
void StarMesh::factorise() {
  pivot_.assign(at(size()), 0.0);
  std::vector<double> sums(at(size()), 0.0);
  std::vector<std::int64_t> reached(begin_.begin(), begin_.end() - 1);
  WaitingColumns waiting(size());
  for (std::int32_t a = 0; a < size(); ++a) {
    const auto begin = begin_[at(a)], end = begin_[at(a) + 1];
    for (auto e = begin; e < end; ++e) sums[at(column_[at(e)])] = share_[at(e)];
    waiting.take(a, [&](std::int32_t k) {
      const auto e = reached[at(k)]++;
      const auto rest = begin_[at(k) + 1] - e - 1;
      if (rest == 0) return;
      const double conductance = share_[at(e)] * pivot_[at(k)];
      add_scaled(&column_[at(e) + 1], &share_[at(e) + 1], rest, conductance, sums.data());
      waiting.put(column_[at(e) + 1], k);
    });
    long double pivot = 0;
    for (auto e = begin; e < end; ++e) pivot += sums[at(column_[at(e)])];
    pivot_[at(a)] = static_cast<double>(pivot);
    for (auto e = begin; e < end; ++e) {
      share_[at(e)] = pivot > 0 ? sums[at(column_[at(e)])] / pivot_[at(a)] : 0.0;
    }
    if (begin < end) waiting.put(column_[at(begin)], a);
  }
}

namespace {

template <int M>
void forward(std::span<const std::int64_t> begin, const std::int32_t* row, const double* share, double* b) {
  for (std::size_t k = 0; k + 1 < begin.size(); ++k) {
    const double* own = b + k * M;
    for (auto e = begin[k]; e < begin[k + 1]; ++e) {
      double* to = b + std::int64_t{row[e]} * M;
      for (int c = 0; c < M; ++c) to[c] += share[e] * own[c];
    }
  }
}

template <int M>
void backward(std::span<const std::int64_t> begin, const std::int32_t* row, const double* share, const double* pivot,
              double* x) {
  for (auto k = begin.size() - 1; k-- > 0;) {
    double own[M];
    for (int c = 0; c < M; ++c) own[c] = pivot[k] > 0 ? x[k * M + static_cast<std::size_t>(c)] / pivot[k] : 0.0;
    for (auto e = begin[k]; e < begin[k + 1]; ++e) {
      const double* from = x + std::int64_t{row[e]} * M;
      for (int c = 0; c < M; ++c) own[c] += share[e] * from[c];
    }
    for (int c = 0; c < M; ++c) x[k * M + static_cast<std::size_t>(c)] = own[c];
  }
}

}  // namespace

void StarMesh::solve(std::span<double> b, int columns) const {
  const auto m = at(columns);
  std::vector<double> x(at(size()) * m, 0.0);
  for (std::size_t i = 0; i < at(nodes_); ++i) std::copy_n(&b[i * m], m, &x[at(place_[i]) * m]);
  with_width(columns, [&](auto width) {
    forward<width>(begin_, column_.data(), share_.data(), x.data());
    backward<width>(begin_, column_.data(), share_.data(), pivot_.data(), x.data());
  });
  for (std::size_t i = 0; i < at(nodes_); ++i) std::copy_n(&x[at(place_[i]) * m], m, &b[i * m]);
}

}  // namespace synbal
