// The serial truth of max-balancing: Schneider & Schneider 1991, "Max-balancing weighted directed graphs and matrix
// scaling".
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

namespace synbal::test {

/// Finds a cycle of largest mean, lifts potentials until no edge exceeds that mean, melts the neurons joined by edges
/// that reach it into one, and starts again. `log_cost[i][j]` of j -> i, -infinity where there is none; all neurons
/// must be one component. Gives p h with log_cost[i][j] + (p h)_j - (p h)_i max-balanced, of zero mean.
class MaxBalancer {
 public:
  explicit MaxBalancer(std::vector<std::vector<double>> log_cost)
      : w_(std::move(log_cost)), n_(w_.size()), group_(n_), potential_(n_, 0.0) {
    for (std::size_t i = 0; i < n_; ++i) group_[i] = i;
  }

  std::vector<double> operator()() {
    for (std::size_t groups = count(); groups > 1; groups = count()) melt(largest_mean());
    double mean = 0;
    for (const double v : potential_) mean += v / static_cast<double>(n_);
    for (double& v : potential_) v -= mean;
    return potential_;
  }

 private:
  static constexpr double kNone = -std::numeric_limits<double>::infinity();

  [[nodiscard]] std::size_t count() const { return 1 + *std::max_element(group_.begin(), group_.end()); }

  /// Largest edge between each two groups, as potentials stand.
  [[nodiscard]] std::vector<std::vector<double>> between() const {
    const auto m = count();
    std::vector<std::vector<double>> b(m, std::vector<double>(m, kNone));
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        if (group_[i] == group_[j]) continue;
        b[group_[i]][group_[j]] = std::max(b[group_[i]][group_[j]], w_[i][j] + potential_[j] - potential_[i]);
      }
    }
    return b;
  }

  /// Karp 1978: max over ends of the least (F_m - F_k) / (m - k), F_k the heaviest walk of k edges from group 0.
  [[nodiscard]] double largest_mean() const {
    const auto b = between();
    const auto m = b.size();
    std::vector<std::vector<double>> f(m + 1, std::vector<double>(m, kNone));
    f[0][0] = 0;
    for (std::size_t k = 1; k <= m; ++k) {
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < m; ++j) f[k][i] = std::max(f[k][i], f[k - 1][j] + b[i][j]);
      }
    }
    double best = kNone;
    for (std::size_t i = 0; i < m; ++i) {
      if (f[m][i] == kNone) continue;
      double least = -kNone;
      for (std::size_t k = 0; k < m; ++k) {
        if (f[k][i] != kNone) least = std::min(least, (f[m][i] - f[k][i]) / static_cast<double>(m - k));
      }
      best = std::max(best, least);
    }
    return best;
  }

  // u_i = the heaviest walk to i with edges less the mean: afterwards b_ij + u_j - u_i <= mean.
  void melt(double mean) {
    const auto b = between();
    const auto m = b.size();
    std::vector<double> u(m, 0.0);
    for (std::size_t round = 0; round < m; ++round) {
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < m; ++j) u[i] = std::max(u[i], u[j] + b[i][j] - mean);
      }
    }
    for (std::size_t i = 0; i < n_; ++i) potential_[i] += u[group_[i]];
    join_tight(mean);
  }

  // Groups that reach each other along edges at the mean become one.
  void join_tight(double mean) {
    constexpr double tolerance = 1e-11;
    const auto b = between();
    const auto m = b.size();
    std::vector<std::vector<bool>> reach(m, std::vector<bool>(m));
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < m; ++j) reach[i][j] = i == j || b[i][j] > mean - tolerance;
    }
    for (std::size_t k = 0; k < m; ++k) {
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < m; ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
      }
    }
    std::vector<std::size_t> number(m, m);
    std::size_t next = 0;
    for (std::size_t i = 0; i < m; ++i) {
      if (number[i] < m) continue;
      for (std::size_t j = 0; j < m; ++j) {
        if (reach[i][j] && reach[j][i]) number[j] = next;
      }
      ++next;
    }
    for (auto& g : group_) g = number[g];
  }

  std::vector<std::vector<double>> w_;
  std::size_t n_;
  std::vector<std::size_t> group_;
  std::vector<double> potential_;
};

}  // namespace synbal::test
