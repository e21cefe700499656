// Gram-Schmidt in the energy by blocks, and the projection.
#include "resistance/energy_basis.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/tuning.hpp"

namespace synbal::detail {

namespace {

/// The upper triangular R, [m * m] by rows, with R^T R = G for the columns that are kept; those that depend on others
/// are not.
struct Factor {
  std::vector<double> r;
  std::vector<std::size_t> kept;
};

Factor factor(const std::vector<double>& gram, const std::vector<double>& energy) {
  const auto m = energy.size();
  Factor f{std::vector<double>(m * m, 0.0), {}};
  for (std::size_t j = 0; j < m; ++j) {
    double left = gram[j * m + j];
    for (const auto i : f.kept) {
      double entry = gram[i * m + j];
      for (const auto h : f.kept) entry -= h < i ? f.r[h * m + i] * f.r[h * m + j] : 0.0;
      f.r[i * m + j] = entry / f.r[i * m + i];
      left -= f.r[i * m + j] * f.r[i * m + j];
    }
    if (!(left > tuning::kDependent * energy[j])) continue;
    f.r[j * m + j] = std::sqrt(left);
    f.kept.push_back(j);
  }
  return f;
}

/// X R^-1 of the columns that are kept.
std::vector<double> divided(const std::vector<double>& x, std::size_t m, const Factor& f) {
  std::vector<double> y;
  y.reserve(m == 0 ? 0 : x.size() / m * f.kept.size());
  for (std::size_t row = 0; row < x.size(); row += m) {
    const auto begin = y.size();
    for (std::size_t k = 0; k < f.kept.size(); ++k) {
      const auto j = f.kept[k];
      double value = x[row + j];
      for (std::size_t i = 0; i < k; ++i) value -= y[begin + i] * f.r[f.kept[i] * m + j];
      y.push_back(value / f.r[j * m + j]);
    }
  }
  return y;
}

/// This rank's part of X^T Y, [m * m].
std::vector<double> products(const std::vector<double>& x, const std::vector<double>& y, std::size_t m) {
  std::vector<double> sums(m * m, 0.0);
  for (std::size_t row = 0; row < x.size(); row += m) {
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < m; ++j) sums[i * m + j] += x[row + i] * y[row + j];
    }
  }
  return sums;
}

}  // namespace

EnergyBasis::EnergyBasis(const ConductanceGraph& graph, int capacity)
    : graph_(&graph), laplacian_(graph), capacity_(at(capacity)), v_(at(graph.size()) * at(capacity), 0.0) {}

// This rank's part of V^T block, [count * columns].
EnergyBasis::Values EnergyBasis::shares(std::span<const double> block, std::size_t columns) const {
  const auto count = at(count_);
  Values share(count * columns, 0.0);
  for (std::size_t i = 0; i < at(graph_->size()); ++i) {
    const auto row = block.subspan(i * columns, columns);
    if (std::all_of(row.begin(), row.end(), [](double x) { return x == 0; })) continue;  // pairs have two nodes
    const double* v = &v_[i * capacity_];
    for (std::size_t u = 0; u < count; ++u) {
      for (std::size_t k = 0; k < columns; ++k) share[u * columns + k] += v[u] * row[k];
    }
  }
  return share;
}

// x += factor V share.
void EnergyBasis::combine(const Values& share, double factor, std::span<double> x, std::size_t columns) const {
  const auto count = at(count_);
  for (std::size_t i = 0; i < at(graph_->size()); ++i) {
    const double* v = &v_[i * capacity_];
    double* row = &x[i * columns];
    for (std::size_t u = 0; u < count; ++u) {
      for (std::size_t k = 0; k < columns; ++k) row[k] += factor * v[u] * share[u * columns + k];
    }
  }
}

// Collective. One block against the span and against itself; one product and one reduction a round.
EnergyBasis::Values EnergyBasis::orthonormal(Values block, std::size_t& columns) {
  for (int round = 0; round < 2 && columns > 0; ++round) {  // twice is enough (Kahan, Parlett)
    const auto m = columns;
    Values image(block.size());
    laplacian_.apply(block, image, static_cast<int>(m));
    auto sums = shares(image, m);
    auto gram = products(block, image, m);
    sums.insert(sums.end(), gram.begin(), gram.end());
    graph_->comm().sum(std::span(sums));
    gram.assign(sums.end() - static_cast<std::ptrdiff_t>(m * m), sums.end());
    sums.resize(sums.size() - m * m);
    Values energy(m);
    for (std::size_t k = 0; k < m; ++k) energy[k] = gram[k * m + k];
    for (std::size_t u = 0; u < sums.size(); u += m) {
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < m; ++j) gram[i * m + j] -= sums[u + i] * sums[u + j];
      }
    }
    combine(sums, -1, block, m);
    const auto f = factor(gram, energy);
    block = divided(block, m, f);
    columns = f.kept.size();
  }
  return block;
}

void EnergyBasis::add(std::span<const double> vectors, int columns) {
  const auto n = at(graph_->size()), all = at(columns);
  for (std::size_t first = 0; first < all && at(count_) < capacity_; first += at(LaplacianOperator::kMaxColumns)) {
    auto m = std::min(at(LaplacianOperator::kMaxColumns), all - first);
    Values block(n * m);
    for (std::size_t i = 0; i < n; ++i) std::copy_n(&vectors[i * all + first], m, &block[i * m]);
    block = orthonormal(std::move(block), m);
    const auto taken = std::min(m, capacity_ - at(count_));
    for (std::size_t i = 0; i < n; ++i) std::copy_n(&block[i * m], taken, &v_[i * capacity_ + at(count_)]);
    count_ += static_cast<int>(taken);
  }
}

void EnergyBasis::solve(std::span<const double> b, std::span<double> x, int columns) const {
  std::fill(x.begin(), x.end(), 0.0);
  auto share = shares(b, at(columns));
  graph_->comm().sum(std::span(share));
  combine(share, 1, x, at(columns));
}

void EnergyBasis::deflate(std::span<const double> b, std::span<double> x, int columns) const {
  if (count_ == 0) return;
  auto share = shares(b, at(columns));
  graph_->comm().sum(std::span(share));
  combine(share, -1, x, at(columns));
}

void EnergyBasis::columns(int first, int columns, std::span<double> block) const {
  for (std::size_t i = 0; i < at(graph_->size()); ++i) {
    std::copy_n(&v_[i * capacity_ + at(first)], columns, &block[i * at(columns)]);
  }
}

}  // namespace synbal::detail
