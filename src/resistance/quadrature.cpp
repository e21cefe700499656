// Gauss, Gauss-Radau and Gauss-Lobatto bounds from CG coefficients (Golub & Meurant 2010, ch. 6 and 12), and the
// eigenvalue bound on which the latter rest.
#include "resistance/quadrature.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "resistance/tuning.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal::detail {

namespace {

using namespace tuning;

/// log of rho_0 / sum_j p_j(mu)^2 (Golub & Meurant 2010, ch. 2), by the stationary qd transform of the Cholesky factors
/// that CG gives; +infinity from the smallest Ritz value on.
double log_mass_below(const LanczosColumn& column, double mu) {
  double p = 1, sum = 1, shift = -mu;
  for (std::size_t j = 0; j + 1 < column.alpha.size(); ++j) {
    const double pivot = 1 / column.alpha[j] + shift;
    if (!(pivot > 0)) return std::numeric_limits<double>::infinity();
    p *= pivot * column.alpha[j] / std::sqrt(column.beta[j + 1]);
    sum += p * p;
    shift = column.beta[j + 1] / column.alpha[j] * shift / pivot - mu;
  }
  const bool below_ritz = !column.alpha.empty() && 1 / column.alpha.back() + shift > 0;
  return below_ritz ? std::log(column.start) - std::log(sum) : std::numeric_limits<double>::infinity();
}

/// log of rho_0 / sum_j p_j(nu)^2, by the pivots of nu - T; +infinity up to the largest Ritz value.
double log_mass_above(const LanczosColumn& column, double nu) {
  double p = 1, sum = 1, pivot = nu - 1 / column.alpha[0];
  for (std::size_t j = 1; j < column.alpha.size(); ++j) {
    if (!(pivot > 0)) return std::numeric_limits<double>::infinity();
    const double beside = std::sqrt(column.beta[j]) / column.alpha[j - 1];
    p *= pivot / beside;
    sum += p * p;
    pivot = nu - 1 / column.alpha[j] - column.beta[j] / column.alpha[j - 1] - beside * beside / pivot;
  }
  return pivot > 0 ? std::log(column.start) - std::log(sum) : std::numeric_limits<double>::infinity();
}

/// log of u such that the product of m independent uniform numbers is below u with the chance given.
double log_product_quantile(std::size_t m, double chance) {
  const auto log_tail = [m](double x) {  // Gamma(m) beyond x
    double term = 1, sum = 1;
    for (std::size_t j = 1; j < m; ++j) sum += term *= x / static_cast<double>(j);
    return std::log(sum) - x;
  };
  double low = 0, high = 700;
  for (int k = 0; k < 100; ++k) {
    const double middle = (low + high) / 2;
    (log_tail(middle) > std::log(chance) ? low : high) = middle;
  }
  return -high;
}

/// Keeps the coefficients of the first cycle of a block.
class Recorder {
 public:
  explicit Recorder(int columns) : columns_(at(columns)) {}

  void operator()(const PcgIteration& step) {
    cycles_ = step.cycle + 1;
    if (step.cycle > 0) return;
    jacobi_ = step.jacobi;
    for (std::size_t k = 0; k < step.column.size(); ++k) {
      auto& column = columns_[at(step.column[k])];
      if (static_cast<std::int64_t>(column.alpha.size()) != step.iteration || !(step.alpha[k] > 0)) continue;
      if (step.iteration == 0) column.start = step.rho[k];
      column.alpha.push_back(step.alpha[k]);
      column.beta.push_back(step.beta[k]);
    }
  }

  [[nodiscard]] const std::vector<LanczosColumn>& columns() const { return columns_; }
  [[nodiscard]] bool jacobi() const { return jacobi_; }
  [[nodiscard]] int cycles() const { return cycles_; }

 private:
  std::vector<LanczosColumn> columns_;
  bool jacobi_ = true;
  int cycles_ = 0;
};

/// Columns of covariance D, each node's numbers its own.
std::vector<double> random_block(const ConductanceGraph& graph, std::uint64_t seed, int columns) {
  const CounterRandom random(seed, 0x51A0);
  std::vector<double> b;
  b.reserve(at(graph.size()) * at(columns));
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const double root = std::sqrt(graph.degree()[at(i)]);
    for (int k = 0; k < columns; ++k) {
      b.push_back(root * random.normal(static_cast<std::uint64_t>(graph.global(i)), static_cast<std::uint32_t>(k)));
    }
  }
  return b;
}

/// C with M <= C D, so that a vector of covariance D has at least the variance 1/C along any eigenvector of M^-1 L.
struct Spread {
  double value;
  bool known;
};

