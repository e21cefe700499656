// The three ways to every edge's resistance, and the check of the estimate.
#include "synbal/resistance/edge_resistance.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/edge_estimate.hpp"
#include "resistance/edge_visits.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/resistance/diagonal.hpp"

namespace synbal {

namespace {

using detail::for_each_kept_edge;

constexpr std::uint32_t kCheckStream = 0x51A2;
constexpr double kCheckTolerance = 1e-6;
constexpr double kPairTolerance = 1e-10;

/// Leverages of kept edges and to ground -> resistances at both ends.
void spread(const ConductanceGraph& graph, std::span<const double> edge, std::span<const double> ground,
            EdgeResistances& result) {
  result.resistance = detail::at_both_ends(graph, edge);
  for (std::size_t e = 0; e < result.resistance.size(); ++e) result.resistance[e] /= graph.conductance()[e];
  result.to_ground.assign(ground.begin(), ground.end());
  for (std::size_t i = 0; i < ground.size(); ++i) {
    if (graph.ground()[i] > 0) result.to_ground[i] /= graph.ground()[i];
  }
}

// Collective. Foster's sum and the largest leverage, of exact resistances.
void sum_up(const ConductanceGraph& graph, const LaplacianSolver& solver, std::span<const double> edge,
            std::span<const double> ground, EdgeResistances& result) {
  for (const auto values : {edge, ground}) {
    for (const double leverage : values) {
      result.foster_sum += leverage;
      result.largest_leverage = std::max(result.largest_leverage, leverage);
    }
  }
  result.foster_sum = graph.comm().sum(result.foster_sum);
  result.largest_leverage = graph.comm().max(result.largest_leverage);
  result.foster_exact = static_cast<double>(graph.global_size() - solver.nullity());
}

// Collective. Estimated leverages against solved ones, for edges whose random number is small.
void check(const ConductanceGraph& graph, ResistanceSolver& resistances, const EdgeResistanceParams& params,
           std::span<const double> edge, EstimateQuality& quality) {
  const CounterRandom random(params.seed, kCheckStream);
  const double chance =
      static_cast<double>(params.checked) / static_cast<double>(std::max<std::int64_t>(1, graph.edges()));
  std::vector<NodePair> pairs;
  std::vector<double> estimated;
  std::size_t number = 0;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    const auto low = static_cast<std::uint64_t>(std::min(graph.global(i), graph.global(j)));
    const auto high = static_cast<std::uint64_t>(std::max(graph.global(i), graph.global(j)));
    const double leverage = edge[number++];
    if (random.uniform(low * static_cast<std::uint64_t>(graph.global_size()) + high) >= chance) return;
    pairs.push_back({graph.global(i), graph.global(j)}), estimated.push_back(leverage);
  });
  const auto exact = resistances(pairs);
  double sums[3] = {};
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const double error = estimated[k] / exact.pairs[k].leverage - 1;
    sums[0] += 1, sums[1] += std::abs(error), sums[2] += error;
    quality.checked_max = std::max(quality.checked_max, std::abs(error));
  }
  graph.comm().sum(std::span<double>(sums));
  quality.checked_max = graph.comm().max(quality.checked_max);
  quality.checked = static_cast<std::int64_t>(sums[0]);
  if (sums[0] > 0) quality.checked_mean = sums[1] / sums[0], quality.checked_bias = sums[2] / sums[0];
}

// Collective.
EdgeResistances estimated(const ConductanceGraph& graph, LaplacianSolver& solver, const EdgeResistanceParams& params) {
  EdgeResistances result;
  ResistanceParams pair_params;
  pair_params.tolerance = kCheckTolerance, pair_params.seed = params.seed;
  ResistanceSolver resistances(graph, solver, pair_params);
  const auto& bound = resistances.eigenvalue_bound();
  const auto estimate = detail::estimate_leverages(graph, solver, bound, params);
  result.foster_sum = estimate.foster_sum, result.foster_exact = estimate.foster_exact;
  result.largest_leverage = estimate.largest, result.above_one = estimate.above_one;
  result.converged = estimate.converged, result.solves = params.solves;
  result.quality.predicted_error = estimate.predicted_error;
  result.walk_seconds = estimate.walk_seconds, result.combine_seconds = estimate.combine_seconds;
  result.solve_seconds = estimate.solve_seconds + bound.seconds;
  const Timer timer;
  if (params.checked > 0) check(graph, resistances, params, estimate.edge, result.quality);
  result.check_seconds = timer.seconds();
  spread(graph, estimate.edge, estimate.ground, result);
  return result;
}

