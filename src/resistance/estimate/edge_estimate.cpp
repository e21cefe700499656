// Two estimates per edge from the same samples (random projections after Spielman & Srivastava 2011), combined by their
// variances, then made to obey Foster's theorem (1949).
#include "resistance/estimate/edge_estimate.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/edge_visits.hpp"
#include "resistance/estimate/split_samples.hpp"
#include "resistance/estimate/walks.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::detail {

namespace {

/// The walks' part of R along an edge or to ground, for walks of 0..3 steps.
class WalkTerms {
 public:
  WalkTerms(const ConductanceGraph& graph, const ShortWalks& walks) : graph_(&graph), walks_(&walks) {}

  using Terms = std::array<double, 4>;
  /// Edge number `k` of those kept.
  [[nodiscard]] Terms edge(std::size_t k, LocalIndex i, std::int64_t e, LocalIndex j) const {
    const auto first = ground(i), second = ground(j);
    const double one = graph_->conductance()[e] * first[0] * second[0];
    const bool more = walks_->lengths == 4;
    const Terms cross{0, one, more ? walks_->cross2[k] : 0.0, more ? walks_->cross3[k] : 0.0};
    Terms terms{};
    for (std::size_t t = 0; t < 4; ++t) terms[t] = first[t] + second[t] - 2 * cross[t];
    return terms;
  }
  /// From a node to ground (b = e_i); also for ghosts.
  [[nodiscard]] Terms ground(LocalIndex i) const {
    const bool more = walks_->lengths == 4;
    return {walks_->inverse_degree[at(i)], 0, more ? walks_->closed2[at(i)] : 0.0, more ? walks_->closed3[at(i)] : 0.0};
  }

 private:
  const ConductanceGraph* graph_;
  const ShortWalks* walks_;
};

double dot(const std::array<double, 4>& q, const std::array<double, 4>& terms) {
  double sum = 0;
  for (std::size_t t = 0; t < 4; ++t) sum += q[t] * terms[t];
  return sum;
}

/// What the samples say about one edge, as shares of the leverage: `fixed` + mean of `rest` is one estimate (what pi
/// leaves to chance), 1 - mean of `gap` the other (how far the edge is from carrying its current alone: the part of the
/// random vector in the cycle space). `rest` and `gap` are sums of squares of normal numbers.
struct Sums {
  std::vector<double> fixed, rest, gap;
  explicit Sums(std::size_t count) : fixed(count, 0.0), rest(count, 0.0), gap(count, 0.0) {}
};

struct Combined {
  double leverage, variance;
};

Combined combine(double fixed, double rest, double gap, double solves) {
  const double by_walks = rest / solves, by_cycles = gap / solves;
  const double a = by_walks * by_walks, b = by_cycles * by_cycles;
  const double share = a + b > 0 ? a / (a + b) : 0.0;
  return {(1 - share) * (fixed + by_walks) + share * (1 - by_cycles), a + b > 0 ? 2 / solves * a * b / (a + b) : 0.0};
}

class Estimator {
 public:
  Estimator(const ConductanceGraph& graph, LaplacianSolver& solver, const EigenvalueBound& bound,
            const EdgeResistanceParams& params)
      : graph_(graph),
        solver_(solver),
        bound_(bound),
        params_(params),
        signs_(params.seed, graph.global_size()),
        edges_(at(kept_edges(graph))),
        ground_(at(graph.size())) {}

  LeverageEstimate run() {
    Timer timer;
    walks_ = count_walks(graph_);
    result_.walk_seconds = timer.seconds();
    timer.restart();
    sample();
    finish();
    result_.combine_seconds = timer.seconds() - result_.solve_seconds;
    return std::move(result_);
  }

 private:
  void sample() {
    SplitParams split;
    split.solves = params_.solves, split.seed = params_.seed, split.modes = params_.modes;
    split.steps = walks_.lengths / 2;
    if (params_.tolerance > 0) split.missing = params_.tolerance;
    SplitVisitor visitor;
    visitor.choose = [this](const PowerBlock& block) { return choose(block); };
    visitor.sample = [this](const SampleBlock& block) { add_sample(block); };
    visitor.modes = [this](int m, std::span<const double> y) { add_modes(m, y); };
    const auto outcome = sample_split(graph_, solver_, bound_, split, visitor);
    q_ = walk_coefficients(outcome.pi);
    result_.converged = outcome.converged;
    result_.solve_seconds = outcome.seconds;
  }

