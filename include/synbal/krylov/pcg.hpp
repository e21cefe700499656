// Pseudo-block conjugate gradients with one reduction per iteration.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "synbal/core/huge_pages.hpp"
#include "synbal/krylov/operator.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

/// One iteration of conjugate gradients on A x = b, for the columns that are still being solved (all spans have one
/// entry for each of these). The coefficients define the Lanczos matrix of M^-1 A (M the preconditioner, for Jacobi
/// the diagonal of A), from which quadrature rules bound the energy b^T A^+ b:
///   b^T A^+ b = offset + rho_0 e_1^T T^-1 e_1,   T from alpha_0.., beta_0.. (Golub & Meurant 2010, ch. 12),
/// where rho_0 is that of iteration 0 of the cycle. A cycle is one run of CG from where the one before it ended: a new
/// one starts when the preconditioner changes or when the true residual turns out to be above what was asked for.
/// The same on all ranks.
struct PcgIteration {
  int cycle = 0;                       ///< 0, 1, ...
  std::int64_t iteration = 0;          ///< within the cycle, from 0
  bool jacobi = true;                  ///< M is the diagonal of A
  std::span<const int> column;         ///< which right-hand side
  std::span<const double> rho;         ///< r^T M^-1 r before the step
  std::span<const double> alpha;       ///< length of the step
  std::span<const double> beta;        ///< rho of this iteration over that of the one before; 0 in iteration 0
  std::span<const double> next_rho;    ///< r^T M^-1 r after the step; NaN at an end that did without it
  std::span<const double> next_alpha;  ///< length of the step that would follow: known with next_rho, or NaN
  std::span<const double> offset;      ///< the part of the energy that was known when the cycle began
  std::span<const double> energy;      ///< offset + sum of alpha rho up to this step: lower bound of b^T A^+ b, rising
  std::span<const double> residual;    ///< after the step, |r| over PcgTask::norm, by the recurrence
  std::span<std::uint8_t> stop;        ///< set to 1 (on all ranks alike) to end a column here
};
/// Called on every rank after every iteration; must not communicate over the operator's communicator and must decide
/// alike on all ranks.
using PcgObserver = std::function<void(const PcgIteration&)>;

/// Why a column ended.
enum class PcgEnd : std::uint8_t {
  running,
  reached,    ///< the recurrence says that the target is reached
  stopped,    ///< by the observer
  left,       ///< the adviser wants another preconditioner
  limit,      ///< of iterations
  breakdown,  ///< rho or the curvature is not positive: M is not definite, or rounding has taken over
};

/// How residuals are measured.
enum class PcgNorm : std::uint8_t {
  euclidean,  ///< |r|_2
  natural,    ///< (r^T M^-1 r)^1/2: places with a small diagonal count as much as others
};

/// True: leave this preconditioner, for all columns. The same on all ranks.
using PcgAdviser = std::function<bool(const PcgIteration&)>;

/// What is asked for one right-hand side.
struct PcgColumn {
  double target = 0;       ///< |r| over `norm` to reach
  std::int64_t limit = 0;  ///< iterations
  double norm = 1;         ///< to which targets and residuals relate; with PcgNorm::natural it is that of the start
  double offset = 0;       ///< see PcgIteration
  int name = 0;            ///< by which the observer knows it
};

/// One run of CG for a block of right-hand sides, from x = 0.
struct PcgTask {
  std::span<const double> r;  ///< [n * columns] right-hand sides
  std::vector<PcgColumn> columns{};
  PcgNorm measure = PcgNorm::euclidean;
  PcgAdviser adviser{};  ///< may be empty
  const PcgObserver* observer = nullptr;
  int cycle = 0;
};

struct PcgOutcome {
  std::vector<PcgEnd> end;
  std::vector<std::int64_t> iterations;
  std::vector<double> energy;
  std::vector<double> residual;  ///< as the observer saw it
};

/// The vectors and the loop. With u = M^-1 r and w = A u, one reduction brings r.u, w.u, r.r and the component sums;
/// p, s = A p, x and r follow by recurrences (Chronopoulos & Gear 1989). The constants that u should not have (in the
/// inner product of the diagonal) are known only after the reduction, but A does not see them: u loses them on its way
/// into p. What rounding put into the sums of r is taken out at the same time, before it can matter in r.u.
class BlockPcg {
 public:
  /// Collective. The operator must outlive it.
  explicit BlockPcg(SymmetricOperator& a);

  /// Collective. To be called when the operator has changed (its size and components stay).
  void take_diagonal();
  /// Collective. [n] Takes the constants out of a right-hand side that the operator cannot produce, in the inner
  /// product of the diagonal: places with a small diagonal are changed little.
  void project(std::span<double> r);

  /// Collective. x ([n * columns]) is overwritten. Without a preconditioner: Jacobi.
  /// @throws LeftEarly where a SolveWatch wants the end; x is then as it was.
  PcgOutcome run(const PcgTask& task, std::span<double> x, BlockPreconditioner* preconditioner);

  /// Gives the memory of the six vectors back until the next run.
  void release();

 private:
  struct Columns;
  void start(const PcgTask& task);
  void move(const Columns& now, bool jacobi);
  template <int M>
  void update(const Columns& now, bool jacobi);
  bool precondition_and_multiply(const Columns& now, BlockPreconditioner* preconditioner);
  template <int M>
  void sums_after_preconditioner();
  bool all_reached(const Columns& now);
  void reduce(bool jacobi);
  void sum_in_any_order(bool jacobi);
  void end_columns(Columns& now, const PcgTask& task, std::int64_t iteration, bool leave, PcgOutcome& outcome) const;
  static void end_breakdowns(Columns& now, PcgOutcome& outcome);
  void keep(const Columns& now, std::span<double> x, std::size_t all_columns) const;
  void narrow(Columns& now, std::span<double> x, std::size_t all_columns);

  SymmetricOperator* operator_;
  const ComponentSums* components_;
  std::vector<double> inverse_diagonal_;  // [n] 0 where a row is empty
  std::vector<double> diagonal_sums_;     // per label
  int width_ = 0;
  HugeVector<double> x_, r_, u_, w_, p_, s_;
  std::vector<double> label_sums_;  // [labels * width] sums of r, which is D u; else sums of D u and of r
  std::vector<double> shift_;       // [labels * 2 width] the constants to take out of u, and out of D^-1 r
  std::vector<double> scalars_;     // [3 width + 1] r.u, w.u, |r|^2; how many ranks want an end
};

}  // namespace synbal
