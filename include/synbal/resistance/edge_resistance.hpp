// The effective resistance of every edge: exact, or estimated from a few random solves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/enum_names.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/resistance/resistance.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal {

/// How edge resistances are found.
enum class EdgeMethod {
  estimate,  ///< short walks exactly, the rest from random solves: a few solves for all edges together
  columns,   ///< exact: by elimination where that fills little, whatever the conductances; else one solve per node,
             ///< exact but for rounding relative to the largest resistance
  pairs      ///< one solve per edge: each resistance to its own relative accuracy, with a bracket
};
template <>
inline constexpr auto enum_names<EdgeMethod> = std::to_array<EnumName<EdgeMethod>>(
    {{EdgeMethod::pairs, "pairs"}, {EdgeMethod::columns, "columns"}, {EdgeMethod::estimate, "estimate"}});

struct EdgeResistanceParams {
  EdgeMethod method = EdgeMethod::estimate;
  int solves = 64;         ///< estimate: random right-hand sides
  std::uint64_t seed = 1;  ///< estimate: of these
  /// 0: the default. estimate: energy that a random solve may lack, of which every mode has 1 on average (1e-5);
  /// columns: see exact_solve(); pairs: of the bracket (1e-10).
  double tolerance = 0;
  std::int64_t checked = 64;  ///< estimate: edges solved exactly to measure the error; 0: none
  /// Estimate: known slow modes (of L or the normalised one, see modes.hpp) are taken out exactly; null: only what the
  /// random solves themselves reveal about slow modes.
  const Modes* modes = nullptr;
  /// pairs: see ResistanceParams; columns: an item is a column and a node, its value the entry of L^+ for them.
  AnswerKeeper* keeper = nullptr;
};

/// How far an estimate can be trusted. Relative errors of resistances (or of diagonal entries).
struct EstimateQuality {
  double predicted_error = 0;  ///< mean |error|, from the scatter of the random solves
  std::int64_t checked = 0;    ///< drawn at random (with weights all equal) and solved exactly
  double checked_mean = 0;     ///< mean |error| of these
  double checked_max = 0;
  double checked_bias = 0;  ///< mean error of these, with its sign
};

struct EdgeResistances {
  /// Per entry of the graph's rows (see ConductanceGraph::row_begin), so each edge stands at both its ends (equal but
  /// for rounding). In the graph's unit.
  std::vector<double> resistance;
  /// [n] Resistance to ground of the nodes that have a conductance to ground; 0 for the others.
  std::vector<double> to_ground;
  /// Foster's theorem: the sum of conductance * resistance over all edges, those to ground included, and what it must
  /// be: nodes - components without ground. The estimate is scaled to fulfil it in the end; this is the sum before.
  double foster_sum = 0, foster_exact = 0;
  double largest_leverage = 0;  ///< before leverages above 1 were set to 1
  std::int64_t above_one = 0;   ///< edges for which that was necessary
  EstimateQuality quality;      ///< of an estimate
  double bridge_error = 0;      ///< largest |1 - leverage| of the edges that are all that joins two parts
  /// All solves were as accurate as asked, Foster's sum is what it must be, and so are the bridges.
  bool converged = true;
  bool by_elimination = false;  ///< of columns: one elimination took the place of the solves
  int solves = 0;               ///< right-hand sides, those of the check not counted
  double walk_seconds = 0, solve_seconds = 0, combine_seconds = 0, check_seconds = 0;
};

/// Collective. With b = e_i - e_j, P = D^-1 W and a polynomial pi of degree 2 with pi(1) = 1:
///   R_ij = b^T L^+ b = sum_t q_t b^T P^t D^-1 b + b^T pi(P) L^+ pi(P)^T b,   (1 - pi(x)^2) / (1 - x) = sum_t q_t x^t.
/// The first part, walks of less than four steps, is summed up exactly from the rows around each edge. The second is
/// small where the graph mixes fast, has the slow modes taken out exactly, and is otherwise estimated by random
/// projections b^T pi(P) L^+ B^T W^1/2 z (Spielman & Srivastava 2011); pi is chosen to make it least. The same samples
/// say by z - W^1/2 B L^+ B^T W^1/2 z how much current goes around an edge: nothing around a bridge, whose leverage
/// comes out as exactly 1. The two estimates are combined by their variances. The random numbers belong to the edges:
/// results do not depend on the rank count but for rounding.
EdgeResistances edge_resistances(const ConductanceGraph& graph, LaplacianSolver& solver,
                                 const EdgeResistanceParams& params = {});

}  // namespace synbal