  // Collective. The polynomial that makes the random part small where the walks' estimate is the one that counts.
  Polynomial choose(const PowerBlock& block) {
    const auto m = at(block.columns);
    const WalkTerms terms(graph_, walks_);
    const bool two = walks_.lengths == 4;
    std::array<double, 6> q{};
    std::size_t number = 0;
    for_each_kept_edge(graph_, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
      const double w = graph_.conductance()[e];
      std::array<double, 6> own{};
      for (std::size_t k = 0; k < m; ++k) {
        double d[3];
        for (std::size_t t = 0; t < 3; ++t) d[t] = block.x[t][at(i) * m + k] - block.x[t][at(j) * m + k];
        own[0] += d[0] * d[0], own[1] += d[0] * d[1], own[2] += d[0] * d[2];
        own[3] += d[1] * d[1], own[4] += d[1] * d[2], own[5] += d[2] * d[2];
      }
      const auto walk = terms.edge(number++, i, e, j);
      const double rest = w * own[two ? 5 : 3] / static_cast<double>(m);
      const double leverage = std::clamp(w * (walk[0] + walk[1] + walk[2] + walk[3]) + rest, 1e-3 * rest, 1.0);
      const double gap = 1 - leverage;
      const double share = gap * gap + rest * rest > 0 ? gap * gap / (gap * gap + rest * rest) : 0.0;
      if (!(leverage > 0)) return;
      for (std::size_t t = 0; t < 6; ++t) q[t] += share * w / leverage * own[t];
    });
    graph_.comm().sum(std::span<double>(q));
    return least_polynomial(q, two ? 2 : 1);
  }

