// The diagonal of L^+, exactly by one solve per node, or estimated.
#include "synbal/resistance/diagonal.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/estimate/split_samples.hpp"
#include "resistance/resistance_rows.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

namespace {

using detail::PowerBlock;
using detail::SampleBlock;

// Collective.
DiagonalResult exact(const ConductanceGraph& graph, LaplacianSolver& solver, double tolerance) {
  DiagonalResult result;
  result.value.assign(at(graph.size()), 0.0), result.error = result.value;
  const auto rows = detail::exact_diagonal(graph, solver, result.value, tolerance);
  result.converged = rows.converged, result.by_elimination = rows.by_elimination;
  result.solves = static_cast<int>(graph.global_size());
  return result;
}

/// L+_ii = c^T L^+ c with c = e_i less the mean over its component: walks exactly, slow modes exactly, the rest by
/// projections.
class Estimator {
 public:
  Estimator(const ConductanceGraph& graph, LaplacianSolver& solver, const DiagonalParams& params)
      : graph_(graph), solver_(solver), params_(params), components_(graph) {}

  DiagonalResult run() {
    walks_ = detail::count_walks(graph_);
    count_centred_walks();
    detail::SplitParams split;
    split.solves = params_.solves, split.seed = params_.seed, split.modes = params_.modes;
    split.steps = walks_.lengths / 2;
    if (params_.tolerance > 0) split.missing = params_.tolerance;
    fixed_.assign(at(graph_.size()), 0.0), rest_ = fixed_, fourth_ = fixed_;
    detail::SplitVisitor visitor;
    visitor.choose = [this](const PowerBlock& block) { return choose(block); };
    visitor.sample = [this](const SampleBlock& block) { add_sample(block); };
    visitor.modes = [this](int m, std::span<const double> y) { add_modes(m, y); };
    const auto bound = detail::smallest_eigenvalue_bound(graph_, solver_);
    return conclude(detail::sample_split(graph_, solver_, bound, split, visitor));
  }

 private:
  // Collective. centred_[t][i] = c^T A_t c = (A_t)_ii - 2 mean_j (A_t)_ij + mean over both, within the component.
  void count_centred_walks() {
    const auto n = at(graph_.size()), labels = at(components_.count());
    LaplacianOperator laplacian(graph_);
    std::vector<double> sums(walks_.inverse_degree.begin(), walks_.inverse_degree.begin() + graph_.size()), next(n);
    for (std::size_t t = 0; t < at(walks_.lengths); ++t) {
      if (t > 0) {  // rows of A_t summed up: P^t D^-1 1
        laplacian.apply(sums, next, 1);
        for (std::size_t i = 0; i < n; ++i) sums[i] -= walks_.inverse_degree[i] * next[i];
      }
      std::vector<double> totals(labels, 0.0);
      for (std::size_t i = 0; i < n; ++i) totals[at(components_.label()[i])] += sums[i];
      components_.sum(totals, 1);
      const auto closed = closed_walks(t);
      for (std::size_t i = 0; i < n; ++i) {
        const auto label = components_.label()[i];
        const double size = components_.sizes()[at(label)];
        const double shift = components_.grounded(label) ? 0.0 : (totals[at(label)] / size - 2 * sums[i]) / size;
        centred_[t].push_back(closed[i] + shift);
      }
    }
  }

  [[nodiscard]] std::vector<double> closed_walks(std::size_t t) const {
    if (t == 0) return walks_.inverse_degree;
    if (t == 1) return std::vector<double>(at(graph_.size()), 0.0);
    return t == 2 ? walks_.closed2 : walks_.closed3;
  }

  // Collective. Owned part, without the components' means.
  std::vector<double> centred(std::span<const double> block, int columns) const {
    std::vector<double> own(block.begin(), block.begin() + std::int64_t{graph_.size()} * columns);
    components_.project(own, columns);
    return own;
  }

  // Collective. Squares, and their squares for the scatter: random signs can make a square constant, so that its
  // variance does not follow from its mean.
  void add_sample(const SampleBlock& block) {
    const auto y = centred(block.y, block.columns);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double square = y[i] * y[i];
      rest_[i / at(block.columns)] += square, fourth_[i / at(block.columns)] += square * square;
    }
  }

  // Collective.
  void add_modes(int columns, std::span<const double> block) {
    const auto y = centred(block, columns);
    for (std::size_t i = 0; i < y.size(); ++i) fixed_[i / at(columns)] += y[i] * y[i];
  }

  /// Standard error of the mean of the squares at a node.
  [[nodiscard]] double scatter(std::size_t i) const {
    const auto solves = static_cast<double>(params_.solves);
    const double mean = rest_[i] / solves;
    if (params_.solves < 2) return std::sqrt(2.0) * mean;
    return std::sqrt(std::max(fourth_[i] / solves - mean * mean, 0.0) / (solves - 1));
  }

