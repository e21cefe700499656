// Heat by Krylov spaces: of L for short times, of (1 + gamma L)^-1 by our own solver for all others.
#include "synbal/spectral/heat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "spectral/lanczos.hpp"
#include "spectral/tuning.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/operator.hpp"

namespace synbal {

namespace {

using namespace detail::tuning;
using detail::Lanczos;

/// The graph with `ground` more to ground everywhere, all conductances divided by `unit`.
ConductanceGraph shifted(const ConductanceGraph& graph, double ground, double unit) {
  GraphParts parts;
  parts.nodes = graph.nodes();
  std::vector<std::pair<GlobalIndex, double>> row;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    row.clear();
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      row.emplace_back(graph.global(graph.neighbour()[e]), graph.conductance()[e]);
    }
    std::sort(row.begin(), row.end());
    for (const auto& [j, w] : row) parts.rows.column.push_back(j), parts.rows.weight.push_back(w / unit);
    parts.rows.row_ptr.push_back(static_cast<std::int64_t>(parts.rows.column.size()));
    parts.ground.push_back(graph.ground()[at(i)] / unit + ground);
  }
  parts.component.assign(at(graph.size()), 0);
  parts.component_rows = graph.nodes();
  parts.grounded_component = 0;
  return {graph.comm(), std::move(parts)};
}

/// out = (1 + gamma L)^-1 in, and how far from that it was.
class Inverse {
 public:
  Inverse(const ConductanceGraph& graph, double gamma, double unit, const HeatParams& params)
      : gamma_(gamma),
        graph_(shifted(graph, 1 / gamma, unit)),
        solver_(graph_, params.solver),
        laplacian_(graph_),
        how_{std::max(1e-14, kInner * params.tolerance), 20'000} {}

  /// Collective. Where rounding keeps the residual up (it grows with gamma times the largest eigenvalue, which the
  /// solution does not feel), solves again for the residual: that refines, and its size is the error there was.
  void apply(std::span<const double> in, std::span<double> out, int columns) {
    right_.assign(in.begin(), in.end());
    for (double& b : right_) b /= gamma_;
    const auto solve = solve_for(out, columns);
    std::vector<double> left;
    for (const auto& column : solve.columns) left.push_back(column.residual);
    if (!solve.converged) refine(in, out, columns, left);
    error_ = std::max(error_, *std::max_element(left.begin(), left.end()));
  }

  /// Relative to |in|, the largest so far.
  [[nodiscard]] double error() const noexcept { return error_; }
  [[nodiscard]] int solves() const noexcept { return solves_; }
  [[nodiscard]] std::int64_t iterations() const noexcept { return iterations_; }

 private:
  LaplacianSolve solve_for(std::span<double> x, int columns) {
    auto solve = solver_.solve(right_, x, columns, how_);
    solves_ += 1, iterations_ += solve.iterations;
    return solve;
  }

  /// `left`: bound of each column's error relative to |in|.
  void refine(std::span<const double> in, std::span<double> out, int columns, std::vector<double>& left) {
    const auto whole = column_norms(graph_.comm(), {in}, columns);
    std::vector<double> correction(out.size());
    for (int turn = 0; turn < 4; ++turn) {
      laplacian_.apply(out, correction, columns);
      for (std::size_t i = 0; i < right_.size(); ++i) right_[i] = in[i] / gamma_ - correction[i];
      const auto residual = column_norms(graph_.comm(), {right_}, columns);
      const auto solve = solve_for(correction, columns);
      const auto moved = column_norms(graph_.comm(), {correction}, columns);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += correction[i];
      double worst = 0;
      for (std::size_t k = 0; k < left.size(); ++k) {
        if (whole[k] == 0) continue;
        // The residual itself is uncertain by its size, so what it says of the error counts twice.
        const double bound = 2 * moved[k] + gamma_ * solve.columns[k].residual * residual[k];
        left[k] = std::min(left[k], bound / whole[k]), worst = std::max(worst, left[k]);
      }
      if (worst <= how_.tolerance) break;
    }
  }

  double gamma_;
  ConductanceGraph graph_;
  LaplacianSolver solver_;
  LaplacianOperator laplacian_;
  LaplacianSolveParams how_;
  std::vector<double> right_;
  double error_ = 0;
  int solves_ = 0;
  std::int64_t iterations_ = 0;
};

/// What belongs to an eigenvalue theta of the operator whose Krylov space is built.
struct Operation {
  double gamma = 0;  ///< 0: the operator is L; otherwise (1 + gamma L)^-1