// Collective. By the names of LaplacianSolve::preconditioner.
Spread spread_of(const ConductanceGraph& graph, const std::string& preconditioner) {
  if (preconditioner == "jacobi" || preconditioner == "elimination") return {1, true};
  if (preconditioner == "multigrid" || preconditioner == "direct") return {kPetscSpread, true};
  if (preconditioner != "incomplete cholesky") return {kPetscSpread, false};
  // M = sum_k d_k (x_k - sum_i t_ik x_i / d_k)^2 with sum_i t_ik <= d_k <= degree_k (what is dropped makes an M-matrix
  // only more dominant), so M <= 2 D + 2 diag(sum_k t_ik), and no t_ik exceeds degree_i.
  std::int64_t longest = 0;
  for (LocalIndex i = 0; i < graph.size(); ++i) longest = std::max(longest, graph.row_end(i) - graph.row_begin(i));
  return {2 + 2 * static_cast<double>(graph.comm().max(longest)), true};
}

bool first_steps_are_one(std::span<const LanczosColumn> columns) {
  return std::all_of(columns.begin(), columns.end(), [](const LanczosColumn& column) {
    return column.alpha.empty() || std::abs(column.alpha.front() - 1) <= 0.1;
  });
}

// What is known of the largest eigenvalue beforehand. Rounding of coefficients, single precision with incomplete
// Cholesky, shifts eigenvalues by no more than it does these.
double largest_of(const std::string& preconditioner) {
  const bool known = preconditioner == "jacobi" || preconditioner == "incomplete cholesky";
  return known ? 2 * (1 + 1e-5) : std::numeric_limits<double>::infinity();
}

/// Whether random columns, all together, exclude eigenvalues from some point on.
class Exclusion {
 public:
  Exclusion(std::span<const LanczosColumn> columns, double failure_probability, double spread)
      : offset_(0.5 * std::log(2 * spread / std::numbers::pi)) {
    for (const auto& column : columns) {
      if (column.start > 0 && !column.alpha.empty()) columns_.push_back(column);
    }
    if (!columns_.empty()) wanted_ = log_product_quantile(columns_.size(), failure_probability);
  }
  [[nodiscard]] bool empty() const noexcept { return columns_.empty(); }

  /// `log_mass(column, point)`: of the largest mass that a column can have there.
  template <class LogMass>
  [[nodiscard]] bool operator()(double point, LogMass&& log_mass) const {
    // P(|component| <= t) <= sqrt(2 spread / pi) t: with it each column gives a number that is at least uniform.
    double sum = 0;
    for (const auto& column : columns_) sum += offset_ + 0.5 * log_mass(column, point);
    return sum <= wanted_;
  }

 private:
  double offset_, wanted_ = 0;
  std::vector<LanczosColumn> columns_;
};

}  // namespace

double excluded_below(std::span<const LanczosColumn> columns, double failure_probability, double spread) {
  const Exclusion excluded(columns, failure_probability, spread);
  double low = -700, high = std::log(4.0);
  if (excluded.empty() || !excluded(std::exp(low), log_mass_below)) return 0;
  for (int k = 0; k < 60; ++k) {
    const double middle = (low + high) / 2;
    (excluded(std::exp(middle), log_mass_below) ? low : high) = middle;
  }
  return std::exp(low);
}

double excluded_above(std::span<const LanczosColumn> columns, double failure_probability, double spread) {
  const Exclusion excluded(columns, failure_probability, spread);
  double low = 0, high = 64;
  if (excluded.empty() || !excluded(high, log_mass_above)) return std::numeric_limits<double>::infinity();
  for (int k = 0; k < 60; ++k) {
    const double middle = (low + high) / 2;
    (excluded(middle, log_mass_above) ? high : low) = middle;
  }
  return high;
}

namespace {

// Collective. What the random columns of one solve say.
EigenvalueBound bound_by(const ConductanceGraph& graph, const Recorder& recorder, const LaplacianSolve& solve,
                         double failure_probability) {
  const auto spread = spread_of(graph, solve.preconditioner);
  EigenvalueBound bound;
  bound.preconditioner = solve.preconditioner;
  bound.jacobi = recorder.jacobi();
  bound.iterations = solve.iterations;
  bound.failure_probability = failure_probability;
  bound.columns = recorder.columns();
  bound.certified = spread.known;
  if (solve.preconditioner == "direct" && first_steps_are_one(recorder.columns())) {
    bound.value = 0.5, bound.failure_probability = 0;
    return bound;
  }
  const double each = failure_probability / 2;  // of two bounds
  bound.value = excluded_below(recorder.columns(), each, spread.value);
  bound.largest = std::min(largest_of(solve.preconditioner), excluded_above(recorder.columns(), each, spread.value));
  return bound;
}

}  // namespace

