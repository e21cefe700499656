// Pseudo-block conjugate gradients with one reduction per iteration.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "synbal/core/huge_pages.hpp"
#include "synbal/laplacian/components.hpp"
#include "synbal/laplacian/operator.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::laplacian {

/// u = M^-1 r for interleaved blocks, M symmetric and positive definite but for constants.
class BlockPreconditioner {
 public:
  BlockPreconditioner() = default;
  BlockPreconditioner(const BlockPreconditioner&) = delete;
  BlockPreconditioner& operator=(const BlockPreconditioner&) = delete;
  virtual ~BlockPreconditioner() = default;
  /// Collective.
  virtual void apply(std::span<const double> r, std::span<double> u, int columns) = 0;
};

/// Why a column ended.
enum class PcgEnd : std::uint8_t {
  running,
  reached,    ///< the recurrence says that the target is reached
  stopped,    ///< by the observer
  left,       ///< the adviser wants another preconditioner
  limit,      ///< of iterations
  breakdown,  ///< rho or the curvature is not positive: M is not definite, or rounding has taken over
};

/// One run of CG for a block of right-hand sides, from x = 0.
struct PcgTask {
  std::span<const double> r;  ///< [n * columns] right-hand sides
  int columns = 1;
  std::span<const int> column;          ///< how the observer knows them
  std::span<const double> target;       ///< |r| to reach
  std::span<const double> norm;         ///< |b|, to which the observer's residuals are relative
  std::span<const double> offset;       ///< see PcgIteration
  std::span<const std::int64_t> limit;  ///< iterations
  int cycle = 0;
  const PcgObserver* observer = nullptr;
  std::function<bool(const PcgIteration&)> adviser;  ///< true: leave this preconditioner, for all columns
};

struct PcgOutcome {
  std::vector<PcgEnd> end;
  std::vector<std::int64_t> iterations;
  std::vector<double> energy;
};

/// The vectors and the loop. With u = M^-1 r and w = L u, one reduction brings r.u, w.u, r.r and the component sums;
/// p, s = L p, x and r follow by recurrences (Chronopoulos & Gear 1989). The constants that u should not have (in the
/// inner product of the degrees) are known only after the reduction, but L does not see them: u loses them on its way
/// into p. What rounding put into the sums of r is taken out at the same time, before it can matter in r.u.
class BlockPcg {
 public:
  /// All must outlive it.
  BlockPcg(const ConductanceGraph& graph, const GraphComponents& components, LaplacianOperator& laplacian);

  /// Collective. x ([n * columns]) is overwritten. Without a preconditioner: Jacobi.
  PcgOutcome run(const PcgTask& task, std::span<double> x, BlockPreconditioner* preconditioner);

 private:
  struct Columns;
  void start(const PcgTask& task);
  void step(const Columns& now, BlockPreconditioner* preconditioner);
  template <int M, bool OneComponent>
  void update(const Columns& now, bool jacobi);
  template <int M>
  void sums_after_library();
  bool all_reached(const Columns& now);
  void reduce(bool jacobi);
  static void account(const PcgTask& task, Columns& now, PcgOutcome& outcome, std::int64_t iteration,
                      std::span<const double> scalars, bool leave);
  static void next_step(Columns& now, std::span<const double> scalars);
  void keep(const Columns& now, std::span<double> x, std::size_t all_columns) const;
  void narrow(Columns& now, std::span<double> x, std::size_t all_columns);

  const ConductanceGraph* graph_;
  const GraphComponents* components_;
  LaplacianOperator* laplacian_;
  std::vector<double> inverse_degree_;  // [n] 0 for isolated nodes
  std::vector<double> degree_sums_;     // per label
  int width_ = 0;
  HugeVector<double> x_, r_, u_, w_, p_, s_;
  std::vector<double> label_sums_;  // [labels * width] sums of r, which is D u; with a library, sums of D u and of r
  std::vector<double> shift_;       // [labels * 2 width] the constants to take out of u, and out of D^-1 r
  std::vector<double> scalars_;     // [3 width] r.u, w.u, r.r
};

}  // namespace synbal::laplacian
