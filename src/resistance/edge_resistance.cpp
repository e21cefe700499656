// The three ways to every edge's resistance, and the check of the estimate.
#include "synbal/resistance/edge_resistance.hpp"

#include <algorithm>
#include <cmath>

#include "resistance/columns/edges_in_columns.hpp"
#include "resistance/edge_elimination.hpp"
#include "resistance/edge_visits.hpp"
#include "resistance/estimate/edge_estimate.hpp"
#include "resistance/estimate/split_samples.hpp"
#include "resistance/tuning.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/resistance/diagonal.hpp"

namespace synbal {

namespace {

using detail::for_each_kept_edge;
using detail::Leverages;

using namespace detail::tuning;

/// Leverages of kept edges and to ground -> resistances at both ends.
void spread(const ConductanceGraph& graph, const Leverages& leverages, EdgeResistances& result) {
  result.resistance = detail::at_both_ends(graph, leverages.edge);
  for (std::size_t e = 0; e < result.resistance.size(); ++e) result.resistance[e] /= graph.conductance()[e];
  result.to_ground = leverages.ground;
  for (std::size_t i = 0; i < leverages.ground.size(); ++i) {
    if (graph.ground()[i] > 0) result.to_ground[i] /= graph.ground()[i];
  }
}

// Collective. Foster's sum and the largest leverage, of exact resistances, and whether these and the bridges are as
// they must be, to `tolerance`.
void sum_up(const ConductanceGraph& graph, const LaplacianSolver& solver, const Leverages& leverages, double tolerance,
            EdgeResistances& result) {
  for (const auto* values : {&leverages.edge, &leverages.ground}) {
    for (const double leverage : *values) {
      result.foster_sum += leverage;
      result.largest_leverage = std::max(result.largest_leverage, leverage);
    }
  }
  result.foster_sum = graph.comm().sum(result.foster_sum);
  result.largest_leverage = graph.comm().max(result.largest_leverage);
  result.foster_exact = static_cast<double>(graph.global_size() - solver.nullity());
  result.bridge_error = detail::bridge_error(graph, leverages);
  const double one = std::max(tolerance, kExactLeverage);
  const double all = std::max(tolerance * result.foster_exact, kExactLeverage + kRounding * result.foster_exact);
  const bool right = std::abs(result.foster_sum - result.foster_exact) <= all && result.bridge_error <= one &&
                     result.largest_leverage <= 1 + one;  // false for what is no number
  result.converged = result.converged && right;
}

/// Kept edges whose random number is small, with the leverages that were estimated for them.
struct DrawnEdges {
  std::vector<NodePair> pairs;
  std::vector<double> estimated;
};

DrawnEdges drawn_edges(const ConductanceGraph& graph, const EdgeResistanceParams& params,
                       std::span<const double> edge) {
  const CounterRandom random(params.seed, 0x51A2);
  const double chance =
      static_cast<double>(params.checked) / static_cast<double>(std::max<std::int64_t>(1, graph.edges()));
  DrawnEdges drawn;
  std::size_t number = 0;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    const auto low = static_cast<std::uint64_t>(std::min(graph.global(i), graph.global(j)));
    const auto high = static_cast<std::uint64_t>(std::max(graph.global(i), graph.global(j)));
    const double leverage = edge[number++];
    if (random.uniform(low * static_cast<std::uint64_t>(graph.global_size()) + high) >= chance) return;
    drawn.pairs.push_back({graph.global(i), graph.global(j)}), drawn.estimated.push_back(leverage);
  });
  return drawn;
}

// Collective. Estimated leverages against solved ones.
void check(const ConductanceGraph& graph, ResistanceSolver& resistances, const EdgeResistanceParams& params,
           std::span<const double> edge, EstimateQuality& quality) {
  const auto drawn = drawn_edges(graph, params, edge);
  const auto exact = resistances(drawn.pairs);
  std::vector<double> errors;
  for (std::size_t k = 0; k < drawn.pairs.size(); ++k) {
    errors.push_back(drawn.estimated[k] / exact.pairs[k].leverage - 1);
  }
  detail::note_errors(graph.comm(), errors, quality);
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
  const Leverages leverages{estimate.edge, estimate.ground};
  result.bridge_error = detail::bridge_error(graph, leverages);
  const double off = std::abs(estimate.foster_sum - estimate.foster_exact);
  result.converged =
      result.converged && result.bridge_error <= kEstimatedBridge && off <= kEstimatedSum * estimate.foster_exact;
  spread(graph, leverages, result);
  return result;
}

// Collective.
EdgeResistances by_columns(const ConductanceGraph& graph, LaplacianSolver& solver, const EdgeResistanceParams& params) {
  const double tolerance = params.tolerance;
  const Timer timer;
  EdgeResistances result;
  Leverages leverages;
  if (const auto whole = whole_graph(graph)) {
    result.by_elimination = true;
    leverages = detail::eliminated_leverages(graph, *whole);
  } else {
    detail::EdgesInColumns edges(graph, params.keeper);
    result.converged = edges.fill(solver, tolerance);
    leverages = {edges.leverages(), edges.to_ground()};
  }
  result.solves = static_cast<int>(graph.global_size());
  sum_up(graph, solver, leverages, tolerance, result);
  spread(graph, leverages, result);
  result.solve_seconds = timer.seconds();
  return result;
}

/// The kept edges, then those to ground.
std::vector<NodePair> ends_of_edges(const ConductanceGraph& graph) {
  std::vector<NodePair> pairs;
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    pairs.push_back({graph.global(i), graph.global(j)});
  });
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    if (graph.ground()[at(i)] > 0) pairs.push_back({graph.global(i), kGround});
  }
  return pairs;
}

// Collective.
EdgeResistances by_pairs(const ConductanceGraph& graph, LaplacianSolver& solver, const EdgeResistanceParams& params) {
  const Timer timer;
  ResistanceParams pair_params;
  pair_params.tolerance = params.tolerance > 0 ? params.tolerance : kPairTolerance, pair_params.seed = params.seed;
  pair_params.keeper = params.keeper;
  const auto edges = at(detail::kept_edges(graph));
  const auto pairs = ends_of_edges(graph);
  const auto found = ResistanceSolver(graph, solver, pair_params)(pairs);
  Leverages leverages{{}, std::vector<double>(at(graph.size()), 0.0)};
  for (std::size_t k = 0; k < edges; ++k) leverages.edge.push_back(found.pairs[k].leverage);
  for (std::size_t k = edges; k < pairs.size(); ++k) {
    leverages.ground[at(pairs[k].first - graph.nodes().first())] = found.pairs[k].leverage;
  }
  EdgeResistances result;
  result.converged = found.converged;
  sum_up(graph, solver, leverages, pair_params.tolerance, result);
  spread(graph, leverages, result);
  result.solves = static_cast<int>(graph.comm().sum(static_cast<std::int64_t>(pairs.size())));
  result.solve_seconds = timer.seconds();
  return result;
}

}  // namespace

EdgeResistances edge_resistances(const ConductanceGraph& graph, LaplacianSolver& solver,
                                 const EdgeResistanceParams& params) {
  switch (params.method) {
    case EdgeMethod::estimate:
      return estimated(graph, solver, params);
    case EdgeMethod::columns:
      return by_columns(graph, solver, params);
    case EdgeMethod::pairs:
      return by_pairs(graph, solver, params);
  }
  throw internal_error("an unknown way to edge resistances");
}

}  // namespace synbal