EigenvalueBound smallest_eigenvalue_bound(const ConductanceGraph& graph, LaplacianSolver& solver,
                                          double failure_probability, std::uint64_t seed, double tolerance) {
  const Timer timer;
  constexpr int columns = LaplacianOperator::kMaxColumns;
  const auto b = random_block(graph, seed, columns);
  std::vector<double> x(b.size());
  LaplacianSolveParams params;
  params.tolerance = tolerance;
  EigenvalueBound bound;
  // The solver may change its preconditioner on the way: what counts is a first cycle with the one that it ends with.
  std::string before;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Recorder recorder(columns);
    const auto solve = solver.solve(b, x, columns, params, std::ref(recorder));
    if (recorder.cycles() <= 1 || solve.preconditioner == before) {
      bound = bound_by(graph, recorder, solve, failure_probability);
      break;
    }
    before = solve.preconditioner;
  }
  bound.seconds = timer.seconds();
  return bound;
}

// Meurant & Tichy 2013: gamma^(mu) obeys the recurrence of alpha with the node mu prescribed.
void EnergyBracket::update(const PcgIteration& step, std::size_t k) {
  if (step.iteration == 0) spoilt_ = false;
  if (spoilt_) return;
  const double alpha = step.alpha[k], rho = step.rho[k];
  const double last = radau_ - last_alpha_, last_below = radau_below_ - last_alpha_;
  radau_ = step.iteration == 0 ? 1 / mu_ : last / (mu_ * last + step.beta[k]);
  // In exact arithmetic alpha < gamma^(mu) <= 1/mu. Rounding can spoil the recurrence at the very end; 1/mu is always
  // right. A step beyond even that is one into rounding: what stood before it stays.
  if (!(radau_ > alpha)) radau_ = 1 / mu_;
  radau_below_ = step.iteration == 0 ? 1 / largest_ : last_below / (largest_ * last_below + step.beta[k]);
  last_alpha_ = alpha;
  spoilt_ = !(radau_ > alpha);
  energy_ = spoilt_ ? step.energy[k] - alpha * rho : step.energy[k];
  excess_ = mu_ > 0 ? (spoilt_ ? radau_ : radau_ - alpha) * rho : std::numeric_limits<double>::infinity();
  lower_ = std::max(lower_, energy_);
  if (!spoilt_ && step.next_rho[k] > 0) look_ahead(step, k);
  started_ = true;
}

// The reduction at the end of a step brings the next alpha, too, and with it one more moment: what is missing lies
// between what the next step gains (Gauss) and a rule with nodes at both ends of the spectrum (Gauss-Lobatto), or with
// the moments up to rho alone between gamma^(largest) rho and gamma^(mu) rho (Gauss-Radau). In exact arithmetic 0 <
// gamma^(largest) < alpha < gamma^(mu); what rounding has moved out of this order does not count.
void EnergyBracket::look_ahead(const PcgIteration& step, std::size_t k) {
  const double rho = step.next_rho[k], gain = step.next_alpha[k] * rho;
  const double most = mu_ > 0 ? excess_ * rho / (rho + mu_ * excess_) : excess_;
  const double missing = (step.alpha[k] - radau_below_) * step.rho[k], gap = largest_ * missing - rho;
  double least = rho / largest_;
  // Two differences: where little is left of them, rounding is, and it must not raise what is missing at least.
  const double doubt = kDoubt * largest_ * step.alpha[k] * step.rho[k];
  if (std::isfinite(largest_) && missing > 0 && gap > 0) least = std::max(least, missing * rho / (gap + doubt));
  excess_ = most;
  least = std::min(least, most);
  if (gain > least && gain < most) {
    if (mu_ > 0) {
      const double rest = most - gain;
      const double weight = gain * (largest_ - mu_) / (most / rest + least / (gain - least));
      if (std::isfinite(weight)) excess_ = gain + rest * weight / (weight + mu_ * rest);
    }
    least = gain;
  }
  lower_ = std::max(lower_, energy_ + least);
}

double EnergyBracket::lower() const noexcept { return lower_ * (1 - kRounding); }

double EnergyBracket::upper() const noexcept {
  return started_ ? (energy_ + excess_) * (1 + kRounding) : std::numeric_limits<double>::infinity();
}

double EnergyBracket::relative_error() const noexcept {
  const double width = upper() - lower();
  return std::isfinite(width) ? width / (upper() + lower()) : std::numeric_limits<double>::infinity();
}

}  // namespace synbal::detail