  /// The eigenvalue of L; infinite where rounding made theta negative.
  [[nodiscard]] double lambda(double theta) const {
    if (gamma == 0) return std::max(theta, 0.0);
    return theta > 0 ? (1 / std::min(theta, 1.0) - 1) / gamma : HUGE_VAL;
  }
  /// The approximation fulfils u' = -L u but for a multiple of one vector r, that by which the space grows next: v or
  /// (1 + gamma L) v (Botchev, Grimm & Hochbruck 2013). This is the share of an eigenpair in that multiple, ...
  [[nodiscard]] double defect(double theta) const { return gamma == 0 ? 1 : 1 / (gamma * std::min(theta, 1.0)); }
  /// ... and this is the most of |exp(-sigma L) r|, if no eigenvalue exceeds `largest`. For sigma >= k gamma,
  /// exp(-sigma L) <= (1 + gamma L)^-k; `powers`: the norms of w, A w, A^2 w, .., of which r = A^-1 w.
  [[nodiscard]] double response(double sigma, double largest, const std::vector<double>& powers) const {
    if (gamma == 0) return 1;
    if (sigma < gamma) return std::min(gamma / sigma * std::exp(sigma / gamma - 1), 1 + gamma * largest);
    return powers[std::min(static_cast<std::size_t>(std::min(sigma / gamma, 1e3)), powers.size()) - 1];
  }
};

/// |error| / |v| <= integral over s of |defect(s)| |exp(-(tau - s) L) r|, but for the quadrature: points s and tau - s
/// that halve, for all rates that a graph can have.
double defect_bound(const RitzPairs& pairs, const Operation& operation, double next_length,
                    const std::vector<double>& powers, double tau, double largest) {
  const auto defect_at = [&](double s) {
    double sum = 0;
    for (int k = 0; k < pairs.dimension; ++k) {
      const double lambda = operation.lambda(pairs.value[at(k)]);
      if (lambda * s > 745) continue;
      sum += pairs.first(k) * pairs.last(k) * operation.defect(pairs.value[at(k)]) * std::exp(-lambda * s);
    }
    return std::abs(sum) * next_length;
  };
  double bound = 0;
  for (int halvings = 1; halvings <= 60; ++halvings) {
    const double part = std::ldexp(tau, -halvings);
    const double weight = part * (halvings == 1 ? 1 : 2) * std::numbers::ln2 / 2;
    bound += weight * (defect_at(part) * operation.response(tau - part, largest, powers) +
                       defect_at(tau - part) * operation.response(part, largest, powers));
  }
  return bound;
}

/// [k] Bound of |error| / |v| in any Krylov space of (1 + gamma L)^-1 of dimension k, whatever the spectrum: twice the
/// error of a polynomial of degree k - 1 for exp(-ratio (1/x - 1)) on [0, 1], here of the truncated Chebyshev series.
std::vector<double> chebyshev_bounds(double ratio) {
  constexpr int points = 256;
  std::vector<double> value, tail(points + 1, 0.0);
  for (int q = 0; q < points; ++q) {
    const double x = (1 + std::cos(std::numbers::pi * (q + 0.5) / points)) / 2;
    value.push_back(std::exp(-ratio * (1 / x - 1)));
  }
  for (int k = points; k-- > 0;) {
    double sum = 0;
    for (int q = 0; q < points; ++q) sum += value[at(q)] * std::cos(std::numbers::pi * k * (q + 0.5) / points);
    tail[at(k)] = tail[at(k) + 1] + 2 * std::abs(2 * sum / points);
  }
  return tail;
}

/// One call of heat().
class Run {
 public:
  Run(const ConductanceGraph& graph, std::span<const double> v, int columns, std::span<const double> times,
      const HeatTaker& take, const HeatParams& params)
      : graph_(graph),
        columns_(columns),
        times_(times),
        take_(take),
        params_(params),
        components_(graph),
        mean_(v.begin(), v.end()),
        rest_(v.begin(), v.end()),
        norm_(column_norms(graph.comm(), {v}, columns)) {
    components_.project(rest_, columns);
    for (std::size_t i = 0; i < mean_.size(); ++i) mean_[i] -= rest_[i];
    double degree = 0;
    for (const double d : graph.degree()) degree = std::max(degree, d);
    largest_ = 2 * graph.comm().max(degree);
    unit_ = largest_ > 0 ? std::exp2(std::ceil(std::log2(largest_))) : 1.0;
    largest_ /= unit_;
  }

