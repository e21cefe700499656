// Gram-Schmidt in the energy, and the projection.
#include "laplacian/mode_basis.hpp"

#include <cmath>

#include "synbal/laplacian/operator.hpp"

namespace synbal::laplacian {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr double kDependent = 1e-10;  // of the energy of a vector: less left means nothing left

double dot(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

}  // namespace

ModeBasis::ModeBasis(const ConductanceGraph& graph, const Modes& modes) : graph_(&graph) {
  const auto n = at(graph.size());
  LaplacianOperator laplacian(graph);
  std::vector<double> v(n), lv(n);
  for (int k = 0; k < modes.count; ++k) {
    for (std::size_t i = 0; i < n; ++i) v[i] = modes.vector[i * at(modes.count) + at(k)];
    laplacian.apply(v, lv, 1);
    // Twice is enough.
    double energy = graph.comm().sum(dot(v, lv)), left = energy;
    for (int round = 0; round < 2 && count_ > 0; ++round) {
      std::vector<double> share;
      for (const auto& u : vector_) share.push_back(dot(u, lv));
      graph.comm().sum(std::span(share));
      for (std::size_t u = 0; u < share.size(); ++u) {
        for (std::size_t i = 0; i < n; ++i) v[i] -= share[u] * vector_[u][i];
      }
      laplacian.apply(v, lv, 1);
      left = graph.comm().sum(dot(v, lv));
    }
    if (!(left > kDependent * energy)) continue;
    for (auto& value : v) value /= std::sqrt(left);
    vector_.push_back(v);
    ++count_;
  }
}

void ModeBasis::deflate(std::span<const double> b, std::span<double> x, int columns) const {
  if (count_ == 0) return;
  const auto m = at(columns), n = at(graph_->size());
  std::vector<double> share(vector_.size() * m, 0.0);
  for (std::size_t u = 0; u < vector_.size(); ++u) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < m; ++k) share[u * m + k] += vector_[u][i] * b[i * m + k];
    }
  }
  graph_->comm().sum(std::span(share));
  for (std::size_t u = 0; u < vector_.size(); ++u) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < m; ++k) x[i * m + k] -= vector_[u][i] * share[u * m + k];
    }
  }
}

void ModeBasis::columns(int first, int columns, std::span<double> block) const {
  const auto m = at(columns), n = vector_.empty() ? 0 : at(graph_->size());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < m; ++k) block[i * m + k] = vector_[at(first) + k][i];
  }
}

}  // namespace synbal::laplacian
