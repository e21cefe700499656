// t_ik = w_ik + sum_j t_ij t_kj / d_j over common lower neighbours j; d_i = degree_i - sum_k t_ik^2 / d_k.
#include "laplacian/incomplete_factor.hpp"

#include <algorithm>
#include <cmath>

namespace synbal::laplacian {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr double kLeastPivot = 1e-7;        // of the diagonal: the last pivot of a component without ground may vanish
constexpr std::int64_t kUpdateBudget = 60;  // operations per entry that updates of entries may cost

class Factorisation {
 public:
  Factorisation(const ConductanceGraph& graph, RankChain& chain)
      : graph_(graph), chain_(chain), n_(graph.size()), pivot_(at(n_ + chain.ghosts()), 1.0) {
    take_lower_triangle();
    plan_ghost_rows();
  }

  IncompleteFactor run() {
    chain_.receive_from_below(pivot_, 1);
    if (foreign_) chain_.receive_rows_from_below<double>(ghost_ptr_, ghost_value_);
    if (updates_) place_.assign(pivot_.size(), -1);
    for (LocalIndex i = 0; i < n_; ++i) eliminate(i);
    chain_.send_above(pivot_, 1);
    if (foreign_) chain_.send_rows_above<double>(factor_.row_ptr, value_.data());
    scale();
    return std::move(factor_);
  }

 private:
  // Neighbours with smaller global index, ascending: ghosts of lower ranks come first.
  void take_lower_triangle() {
    factor_.row_ptr.reserve(at(n_) + 1);
    const auto entries = at(n_ > 0 ? graph_.row_end(n_ - 1) : 0) / 2 + at(n_);  // nearly half, or the vectors grow
    factor_.column.reserve(entries), value_.reserve(entries);
    const auto put = [&](std::int64_t e) {
      factor_.column.push_back(graph_.neighbour()[e]);
      value_.push_back(graph_.conductance()[e]);
    };
    const auto end_of_lower = n_ + chain_.ghosts();
    for (LocalIndex i = 0; i < n_; ++i) {
      for (auto e = graph_.row_remote(i); e < graph_.row_end(i) && graph_.neighbour()[e] < end_of_lower; ++e) put(e);
      for (auto e = graph_.row_begin(i); e < graph_.row_remote(i) && graph_.neighbour()[e] < i; ++e) put(e);
      factor_.row_ptr.push_back(static_cast<std::int64_t>(value_.size()));
    }
  }

  // Collective. Decides what updates entries; where rows of other ranks do, brings their columns.
  void plan_ghost_rows() {
    std::vector<std::int64_t> length(at(n_)), of_ghosts(graph_.halo().ghosts().size());
    for (std::size_t i = 0; i < length.size(); ++i) length[i] = factor_.row_ptr[i + 1] - factor_.row_ptr[i];
    HaloExchange<std::int64_t>(graph_.halo()).forward(length, of_ghosts);
    ghost_ptr_.assign(1, 0);
    for (LocalIndex g = 0; g < chain_.ghosts(); ++g) ghost_ptr_.push_back(ghost_ptr_.back() + of_ghosts[at(g)]);
    const auto own = static_cast<std::int64_t>(value_.size()) + n_;
    std::int64_t cost = 0;
    for (const auto k : factor_.column) cost += k < n_ ? length[at(k)] : of_ghosts[at(k - n_)];
    updates_ = cost <= kUpdateBudget * own;
    foreign_ = !graph_.comm().any(!updates_ || ghost_ptr_.back() > own);
    if (!foreign_) return;
    std::vector<GlobalIndex> columns;
    columns.reserve(factor_.column.size());
    for (const auto k : factor_.column) columns.push_back(graph_.global(k));
    chain_.send_rows_above<GlobalIndex>(factor_.row_ptr, columns.data());
    chain_.receive_rows_from_below<GlobalIndex>(ghost_ptr_, columns);
    for (const auto j : columns) ghost_column_.push_back(local(j));
  }

  /// Place of a lower neighbour's neighbour among this rank's columns; -1 when it is none.
  [[nodiscard]] LocalIndex local(GlobalIndex j) const {
    const auto& all = graph_.halo().ghosts();
    const auto end = all.begin() + chain_.ghosts();
    const auto found = std::lower_bound(all.begin(), end, j);
    return found != end && *found == j ? static_cast<LocalIndex>(n_ + (found - all.begin())) : -1;
  }

  void eliminate(LocalIndex i) {
    const auto begin = at(factor_.row_ptr[at(i)]), end = at(factor_.row_ptr[at(i) + 1]);
    const auto& column = factor_.column;
    for (auto e = begin; updates_ && e < end; ++e) place_[at(column[e])] = static_cast<std::int64_t>(e);
    const double degree = graph_.degree()[at(i)];
    double d = degree;
    for (auto e = begin; e < end; ++e) {
      const auto k = column[e];
      if (updates_ && k < n_) {
        value_[e] += common(column.data(), value_.data(), factor_.row_ptr[at(k)], factor_.row_ptr[at(k) + 1]);
      } else if (foreign_) {
        value_[e] +=
            common(ghost_column_.data(), ghost_value_.data(), ghost_ptr_[at(k - n_)], ghost_ptr_[at(k - n_) + 1]);
      }
      d -= value_[e] * value_[e] / pivot_[at(k)];
    }
    for (auto e = begin; updates_ && e < end; ++e) place_[at(column[e])] = -1;
    pivot_[at(i)] = degree > 0 ? std::max(d, kLeastPivot * degree) : 1.0;
  }

  /// sum_j t_ij t_kj / d_j for the row i whose entries place_ tells, and the row k given.
  [[nodiscard]] double common(const LocalIndex* column, const double* value, std::int64_t begin,
                              std::int64_t end) const {
    double sum = 0;
    for (auto f = begin; f < end; ++f) {
      if (column[f] < 0) continue;
      if (const auto e = place_[at(column[f])]; e >= 0) sum += value_[at(e)] * value[f] / pivot_[at(column[f])];
    }
    return sum;
  }

  void scale() {
    for (auto& d : pivot_) d = 1 / std::sqrt(d);
    factor_.coefficient.reserve(value_.size());
    for (LocalIndex i = 0; i < n_; ++i) {
      for (auto e = at(factor_.row_ptr[at(i)]); e < at(factor_.row_ptr[at(i) + 1]); ++e) {
        const double t = value_[e] * pivot_[at(i)] * pivot_[at(factor_.column[e])];
        factor_.coefficient.push_back(static_cast<float>(t));
      }
    }
    factor_.inverse_root.assign(pivot_.begin(), pivot_.begin() + n_);
  }

  const ConductanceGraph& graph_;
  RankChain& chain_;
  LocalIndex n_;
  IncompleteFactor factor_;
  HugeVector<double> value_;         // t, unscaled
  std::vector<double> pivot_;        // [n + ghosts]
  std::vector<std::int64_t> place_;  // [n + ghosts] of the present row's entries
  bool updates_ = false, foreign_ = false;
  std::vector<std::int64_t> ghost_ptr_;
  std::vector<LocalIndex> ghost_column_;
  std::vector<double> ghost_value_;
};

}  // namespace

IncompleteFactor incomplete_factor(const ConductanceGraph& graph, RankChain& chain) {
  return Factorisation(graph, chain).run();
}

}  // namespace synbal::laplacian
