// Spectral densities from conjugate gradients, and inverse iteration.
#include "resistance/deflation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "resistance/tuning.hpp"
#include "synbal/core/random.hpp"
#include "synbal/krylov/tridiagonal.hpp"

namespace synbal::detail {

namespace {

using namespace tuning;

/// Eigenvalues of a column's Lanczos matrix, each with its share of the column's start.
std::vector<std::pair<double, double>> quadrature(const LanczosColumn& column) {
  std::vector<double> diagonal, beside;
  for (std::size_t j = 0; j < column.alpha.size(); ++j) {
    const double before = j > 0 ? column.beta[j] / column.alpha[j - 1] : 0.0;
    diagonal.push_back(1 / column.alpha[j] + before);
    beside.push_back(j + 1 < column.alpha.size() ? std::sqrt(column.beta[j + 1]) / column.alpha[j] : 0.0);
  }
  const auto ritz = diagonalise(std::move(diagonal), std::move(beside));
  std::vector<std::pair<double, double>> rule;
  for (int k = 0; k < ritz.dimension; ++k) rule.emplace_back(ritz.value[at(k)], ritz.first(k) * ritz.first(k));
  return rule;
}

}  // namespace

double deflation_gain(std::span<const LanczosColumn> columns, std::int64_t count, std::int64_t size) {
  std::vector<std::pair<double, double>> all;
  double used = 0;
  for (const auto& column : columns) {
    if (column.alpha.empty()) continue;
    const auto rule = quadrature(column);
    all.insert(all.end(), rule.begin(), rule.end());
    used += 1;
  }
  if (all.empty()) return 0;
  std::sort(all.begin(), all.end());
  double below = 0;
  const auto next = std::find_if(all.begin(), all.end() - 1, [&](const auto& node) {
    below += node.second / used * static_cast<double>(size);
    return below > static_cast<double>(count);
  });
  return all.front().first > 0 ? 1 - std::sqrt(all.front().first / next->first) : 0.0;
}

EnergyBasis slow_space(const ConductanceGraph& graph, LaplacianSolver& solver, int count, std::uint64_t seed) {
  const CounterRandom random(seed, 0xDEF1);
  const auto n = at(graph.size());
  count = static_cast<int>(std::min<std::int64_t>(count, graph.global_size() - solver.nullity()));
  EnergyBasis basis(graph, count);
  LaplacianSolveParams params;
  params.tolerance = kRough;
  for (int first = 0; first < count; first += LaplacianOperator::kMaxColumns) {
    const auto m = at(std::min(LaplacianOperator::kMaxColumns, count - first));
    std::vector<double> b(n * m), x(n * m);
    for (std::size_t i = 0; i < n; ++i) {
      const auto name = static_cast<std::uint64_t>(graph.global(static_cast<LocalIndex>(i)));
      for (std::size_t k = 0; k < m; ++k) {
        x[i * m + k] = random.normal(name, static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(k));
        x[i * m + k] /= std::sqrt(std::max(graph.degree()[i], std::numeric_limits<double>::min()));
      }
    }
    for (int power = 0; power < kPowers; ++power) {
      for (std::size_t i = 0; i < b.size(); ++i) b[i] = graph.degree()[i / m] * x[i];
      solver.solve(b, x, static_cast<int>(m), params);
    }
    basis.add(x, static_cast<int>(m));
  }
  return basis;
}

}  // namespace synbal::detail
