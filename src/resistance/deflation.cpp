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

/// Columns first .. of covariance D^-1, each node's numbers its own.
std::vector<double> random_columns(const ConductanceGraph& graph, const CounterRandom& random, int first,
                                   std::size_t columns) {
  std::vector<double> x;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto name = static_cast<std::uint64_t>(graph.global(i));
    const double root = std::sqrt(std::max(graph.degree()[at(i)], std::numeric_limits<double>::min()));
    for (std::size_t k = 0; k < columns; ++k) {
      x.push_back(random.normal(name, static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(k)) / root);
    }
  }
  return x;
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
  count = static_cast<int>(std::min<std::int64_t>(count, graph.global_size() - solver.nullity()));
  EnergyBasis basis(graph, count);
  LaplacianSolveParams params;
  params.tolerance = kRough;
  for (int first = 0; first < count; first += LaplacianOperator::kMaxColumns) {
    const auto m = at(std::min(LaplacianOperator::kMaxColumns, count - first));
    auto x = random_columns(graph, random, first, m);
    std::vector<double> b(x.size());
    for (int power = 0; power < kPowers; ++power) {
      for (std::size_t i = 0; i < b.size(); ++i) b[i] = graph.degree()[i / m] * x[i];
      solver.solve(b, x, static_cast<int>(m), params);
    }
    basis.add(x, static_cast<int>(m));
  }
  return basis;
}

}  // namespace synbal::detail