  HeatResult operator()() {
    const Timer timer;
    for (std::size_t next = 0; next < times_.size();) {
      const double first = scaled(times_[next]);
      const bool brief = first * largest_ <= kShort;
      auto end = next + 1;
      const double last = brief ? kShort / largest_ : kSpan * first;
      while (end < times_.size() && scaled(times_[end]) <= last) ++end;
      brief ? by_products(next, end) : by_solves(next, end);
      next = end;
    }
    result_.seconds = graph_.comm().max(timer.seconds());
    return std::move(result_);
  }

 private:
  /// What L in our unit is to be multiplied by.
  [[nodiscard]] double scaled(double time) const { return params_.power * time * unit_ * graph_.unit(); }

  void by_products(std::size_t begin, std::size_t end) {
    LaplacianOperator laplacian(graph_);
    const auto apply = [&](std::span<const double> in, std::span<double> out) {
      laplacian.apply(in, out, columns_);
      for (double& y : out) y /= unit_;
      components_.project(out, columns_);
    };
    deliver(begin, end, apply, {}, [] { return 0.0; });
    result_.products += laplacian.passes();
  }

  void by_solves(std::size_t begin, std::size_t end) {
    const double gamma = std::sqrt(scaled(times_[begin])) * std::sqrt(scaled(times_[end - 1])) / kPole;
    Inverse inverse(graph_, gamma, unit_, params_);
    const auto apply = [&](std::span<const double> in, std::span<double> out) {
      inverse.apply(in, out, columns_);
      components_.project(out, columns_);
    };
    deliver(begin, end, apply, {gamma}, [&] { return inverse.error(); });
    result_.solves += inverse.solves(), result_.iterations += inverse.iterations();
  }

  /// Builds a space until the results at all its times are good enough, then hands them out. `inner`: the
  /// largest relative error of an application so far.
  void deliver(std::size_t begin, std::size_t end, const Lanczos::Apply& apply, const Operation& operation,
               const std::function<double()>& inner) {
    Lanczos space(graph_.comm(), rest_, columns_);
    int steps = 0;
    const auto error = grow(begin, end, space, apply, operation, steps);
    result_.spaces += 1;
    for (auto k = begin; k < end; ++k) {
      const double tau = scaled(times_[k]);
      // An error of the operator counts as often as the function's steepest slope, which is that at 1.
      const double both = error[k - begin] + (operation.gamma > 0 ? inner() * tau / operation.gamma : 0.0);
      hand_out(k, space, operation,
               {.time = times_[k],
                .error = both,
                .converged = both <= params_.tolerance,
                .steps = steps,
                .inverted = operation.gamma > 0});
    }
  }

  /// Steps until the errors (which are returned) at all times are small enough, or no more are allowed.
  std::vector<double> grow(std::size_t begin, std::size_t end, Lanczos& space, const Lanczos::Apply& apply,
                           const Operation& operation, int& steps) const {
    std::vector<std::vector<double>> always;
    for (auto k = begin; k < end && operation.gamma > 0; ++k) {
      always.push_back(chebyshev_bounds(scaled(times_[k]) / operation.gamma));
    }
    for (;; ++steps) {
      auto error = errors(begin, end, space, operation);
      for (std::size_t k = 0; k < always.size(); ++k) {
        error[k] = std::min(error[k], always[k][std::min(at(steps), always[k].size() - 1)]);
      }
      const bool enough = *std::max_element(error.begin(), error.end()) <= kOuter * params_.tolerance;
      if (enough || steps == params_.max_steps || !space.step(apply)) return error;
    }
  }

