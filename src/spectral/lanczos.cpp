// Body of the Krylov spaces.
#include "spectral/lanczos.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "synbal/krylov/operator.hpp"

namespace synbal::detail {

Lanczos::Lanczos(const Comm& comm, std::span<const double> v, int columns)
    : comm_(&comm), columns_(columns), done_(at(columns), 0), alpha_(at(columns)), beta_(at(columns)) {
  std::vector<double> start(v.begin(), v.end());
  norm_ = column_norms(comm, {start}, columns);
  for (std::size_t k = 0; k < norm_.size(); ++k) done_[k] = norm_[k] > 0 ? 0 : 1;
  for (std::size_t i = 0; i < start.size(); ++i) {
    const double length = norm_[i % at(columns_)];
    if (length > 0) start[i] /= length;
  }
  basis_.push_back(std::move(start));
}

// Takes the whole basis out twice: that is enough (Kahan, Parlett). `overlap`: what the last vector had, [columns].
void Lanczos::orthogonalise(std::vector<double>& block, std::vector<double>& overlap) {
  const auto m = at(columns_);
  overlap.assign(m, 0.0);
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<double> dots(basis_.size() * m, 0.0);
    for (std::size_t b = 0; b < basis_.size(); ++b) {
      for (std::size_t i = 0; i < block.size(); ++i) dots[b * m + i % m] += basis_[b][i] * block[i];
    }
    comm_->sum(std::span(dots));
    for (std::size_t b = 0; b < basis_.size(); ++b) {
      for (std::size_t i = 0; i < block.size(); ++i) block[i] -= dots[b * m + i % m] * basis_[b][i];
    }
    for (std::size_t k = 0; k < m; ++k) overlap[k] += dots[(basis_.size() - 1) * m + k];
  }
}

bool Lanczos::step(const Apply& apply) {
  if (std::all_of(done_.begin(), done_.end(), [](auto d) { return d != 0; })) return false;
  std::vector<double> next(basis_.back().size()), overlap;
  apply(basis_.back(), next);
  const auto before = column_norms(*comm_, {next}, columns_);
  orthogonalise(next, overlap);
  const auto after = column_norms(*comm_, {next}, columns_);
  for (std::size_t k = 0; k < at(columns_); ++k) {
    if (done_[k] != 0) continue;
    alpha_[k].push_back(overlap[k]), beta_[k].push_back(after[k]);
    done_[k] = after[k] > 1e-14 * before[k] ? 0 : 1;  // a direction so much shorter than A v is rounding
  }
  for (std::size_t i = 0; i < next.size(); ++i) {
    const auto k = i % at(columns_);
    next[i] = done_[k] != 0 ? 0.0 : next[i] / after[k];
  }
  basis_.push_back(std::move(next));
  return true;
}

std::vector<double> Lanczos::power_norms(int column, int dimension) const {
  const auto &alpha = alpha_[at(column)], &beta = beta_[at(column)];
  const auto m = alpha.size();
  std::vector<double> w(m + 1, 0.0), norm;
  w[at(dimension)] = 1;
  for (auto known = at(dimension);; ++known) {
    double square = 0;
    for (const double x : w) square += x * x;
    norm.push_back(std::sqrt(square));
    if (known >= m) return norm;
    std::vector<double> next(m + 1, 0.0);
    for (std::size_t i = 0; i < m; ++i) {
      next[i] += alpha[i] * w[i] + beta[i] * w[i + 1];
      next[i + 1] += beta[i] * w[i];
    }
    w = std::move(next);
  }
}

RitzPairs Lanczos::ritz(int column, int dimension) const {
  const auto first = [&](const std::vector<double>& values) {
    return std::vector<double>(values.begin(), values.begin() + dimension);
  };
  return diagonalise(first(alpha_[at(column)]), first(beta_[at(column)]));
}

void Lanczos::add_combination(const std::vector<std::vector<double>>& c, std::span<double> out) const {
  const auto m = at(columns_);
  for (std::size_t b = 0; b < basis_.size(); ++b) {
    std::vector<double> factor(m, 0.0);
    for (std::size_t k = 0; k < m; ++k) {
      if (b < c[k].size()) factor[k] = norm_[k] * c[k][b];
    }
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += factor[i % m] * basis_[b][i];
  }
}

}  // namespace synbal::detail