  // Collective. Relative to what the first block says about each entry.
  detail::Polynomial choose(const PowerBlock& block) {
    std::array<std::vector<double>, 3> x;
    for (std::size_t t = 0; t < 3; ++t) x[t] = centred(block.x[t], block.columns);
    const auto m = at(block.columns), last = at(walks_.lengths) / 2;
    std::array<double, 6> q{};
    for (std::size_t i = 0; i < at(graph_.size()); ++i) {
      std::array<double, 6> own{};
      for (std::size_t k = i * m; k < (i + 1) * m; ++k) {
        own[0] += x[0][k] * x[0][k], own[1] += x[0][k] * x[1][k], own[2] += x[0][k] * x[2][k];
        own[3] += x[1][k] * x[1][k], own[4] += x[1][k] * x[2][k], own[5] += x[2][k] * x[2][k];
      }
      double value = own[last == 2 ? 5 : 3] / static_cast<double>(m);
      for (std::size_t t = 0; t < 2 * last; ++t) value += centred_[t][i];
      if (!(value > 0)) continue;
      for (std::size_t t = 0; t < 6; ++t) q[t] += own[t] / value;
    }
    graph_.comm().sum(std::span<double>(q));
    return detail::least_polynomial(q, static_cast<int>(last));
  }

  // Collective.
  DiagonalResult conclude(const detail::SplitOutcome& outcome) {
    const auto q = detail::walk_coefficients(outcome.pi);
    DiagonalResult result;
    double sums[2] = {};
    for (std::size_t i = 0; i < at(graph_.size()); ++i) {
      double value = fixed_[i] + rest_[i] / params_.solves;
      for (std::size_t t = 0; t < at(walks_.lengths); ++t) value += q[t] * centred_[t][i];
      result.value.push_back(std::max(value, 0.0));
      result.error.push_back(scatter(i));
      if (value > 0) sums[0] += detail::mean_of_normal() * result.error.back() / value, sums[1] += 1;
    }
    graph_.comm().sum(std::span<double>(sums));
    result.quality.predicted_error = sums[1] > 0 ? sums[0] / sums[1] : 0.0;
    result.converged = outcome.converged;
    result.solves = params_.solves;
    return result;
  }

  const ConductanceGraph& graph_;
  LaplacianSolver& solver_;
  const DiagonalParams& params_;
  ComponentSums components_;
  detail::ShortWalks walks_;
  std::array<std::vector<double>, 4> centred_;
  std::vector<double> fixed_, rest_, fourth_;
};

// Collective. The nodes whose random number is small, the same list on all ranks.
std::vector<GlobalIndex> drawn_nodes(const ConductanceGraph& graph, const DiagonalParams& params) {
  const CounterRandom random(params.seed, 0x51A3);
  const double chance = static_cast<double>(params.checked) / static_cast<double>(graph.global_size());
  std::vector<GlobalIndex> own;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto node = graph.global(i);
    if (random.uniform(static_cast<std::uint64_t>(node)) < chance) own.push_back(node);
  }
  return graph.comm().gather_all(std::span<const GlobalIndex>(own));
}

// Collective. [nodes] L+_ii of some nodes where they are owned, 0 elsewhere.
std::vector<double> solved(const ConductanceGraph& graph, LaplacianSolver& solver, std::span<const GlobalIndex> drawn) {
  const auto m = drawn.size(), n = at(graph.size());
  const auto& nodes = graph.nodes();
  std::vector<double> b(n * m, 0.0), x(b.size()), values(m, 0.0);
  for (std::size_t k = 0; k < m; ++k) {
    if (nodes.owns(drawn[k])) b[at(drawn[k] - nodes.first()) * m + k] = 1;
  }
  solver.solve(b, x, static_cast<int>(m));
  for (std::size_t k = 0; k < m; ++k) {
    if (nodes.owns(drawn[k])) values[k] = x[at(drawn[k] - nodes.first()) * m + k];
  }
  return values;
}

// Collective.
void check(const ConductanceGraph& graph, LaplacianSolver& solver, const DiagonalParams& params,
           DiagonalResult& result) {
  const auto drawn = drawn_nodes(graph, params);
  std::vector<double> errors;
  for (std::size_t begin = 0; begin < drawn.size(); begin += LaplacianOperator::kMaxColumns) {
    const auto block =
        std::span(drawn).subspan(begin, std::min(drawn.size() - begin, at(LaplacianOperator::kMaxColumns)));
    const auto exact = solved(graph, solver, block);
    for (std::size_t k = 0; k < block.size(); ++k) {
      if (!(exact[k] > 0)) continue;
      errors.push_back(result.value[at(block[k] - graph.nodes().first())] / exact[k] - 1);
    }
  }
  detail::note_errors(graph.comm(), errors, result.quality);
}

}  // namespace

DiagonalResult pseudoinverse_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver,
                                      const DiagonalParams& params) {
  const Timer timer;
  DiagonalResult result;
  if (params.exact) {
    result = exact(graph, solver, params.tolerance);
  } else {
    result = Estimator(graph, solver, params).run();
    if (params.checked > 0 && graph.global_size() > 0) check(graph, solver, params, result);
  }
  result.seconds = timer.seconds();
  return result;
}

}  // namespace synbal
