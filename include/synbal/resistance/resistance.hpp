// Effective resistances between pairs of nodes, each with a two-sided bracket.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/answer_keeper.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal {

/// Stands for ground (all pinned neurons together) as an end of a pair.
inline constexpr GlobalIndex kGround = -1;

/// Two global nodes, or a node and kGround.
struct NodePair {
  GlobalIndex first = 0;
  GlobalIndex second = 0;
};

struct ResistanceParams {
  double tolerance = 1e-8;               ///< half the bracket's width over its middle
  std::int64_t max_iterations = 20'000;  ///< per pair
  double failure_probability = 1e-12;    ///< of the eigenvalue bound on which upper ends rest
  std::uint64_t seed = 1;
  /// Vectors of a slow space from which solves start: fewer iterations for each pair, for three rough solves and 8
  /// bytes a node for each vector beforehand. Empty: kDeflation of them where that pays, else none.
  std::optional<int> deflation;
  std::int64_t expected = 0;  ///< pairs that will be asked for in all, if more than with the first call
  /// Answers are added to it, an item being the two nodes, and those that it knows are not solved again. Must outlive
  /// the solver.
  AnswerKeeper* keeper = nullptr;
};

/// R_ij = (e_i - e_j)^T L^+ (e_i - e_j), in the graph's unit: divide by graph.unit() for the user's. Infinite (all
/// three) between components, 0 for a node and itself.
struct PairResistance {
  double value = 0;        ///< middle of the bracket
  double lower = 0;        ///< Gauss
  double upper = 0;        ///< Gauss-Lobatto or Gauss-Radau with ResistanceSolver::eigenvalue_bound()
  double conductance = 0;  ///< of the edge between the two; 0 without
  double leverage = 0;     ///< conductance * value (Foster: these sum to N - components over all edges)
  std::int64_t iterations = 0;
  bool converged = false;  ///< the bracket is as narrow as asked
};

struct PairResistances {
  std::vector<PairResistance> pairs;  ///< in the order of this rank's list
  bool converged = true;              ///< all pairs of all ranks
  std::int64_t iterations = 0;        ///< most of any pair, over all ranks
  std::int64_t unreachable = 0;       ///< pairs in different components, over all ranks
  double seconds = 0;
};

/// What one column of conjugate gradients says about the spectrum.
struct LanczosColumn {
  double start = 0;  ///< rho of iteration 0
  std::vector<double> alpha, beta;
};

/// Bounds of the positive eigenvalues of M^-1 L_r, the operator whose Lanczos matrix conjugate gradients build (see
/// PcgIteration).
struct EigenvalueBound {
  double value = 0;  ///< of the smallest, from below; 0: none was found
  /// Of the largest, from above, with the same chance of failure: at most 2 for Jacobi (Gershgorin) and for incomplete
  /// Cholesky, which splits an M-matrix regularly (Varga 2000, ch. 3); infinity: none was found.
  double largest = std::numeric_limits<double>::infinity();
  /// Chance, over the random vectors, that an eigenvalue lies beyond one of the two: those vectors would all have to
  /// miss its eigenvector almost entirely. 0 where both hold without chance.
  double failure_probability = 1;
  /// False: an estimate only, because the preconditioner is not one of ours, about which something is known.
  bool certified = false;
  bool jacobi = true;           ///< M is the diagonal
  std::string preconditioner;   ///< M, as LaplacianSolve::preconditioner names it
  std::int64_t iterations = 0;  ///< that it took, most of any vector
  double seconds = 0;
  std::vector<LanczosColumn> columns;  ///< what the random vectors said, all of it
};

/// Resistances of any number of pairs, 16 at a time; a pair ends as soon as its bracket is narrow enough, which needs
/// about half the iterations of a solution: the error of the energy is the square of that of x. Where rounding could
/// spoil these brackets, as over weak cuts, they come from improved solutions and from the residuals that these leave,
/// edge by edge: then they hold whatever the solver did.
class ResistanceSolver {
 public:
  static constexpr int kDeflation = 64;

  /// Both must outlive it.
  ResistanceSolver(const ConductanceGraph& graph, LaplacianSolver& solver, const ResistanceParams& params = {});
  ~ResistanceSolver();

  /// Collective. Each rank gives pairs of its own (any nodes, also none at all) and gets their resistances.
  /// @throws Error bad_input for a node that the graph does not have.
  PairResistances operator()(std::span<const NodePair> pairs);

  /// Collective at the first call, when 16 random right-hand sides are solved for it.
  const EigenvalueBound& eigenvalue_bound();
  /// Vectors from whose span solves start, so far.
  [[nodiscard]] int deflated() const noexcept;

 private:
  struct SlowSpace;
  struct Certificate;
  double gain_of(int vectors);
  void deflate(std::int64_t pairs);
  std::vector<std::size_t> recall(std::span<const NodePair> pairs, PairResistances& result) const;
  void remember(std::span<const NodePair> pairs, std::span<const PairResistance> answers) const;
  std::vector<PairResistance> solve_chunk(std::span<const NodePair> pairs);
  void solve_block(std::span<const NodePair> pairs, std::span<PairResistance> answers);

  const ConductanceGraph* graph_;
  LaplacianSolver* solver_;
  ResistanceParams params_;
  std::optional<EigenvalueBound> bound_;
  std::unique_ptr<SlowSpace> slow_;
  std::unique_ptr<Certificate> certificate_;
};

/// One block of columns of a matrix with a row per node, as it comes: `values` is [n * columns], interleaved (value of
/// owned node i in column k at [i * columns + k]); column k belongs to global node first + k. Called on every rank, in
/// ascending order; may communicate.
using ColumnBlock = std::function<void(GlobalIndex first, int columns, std::span<const double> values)>;

/// Collective. The matrix R of all pairs of a small graph, 16 columns at a time. Infinite between components. In the
/// graph's unit. Up to 4,000 nodes by elimination on every rank, each resistance to a few rounding errors a node;
/// beyond no rank ever holds more than n x 16 of it, and two solves per node are made, as exact_solve(tolerance) says:
/// errors are then relative to the largest resistance of a component, not to each.
/// @return false when a solve did not reach the tolerance, or where differences of L^+ lost the digits that it has.
bool resistance_matrix(const ConductanceGraph& graph, LaplacianSolver& solver, const ColumnBlock& take,
                       double tolerance = 0);

/// Collective. The same with L^+ itself: zero between components, one solve per node.
bool pseudoinverse_matrix(const ConductanceGraph& graph, LaplacianSolver& solver, const ColumnBlock& take,
                          double tolerance = 0);

/// Collective. [n] R from node `from` (or kGround) to every node, given the diagonal of L^+ ([n], see diagonal.hpp: its
/// errors go into the result as they are): R_ij = L+_ii + L+_jj - 2 L+_ij with one solve. Infinite in other components.
/// @throws Error bad_input for a node that the graph does not have.
std::vector<double> resistances_from(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex from,
                                     std::span<const double> diagonal, double tolerance = 0);

/// Resistances from one node or ground to all.
struct ResistancesFrom {
  std::vector<double> resistance;  ///< [n] infinite in other components; in the graph's unit
  double to_ground = 0;            ///< infinite where it is not joined with ground
  bool converged = true;
  bool by_elimination = false;  ///< else by one solve per node
};

/// Collective. Exact ones, by elimination or with a solve per node like resistance_matrix().
/// @throws Error bad_input for a node that the graph does not have.
ResistancesFrom exact_resistances_from(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex from,
                                       double tolerance = 0);

}  // namespace synbal
