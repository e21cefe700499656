// x = L^+ b for one or many right-hand sides.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/krylov/pcg.hpp"

namespace synbal {

struct LaplacianSolverParams {
  /// Empty: chosen at the first solve, from the progress that a short probe and what follows makes: Jacobi while few
  /// iterations are ahead, else incomplete Cholesky (up to four ranks), else algebraic multigrid or, up to 1,000 nodes
  /// (also if multigrid is asked for), a factorisation. PETSc options with the prefix `laplacian_` replace all of these
  /// (-laplacian_pc_type ..., after `--`); those for BoomerAMG (-laplacian_pc_hypre_boomeramg_...) tune multigrid.
  std::optional<Preconditioner> preconditioner;
  bool eliminate = true;  ///< degree-1 and degree-2 nodes exactly, beforehand
};

struct LaplacianSolveParams {
  double tolerance = 1e-8;               ///< |b - L x|_2 / |b|_2, b projected onto the range of L
  std::int64_t max_iterations = 20'000;  ///< per column, over all cycles
  bool warm = false;                     ///< x holds vectors to start from; false: from 0
  double acceptable = 0;                 ///< a residual that will do where the tolerance is not reached
};

/// For answers that count as exact: |r| / |b| <= `tolerance`, or with 0 as much as doubles allow: 1e-12, and where
/// weakly joined groups keep rounding from that, 1e-10.
[[nodiscard]] LaplacianSolveParams exact_solve(double tolerance = 0);

/// How the solve of one right-hand side went.
struct LaplacianColumn {
  std::int64_t iterations = 0;
  double residual = 0;     ///< true: computed from x and the singular L at the end; 0 for b = 0
  double projected = 0;    ///< |b - P b|_2 / |b|_2, the share of b outside the range of L that was projected out
  double energy = 0;       ///< the last lower bound of b^T L^+ b that CG gave (graph's unit)
  bool converged = false;  ///< residual <= tolerance, or at least acceptable
  bool stopped = false;    ///< ended by the observer: x is as good as `residual` says
  bool last = true;        ///< x is what CG ended with; false: an earlier iterate, whose residual is smaller
};

struct LaplacianSolve {
  std::vector<LaplacianColumn> columns;
  bool converged = true;        ///< every column that the observer did not stop
  std::int64_t iterations = 0;  ///< most of any column
  std::string preconditioner;   ///< "jacobi", "incomplete cholesky", "multigrid", "direct", "elimination" (nothing was
                                ///< left), PETSc's
  double setup_seconds = 0;     ///< elimination, probe's consequences, preconditioner: what later solves are spared
  double solve_seconds = 0;
  std::int64_t matrix_passes = 0;  ///< products with one vector
};

/// Pseudo-block preconditioned conjugate gradients on the singular L: every column has its own scalars, all columns
/// share each product, exchange and the one reduction of an iteration (Chronopoulos & Gear 1989). No node is pinned and
/// no shift added: the constants are projected out of every preconditioned residual in the inner product of the
/// diagonal. The accuracy reported is that of the true residual; where the recurrence lied, CG starts again from what
/// it has.
class LaplacianSolver {
 public:
  /// Collective. Eliminates. The graph must outlive the solver.
  explicit LaplacianSolver(const ConductanceGraph& graph, const LaplacianSolverParams& params = {});
  ~LaplacianSolver();
  LaplacianSolver(const LaplacianSolver&) = delete;
  LaplacianSolver& operator=(const LaplacianSolver&) = delete;

  /// Collective. x = L^+ P b with P the projection onto the range of L (the constants of components without ground are
  /// taken out of b and of x). `b` and `x`: [n * columns], interleaved: value of node i in column k at [i * columns +
  /// k]; any number of columns, taken in blocks of at most LaplacianOperator::kMaxColumns. x is always usable; a
  /// tolerance that rounding does not allow shows as a column that has not converged. In the graph's unit: divide x by
  /// graph.unit() for the user's. The observer is told of the iterations on L_r x = b_r, the system that elimination
  /// left (A in PcgIteration; its offset holds what elimination contributes to the energy b^T L^+ b), in the graph's
  /// unit. The smallest positive eigenvalue of D^-1 L bounds that of D_r^-1 L_r from below, so a bound for the whole
  /// graph serves (harmonic extension only adds to x^T D x).
  LaplacianSolve solve(std::span<const double> b, std::span<double> x, int columns,
                       const LaplacianSolveParams& params = {}, const PcgObserver& observer = {});

  /// The preconditioner that was asked for, by the parameters or by PETSc options (any of these are multigrid here).
  [[nodiscard]] std::optional<Preconditioner> asked() const noexcept;
  /// Collective at the first call. Whether an elimination of the whole graph is so light that it costs no more than
  /// some dozen iterations.
  [[nodiscard]] bool light_elimination() const;
  /// Seconds of the set-up so far, elimination included.
  [[nodiscard]] double setup_seconds() const noexcept;
  [[nodiscard]] std::int64_t eliminated() const noexcept;
  /// Nullity of L: components that do not touch ground.
  [[nodiscard]] std::int64_t nullity() const noexcept;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
