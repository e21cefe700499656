// Random right-hand sides, their solutions without slow modes, and the polynomial in the walk.
#include "resistance/estimate/split_samples.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/energy_basis.hpp"
#include "resistance/energy_stop.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::detail {

namespace {

using Values = std::vector<double>;

/// b[i] += scale * sign for every column.
void add_signs(double* b, double scale, std::uint32_t bits, int columns) {
  for (int k = 0; k < columns; ++k) b[k] += (bits >> k & 1U) != 0 ? scale : -scale;
}

/// B^T W^1/2 z for the vectors first .. first + columns - 1; every edge points from the larger to the smaller index.
Values right_hand_sides(const ConductanceGraph& graph, const EdgeSigns& signs, int first, int columns) {
  const auto n = graph.size();
  Values b(at(n) * at(columns), 0.0);
  const auto row = [&](LocalIndex i) { return b.data() + std::int64_t{i} * columns; };
  for (LocalIndex i = 0; i < n; ++i) {
    const auto own = graph.global(i);
    const double ground = graph.ground()[at(i)];
    if (ground > 0) add_signs(row(i), std::sqrt(ground), signs.bits(own, own, first), columns);
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      const auto j = graph.neighbour()[e];
      if (j < i) continue;
      const auto other = graph.global(j);
      const auto bits = signs.bits(own, other, first);
      const double root = std::sqrt(graph.conductance()[e]);
      add_signs(row(i), own < other ? root : -root, bits, columns);
      if (j < n) add_signs(row(j), -root, bits, columns);
    }
  }
  return b;
}

/// The walk, and blocks with room for ghosts.
class Walker {
 public:
  explicit Walker(const ConductanceGraph& graph)
      : graph_(&graph),
        laplacian_(graph),
        exchange_(graph.halo()),
        owned_(at(graph.size())),
        all_(owned_ + graph.halo().ghosts().size()) {}

  [[nodiscard]] std::size_t owned() const { return owned_; }
  [[nodiscard]] Values block(int columns) const { return Values(all_ * at(columns), 0.0); }

  // Collective. P x = x - D^-1 L x, owned part only.
  void step(const Values& x, Values& y, int columns) {
    const auto m = at(columns);
    laplacian_.apply(std::span(x).first(owned_ * m), std::span(y).first(owned_ * m), columns);
    for (std::size_t i = 0; i < owned_; ++i) {
      const double d = graph_->degree()[i], inverse = d > 0 ? 1 / d : 0.0;
      for (std::size_t k = 0; k < m; ++k) y[i * m + k] = x[i * m + k] - inverse * y[i * m + k];
    }
  }
  // Collective.
  void fetch_ghosts(Values& x, int columns) {
    const auto m = at(columns);
    exchange_.forward_begin(std::span(x).first(owned_ * m), std::span(x).subspan(owned_ * m), columns);
    exchange_.forward_end();
  }
  // Collective. With ghosts.
  Values apply(const Polynomial& pi, const Values& x, int columns) {
    Values y = block(columns), power = x, next = block(columns);
    const auto size = owned_ * at(columns);
    for (std::size_t t = 0;; ++t) {
      for (std::size_t i = 0; i < size; ++i) y[i] += pi[t] * power[i];
      if (t == 2 || (t == 1 && pi[2] == 0)) break;
      step(power, next, columns);
      std::swap(power, next);
    }
    fetch_ghosts(y, columns);
    return y;
  }

 private:
  const ConductanceGraph* graph_;
  LaplacianOperator laplacian_;
  BlockExchange exchange_;
  std::size_t owned_, all_;
};

/// One pass over all random vectors.
class Sampler {
 public:
  Sampler(const ConductanceGraph& graph, LaplacianSolver& solver, const EigenvalueBound& bound,
          const SplitParams& params)
      : graph_(graph),
        solver_(solver),
        bound_(bound),
        params_(params),
        signs_(params.seed, graph.global_size()),
        walker_(graph),
        basis_(graph, params.modes != nullptr ? params.modes->count : 0) {
    if (params.modes != nullptr) basis_.add(params.modes->vector, params.modes->count);
  }

  SplitOutcome run(const SplitVisitor& visitor) {
    for (int first = 0; first < params_.solves; first += LaplacianOperator::kMaxColumns) {
      const int m = std::min(LaplacianOperator::kMaxColumns, params_.solves - first);
      const auto b = right_hand_sides(graph_, signs_, first, m);
      auto x = solve(b, m);
      auto slow_free = x;
      basis_.deflate(b, std::span(slow_free).first(walker_.owned() * at(m)), m);
      walker_.fetch_ghosts(x, m);
      if (first == 0) {
        choose(visitor, slow_free, m);
        give_modes(visitor);
      }
      const auto y = walker_.apply(outcome_.pi, slow_free, m);
      visitor.sample({first, m, x, y});
    }
    return outcome_;
  }

 private:
  // Collective. Room for ghosts included.
  Values solve(const Values& b, int m) {
    const Timer timer;
    Values x = walker_.block(m);
    EnergyStop stop(bound_, params_.missing, m);
    LaplacianSolveParams params;
    params.tolerance = 1e-8;  // enough, whatever the energy
    const auto solved = solver_.solve(b, std::span(x).first(walker_.owned() * at(m)), m, params, std::ref(stop));
    outcome_.converged = outcome_.converged && solved.converged;
    outcome_.seconds += timer.seconds();
    return x;
  }

  void choose(const SplitVisitor& visitor, const Values& x, int m) {
    std::array<Values, 3> powers{x, walker_.block(m), walker_.block(m)};
    for (std::size_t t = 0; t < 3; ++t) {
      if (t > 0) walker_.step(powers[t - 1], powers[t], m);
      walker_.fetch_ghosts(powers[t], m);
    }
    outcome_.pi = visitor.choose({m, {powers[0], powers[1], powers[2]}});
  }

  void give_modes(const SplitVisitor& visitor) {
    for (int first = 0; first < basis_.count(); first += LaplacianOperator::kMaxColumns) {
      const int m = std::min(LaplacianOperator::kMaxColumns, basis_.count() - first);
      auto v = walker_.block(m);
      basis_.columns(first, m, v);
      visitor.modes(m, walker_.apply(outcome_.pi, v, m));
    }
  }

  const ConductanceGraph& graph_;
  LaplacianSolver& solver_;
  const EigenvalueBound& bound_;
  const SplitParams& params_;
  EdgeSigns signs_;
  Walker walker_;
  EnergyBasis basis_;
  SplitOutcome outcome_;
};

}  // namespace

void note_errors(const Comm& comm, std::span<const double> errors, EstimateQuality& quality) {
  double sums[3] = {}, worst = 0;
  for (const double error : errors) {
    sums[0] += 1, sums[1] += std::abs(error), sums[2] += error;
    worst = std::max(worst, std::abs(error));
  }
  comm.sum(std::span<double>(sums));
  quality.checked_max = comm.max(worst);
  quality.checked = static_cast<std::int64_t>(sums[0]);
  if (sums[0] > 0) quality.checked_mean = sums[1] / sums[0], quality.checked_bias = sums[2] / sums[0];
}

SplitOutcome sample_split(const ConductanceGraph& graph, LaplacianSolver& solver, const EigenvalueBound& bound,
                          const SplitParams& params, const SplitVisitor& visitor) {
  return Sampler(graph, solver, bound, params).run(visitor);
}

}  // namespace synbal::detail
