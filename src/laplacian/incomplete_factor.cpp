// t_ik = w_ik + sum_j t_ij t_kj / d_j over common lower neighbours j; d_i = degree_i - sum_k t_ik^2 / d_k.
#include "laplacian/incomplete_factor.hpp"

#include <algorithm>
#include <cmath>

#include "laplacian/tuning.hpp"
#include "synbal/graph/row_sum.hpp"

namespace synbal::detail {

namespace {

using namespace tuning;

class Factorisation {
 public:
  Factorisation(const ConductanceGraph& graph, RankChain& chain)
      : graph_(graph), chain_(chain), n_(graph.size()), inverse_(at(n_ + chain.ghosts()), 1.0) {
    take_lower_triangle();
    plan_ghost_rows();
  }

  IncompleteFactor run() {
    chain_.receive_from_below(inverse_, 1);
    if (foreign_) chain_.receive_rows_from_below<double>(ghost_ptr_, ghost_value_);
    scaled_.assign(inverse_.size() + 1, 0.0);
    for (LocalIndex i = 0; i < n_; ++i) eliminate(i);
    chain_.send_above(inverse_, 1);
    if (foreign_) chain_.send_rows_above<double>(factor_.row_ptr, value_.data());
    scale();
    return std::move(factor_);
  }

 private:
  // Neighbours with smaller global index, ascending: ghosts of lower ranks come first.
  void take_lower_triangle() {
    const auto end_of_lower = n_ + chain_.ghosts();
    const auto* neighbour = graph_.neighbour();
    const double* conductance = graph_.conductance();
    std::int64_t remote = 0;
    for (const auto i : graph_.border()) remote += graph_.row_end(i) - graph_.row_remote(i);
    const auto entries = at(n_ > 0 ? (graph_.row_end(n_ - 1) - remote) / 2 + remote : 0);  // at most
    factor_.row_ptr.reserve(at(n_) + 1);
    factor_.column.resize(entries), value_.resize(entries);
    auto* column = factor_.column.data();
    double* value = value_.data();
    std::int64_t end = 0;
    const auto put = [&](std::int64_t e) { column[end] = neighbour[e], value[end] = conductance[e], ++end; };
    for (LocalIndex i = 0; i < n_; ++i) {
      for (auto e = graph_.row_remote(i), last = graph_.row_end(i); e < last && neighbour[e] < end_of_lower; ++e)
        put(e);
      for (auto e = graph_.row_begin(i), last = graph_.row_remote(i); e < last && neighbour[e] < i; ++e) put(e);
      factor_.row_ptr.push_back(end);
    }
    factor_.column.resize(at(end)), value_.resize(at(end));
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

  /// Place of a lower neighbour's neighbour among this rank's columns, or one behind all when it is none.
  [[nodiscard]] LocalIndex local(GlobalIndex j) const {
    const auto& all = graph_.halo().ghosts();
    const auto end = all.begin() + chain_.ghosts();
    const auto found = std::lower_bound(all.begin(), end, j);
    return found != end && *found == j ? static_cast<LocalIndex>(n_ + (found - all.begin())) : n_ + chain_.ghosts();
  }

  // Entries of row k are those of smaller columns than k, so row i has them ready in `scaled_`, and 0 for all others.
  void eliminate(LocalIndex i) {
    const auto begin = factor_.row_ptr[at(i)], end = factor_.row_ptr[at(i) + 1];
    const auto* column = factor_.column.data();
    auto* value = value_.data();
    const double degree = graph_.degree()[at(i)];
    double taken = 0;
    for (auto e = begin; e < end; ++e) {
      const auto k = column[e];
      if (updates_ && k < n_) {
        value[e] += common(column, value, factor_.row_ptr[at(k)], factor_.row_ptr[at(k) + 1]);
      } else if (foreign_) {
        value[e] +=
            common(ghost_column_.data(), ghost_value_.data(), ghost_ptr_[at(k - n_)], ghost_ptr_[at(k - n_) + 1]);
      }
      scaled_[at(k)] = value[e] * inverse_[at(k)];
      taken += value[e] * scaled_[at(k)];
    }
    for (auto e = begin; e < end; ++e) scaled_[at(column[e])] = 0;
    inverse_[at(i)] = degree > 0 ? 1 / std::max(degree - taken, kLeastPivot * degree) : 1.0;
  }

  /// sum_j t_kj t_ij / d_j for the row k given.
  [[nodiscard]] double common(const LocalIndex* column, const double* value, std::int64_t begin,
                              std::int64_t end) const {
    return -row_sum(column, value, begin, end, 0.0, scaled_.data(), 0);
  }

  void scale() {
    for (auto& d : inverse_) d = std::sqrt(d);
    factor_.coefficient.resize(value_.size());
    for (LocalIndex i = 0; i < n_; ++i) {
      const double own = inverse_[at(i)];
      for (auto e = at(factor_.row_ptr[at(i)]), end = at(factor_.row_ptr[at(i) + 1]); e < end; ++e) {
        factor_.coefficient[e] = static_cast<float>(value_[e] * own * inverse_[at(factor_.column[e])]);
      }
    }
    factor_.inverse_root.assign(inverse_.begin(), inverse_.begin() + n_);
  }

  const ConductanceGraph& graph_;
  RankChain& chain_;
  LocalIndex n_;
  IncompleteFactor factor_;
  HugeVector<double> value_;     // t, unscaled
  std::vector<double> inverse_;  // [n + ghosts] of the pivots
  std::vector<double> scaled_;   // [n + ghosts + 1] t / d of the present row, 0 elsewhere; the last is always 0
  bool updates_ = false, foreign_ = false;
  std::vector<std::int64_t> ghost_ptr_;
  std::vector<LocalIndex> ghost_column_;
  std::vector<double> ghost_value_;
};

}  // namespace

IncompleteFactor incomplete_factor(const ConductanceGraph& graph, RankChain& chain) {
  return Factorisation(graph, chain).run();
}

}  // namespace synbal::detail