  void add_sample(const SampleBlock& block) {
    const auto m = at(block.columns);
    std::size_t number = 0;
    for_each_kept_edge(graph_, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
      const auto first = graph_.global(i), second = graph_.global(j);
      const auto bits = signs_.bits(first, second, block.first);
      const double root = std::sqrt(graph_.conductance()[e]), sign = first < second ? 1.0 : -1.0;
      const double* xi = &block.x[at(i) * m];
      const double* xj = &block.x[at(j) * m];
      const double* yi = &block.y[at(i) * m];
      const double* yj = &block.y[at(j) * m];
      double rest = 0, gap = 0;
      for (std::size_t k = 0; k < m; ++k) {
        const double z = (bits >> k & 1U) != 0 ? sign : -sign;
        const double outside = z - root * (xi[k] - xj[k]), inside = root * (yi[k] - yj[k]);
        rest += inside * inside, gap += outside * outside;
      }
      edges_.rest[number] += rest, edges_.gap[number++] += gap;
    });
    add_ground_sample(block);
  }

  void add_ground_sample(const SampleBlock& block) {
    const auto m = at(block.columns);
    for (LocalIndex i = 0; i < graph_.size(); ++i) {
      const double g = graph_.ground()[at(i)];
      if (!(g > 0)) continue;
      const auto bits = signs_.bits(graph_.global(i), graph_.global(i), block.first);
      for (std::size_t k = 0; k < m; ++k) {
        const double z = (bits >> k & 1U) != 0 ? 1.0 : -1.0, root = std::sqrt(g);
        const double outside = z - root * block.x[at(i) * m + k], inside = root * block.y[at(i) * m + k];
        ground_.rest[at(i)] += inside * inside, ground_.gap[at(i)] += outside * outside;
      }
    }
  }

  void add_modes(int columns, std::span<const double> y) {
    const auto m = at(columns);
    std::size_t number = 0;
    for_each_kept_edge(graph_, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
      double sum = 0;
      for (std::size_t k = 0; k < m; ++k) {
        const double d = y[at(i) * m + k] - y[at(j) * m + k];
        sum += d * d;
      }
      edges_.fixed[number++] += graph_.conductance()[e] * sum;
    });
    for (std::size_t i = 0; i < ground_.fixed.size(); ++i) {
      for (std::size_t k = 0; k < m; ++k) ground_.fixed[i] += graph_.ground()[i] * y[i * m + k] * y[i * m + k];
    }
  }

  // Collective. Estimates with their variances; the missing part of Foster's sum goes where the variance is.
  void finish() {
    Totals totals;
    const auto variance = combine_edges(totals), ground_variance = combine_ground(totals);
    double sums[] = {totals.leverage, totals.variance, totals.relative_error, totals.count};
    const auto& comm = graph_.comm();
    comm.sum(std::span<double>(sums));
    result_.largest = comm.max(totals.largest);
    result_.predicted_error = sums[3] > 0 ? sums[2] / sums[3] : 0.0;
    result_.foster_sum = sums[0];
    result_.foster_exact = static_cast<double>(graph_.global_size() - solver_.nullity());
    const double lack = sums[1] > 0 ? (result_.foster_exact - sums[0]) / sums[1] : 0.0;
    distribute(result_.edge, variance, lack), distribute(result_.ground, ground_variance, lack);
    bound_leverages();
    result_.above_one = comm.sum(result_.above_one);
  }

  struct Totals {
    double leverage = 0, variance = 0, relative_error = 0, count = 0, largest = 0;
    void add(const Combined& one) {
      leverage += one.leverage, variance += one.variance, count += 1;
      if (one.leverage > 0) relative_error += mean_of_normal() * std::sqrt(one.variance) / one.leverage;
      largest = std::max(largest, one.leverage);
    }
  };

  /// [kept edges] Variances; the estimates go to the result.
  std::vector<double> combine_edges(Totals& totals) {
    const WalkTerms terms(graph_, walks_);
    std::vector<double> variance;
    for_each_kept_edge(graph_, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
      const auto k = variance.size();
      const double fixed = edges_.fixed[k] + graph_.conductance()[e] * dot(q_, terms.edge(k, i, e, j));
      const auto one = combine(fixed, edges_.rest[k], edges_.gap[k], params_.solves);
      totals.add(one);
      result_.edge.push_back(one.leverage), variance.push_back(one.variance);
    });
    return variance;
  }

  /// [n] The same for the edges to ground; 0 where there is none.
  std::vector<double> combine_ground(Totals& totals) {
    const WalkTerms terms(graph_, walks_);
    std::vector<double> variance(at(graph_.size()), 0.0);
    result_.ground.assign(variance.size(), 0.0);
    for (LocalIndex i = 0; i < graph_.size(); ++i) {
      const double g = graph_.ground()[at(i)];
      if (!(g > 0)) continue;
      const double fixed = ground_.fixed[at(i)] + g * dot(q_, terms.ground(i));
      const auto one = combine(fixed, ground_.rest[at(i)], ground_.gap[at(i)], params_.solves);
      totals.add(one);
      result_.ground[at(i)] = one.leverage, variance[at(i)] = one.variance;
    }
    return variance;
  }

  static void distribute(std::vector<double>& leverage, const std::vector<double>& variance, double lack) {
    for (std::size_t k = 0; k < leverage.size(); ++k) leverage[k] += lack * variance[k];
  }

  // An edge has at most all the current, and at least what it has with all other nodes shorted.
  void bound_leverages() {
    const auto degree = with_ghosts(graph_.halo(), graph_.degree());
    std::size_t number = 0;
    const auto limit = [&](double& leverage, double least) {
      result_.above_one += leverage > 1 + 1e-9 ? 1 : 0;
      leverage = std::clamp(leverage, std::min(least, 1.0), 1.0);
    };
    for_each_kept_edge(graph_, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
      const double w = graph_.conductance()[e];
      const double first = std::max(degree[at(i)] - w, 0.0), second = std::max(degree[at(j)] - w, 0.0);
      const double around = first + second > 0 ? first * second / (first + second) : 0.0;
      limit(result_.edge[number++], w / (w + around));
    });
    for (std::size_t i = 0; i < result_.ground.size(); ++i) {
      const double g = graph_.ground()[i];
      if (g > 0) limit(result_.ground[i], g / degree[i]);
    }
  }

  const ConductanceGraph& graph_;
  LaplacianSolver& solver_;
  const EigenvalueBound& bound_;
  const EdgeResistanceParams& params_;
  EdgeSigns signs_;
  ShortWalks walks_;
  Sums edges_, ground_;
  std::array<double, 4> q_{};
  LeverageEstimate result_;
};

}  // namespace

LeverageEstimate estimate_leverages(const ConductanceGraph& graph, LaplacianSolver& solver,
                                    const EigenvalueBound& bound, const EdgeResistanceParams& params) {
  return Estimator(graph, solver, bound, params).run();
}

}  // namespace synbal::detail