// Collective. R = L+_ii + L+_jj - 2 L+_ij, the last from the columns as they come.
EdgeResistances by_columns(const ConductanceGraph& graph, LaplacianSolver& solver, double tolerance) {
  const Timer timer;
  struct Place {
    GlobalIndex column;
    LocalIndex i;
    std::size_t number;
  };
  std::vector<Place> places;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    places.push_back({graph.global(j), i, places.size()});
  });
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.column < b.column; });
  const auto n = at(graph.size());
  std::vector<double> diagonal(n, 0.0), between(places.size(), 0.0);
  auto next = places.begin();
  EdgeResistances result;
  result.converged = pseudoinverse_matrix(
      graph, solver,
      [&](GlobalIndex first, int m, std::span<const double> x) {
        for (int k = 0; k < m; ++k) {
          const auto own = first + k - graph.nodes().first();
          if (graph.nodes().owns(first + k)) diagonal[at(own)] = x[at(own) * at(m) + at(k)];
        }
        for (; next != places.end() && next->column < first + m; ++next) {
          between[next->number] = x[at(next->i) * at(m) + at(next->column - first)];
        }
      },
      tolerance);
  diagonal = with_ghosts(graph.halo(), std::move(diagonal));
  std::vector<double> edge, ground(n, 0.0);
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    edge.push_back(graph.conductance()[e] * (diagonal[at(i)] + diagonal[at(j)] - 2 * between[edge.size()]));
  });
  for (std::size_t i = 0; i < n; ++i) ground[i] = graph.ground()[i] * diagonal[i];
  sum_up(graph, solver, edge, ground, result);
  spread(graph, edge, ground, result);
  result.solves = static_cast<int>(graph.global_size());
  result.solve_seconds = timer.seconds();
  return result;
}

// Collective.
EdgeResistances by_pairs(const ConductanceGraph& graph, LaplacianSolver& solver, const EdgeResistanceParams& params) {
  const Timer timer;
  ResistanceParams pair_params;
  pair_params.tolerance = params.tolerance > 0 ? params.tolerance : kPairTolerance, pair_params.seed = params.seed;
  std::vector<NodePair> pairs;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    pairs.push_back({graph.global(i), graph.global(j)});
  });
  const auto edges = pairs.size();
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (graph.ground()[at(i)] > 0) pairs.push_back({graph.global(i), kGround});
  }
  const auto found = ResistanceSolver(graph, solver, pair_params)(pairs);
  std::vector<double> edge, ground(at(graph.size()), 0.0);
  for (std::size_t k = 0; k < edges; ++k) edge.push_back(found.pairs[k].leverage);
  for (std::size_t k = edges; k < pairs.size(); ++k) {
    ground[at(pairs[k].first - graph.nodes().first())] = found.pairs[k].leverage;
  }
  EdgeResistances result;
  result.converged = found.converged;
  sum_up(graph, solver, edge, ground, result);
  spread(graph, edge, ground, result);
  result.solves = static_cast<int>(graph.comm().sum(static_cast<std::int64_t>(pairs.size())));
  result.solve_seconds = timer.seconds();
  return result;
}

}  // namespace

EdgeResistances edge_resistances(const ConductanceGraph& graph, LaplacianSolver& solver,
                                 const EdgeResistanceParams& params) {
  if (params.method == EdgeMethod::columns) return by_columns(graph, solver, params.tolerance);
  if (params.method == EdgeMethod::pairs) return by_pairs(graph, solver, params);
  return estimated(graph, solver, params);
}

}  // namespace synbal