  /// [end - begin] Bounds relative to |v|, for exact applications of the operator.
  [[nodiscard]] std::vector<double> errors(std::size_t begin, std::size_t end, const Lanczos& space,
                                           const Operation& operation) const {
    std::vector<double> error(end - begin, 0.0);
    for (int c = 0; c < columns_; ++c) {
      if (space.complete(c)) continue;
      const double share = space.norm(c) / norm_[at(c)];
      // The space of some steps ago counts, since by now more is known of what it lacked.
      const int all = space.dimension(c), known = operation.gamma > 0 ? std::max(1, all - kDelay) : all;
      if (all == 0) {
        for (auto k = begin; k < end; ++k) error[k - begin] = times_[k] > 0 ? HUGE_VAL : error[k - begin];
        continue;
      }
      const auto pairs = space.ritz(c, known);
      const auto powers = space.power_norms(c, known);
      for (auto k = begin; k < end; ++k) {
        const double tau = scaled(times_[k]);
        if (tau == 0) continue;
        const double bound = defect_bound(pairs, operation, space.next_length(c, known), powers, tau, largest_);
        error[k - begin] = std::max(error[k - begin], share * bound);
      }
    }
    return error;
  }

  /// [columns][dimension] exp(-tau L) v in the basis of the space.
  [[nodiscard]] std::vector<std::vector<double>> coefficients(const Lanczos& space, const Operation& operation,
                                                              double tau) const {
    std::vector<std::vector<double>> all;
    for (int c = 0; c < columns_; ++c) {
      const auto pairs = space.ritz(c, space.dimension(c));
      auto& sum = all.emplace_back(at(pairs.dimension), 0.0);
      for (int k = 0; k < pairs.dimension; ++k) {
        const double share = pairs.first(k) * std::exp(-tau * operation.lambda(pairs.value[at(k)]));
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += share * pairs.vector[at(k) * sum.size() + i];
      }
    }
    return all;
  }

  void hand_out(std::size_t number, const Lanczos& space, const Operation& operation, const HeatTime& reached) {
    const double tau = scaled(reached.time);
    std::vector<double> u(rest_.size(), 0.0);
    if (tau > 0) space.add_combination(coefficients(space, operation, tau), u);
    if (tau == 0) u = rest_;  // perhaps before there was a space at all
    components_.project(u, columns_);
    for (std::size_t i = 0; i < u.size(); ++i) u[i] += mean_[i];
    result_.times.push_back(reached);
    result_.converged = result_.converged && reached.converged;
    take_(number, reached.time, u);
  }

  const ConductanceGraph& graph_;
  int columns_;
  std::span<const double> times_;
  const HeatTaker& take_;
  const HeatParams& params_;
  ComponentSums components_;
  std::vector<double> mean_, rest_;  // v = mean of the components without ground + rest
  std::vector<double> norm_;         // [columns] |v|
  double unit_ = 1;                  // a power of two by which L is divided, so that squares stay in range
  double largest_ = 0;               // no eigenvalue of L exceeds it, in this unit
  HeatResult result_;
};

void check(const ConductanceGraph& graph, std::span<const double> v, int columns, std::span<const double> times) {
  if (columns < 1 || columns > LaplacianOperator::kMaxColumns) {
    throw bad_input(fmt::format("{} vectors at once (at most {} go together): take them in turn", columns,
                                LaplacianOperator::kMaxColumns));
  }
  if (v.size() != at(graph.size()) * at(columns)) {
    throw bad_input(fmt::format("{} values for {} nodes (each needs {}): give one per node and vector", v.size(),
                                graph.size(), columns));
  }
  for (std::size_t k = 0; k < times.size(); ++k) {
    if (times[k] >= (k > 0 ? times[k - 1] : 0.0) && std::isfinite(times[k])) continue;
    throw bad_input(fmt::format("time {} (times ascend from 0 on and are finite): sort them", times[k]));
  }
  if (!std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); })) {
    throw bad_input("the vector that is to diffuse has values that are not finite: give numbers");
  }
}

}  // namespace

HeatResult heat(const ConductanceGraph& graph, std::span<const double> v, int columns, std::span<const double> times,
                const HeatTaker& take, const HeatParams& params) {
  agreed(graph.comm(), [&] { check(graph, v, columns, times); });
  return Run(graph, v, columns, times, take, params)();
}

}  // namespace synbal
