// The Hessian of the cost, p^2 L, and the Krylov solves with it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/krylov/choice.hpp"
#include "synbal/krylov/component_sums.hpp"

namespace synbal {

struct KrylovParams {
  double tolerance = 0.1;  ///< relative, in the preconditioned norm: neurons with small costs count as much as others
  std::int64_t max_iterations = 200;
};

struct KrylovResult {
  std::int64_t iterations = 0;
  bool converged = false;
  bool usable = false;  ///< d is finite and not just the start: a descent direction, if not as accurate as asked
};

/// L = diag(r + k^2 o) - (C K + K C^T) at a point (Stock et al. 2022, eq. 32), with k = 1 the Laplacian of the graph
/// with conductances c_ij + c_ji. Applied through the fused kernel; assembled only for multigrid and direct solves.
/// PETSc options with the prefix `newton_` (after `--`) override the choice of preconditioner and tune it
/// (-newton_pc_type ..., -newton_pc_hypre_boomeramg_...).
class HessianSolver final : public PreconditionerFactory {
 public:
  /// Collective. All three must outlive the solver. `components` may be finer than the problem's (clusters, each with
  /// its own null vector): L is then nearly singular beyond what they project out, and never factorised.
  HessianSolver(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components);
  ~HessianSolver() override;

  /// True when the PETSc options name a preconditioner (-newton_pc_type): it then serves from the start.
  static bool user_chose_preconditioner();

  /// False where the components that are projected out divide those of the problem, and where the same bits are asked
  /// for at any rank count: a factorisation's order depends on it.
  [[nodiscard]] bool may_factorise() const;

  /// Collective. Takes L at the point of `costs`, which must stay as they are until the solves there are done.
  void set_point(const NeuronCosts& costs);
  /// Collective. Solves L d = g by CG from d = 0. The constants of components without pinned neurons are projected out
  /// of g and of every preconditioned residual, in the inner product of the diagonal: without that CG diverges near
  /// convergence. d comes back with zero mean in those components. The choice, whose factory is this solver, gives the
  /// preconditioner and may end the solve before it has converged.
  KrylovResult solve(std::span<const double> g, std::span<double> d, const KrylovParams& params,
                     PreconditionerChoice& choice);

  /// Gives the memory of the vectors of conjugate gradients back until the next solve.
  void release();

  static constexpr GlobalIndex kTinyLimit = 1'000;     ///< neurons that are factorised rather than coarsened
  static constexpr GlobalIndex kDirectLimit = 50'000;  ///< neurons that a factorisation may have

  [[nodiscard]] const char* user() const override { return "newton"; }
  [[nodiscard]] std::vector<Preconditioner> after(Preconditioner present, bool swings) const override;
  [[nodiscard]] double patience(Preconditioner present, bool swings) const override;
  [[nodiscard]] std::int64_t limit(Preconditioner kind, bool last) const override;
  /// For L at the point that is set.
  std::unique_ptr<BlockPreconditioner> make(Preconditioner kind) override;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
