// A PETSc preconditioner of the implicit steps of the flow, where the user names one.
#pragma once

#include <memory>
#include <span>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal {

/// P ~ (I + f L)^-1 on the assembled matrix. PETSc options with the prefix `flow_` (after `--`) choose it:
/// -flow_pc_type hypre, gamg, bjacobi, ... It has to be symmetric and positive definite.
class LaplacianPreconditioner {
 public:
  /// True when the PETSc options name a preconditioner (-flow_pc_type).
  static bool wanted();

  /// Collective. Reads the options. The problem must outlive it.
  explicit LaplacianPreconditioner(const BalanceProblem& problem);
  ~LaplacianPreconditioner();
  LaplacianPreconditioner(const LaplacianPreconditioner&) = delete;
  LaplacianPreconditioner& operator=(const LaplacianPreconditioner&) = delete;

  /// Collective. For L at the point of `costs`, which are not needed any more afterwards. @return false on all ranks
  /// when the library refuses (its reason is logged). @throws Error bad_input when a rank has more entries than
  /// PetscInt counts.
  bool set_up(const NeuronCosts& costs, double f);
  /// Collective. [n] z = P r.
  void apply(std::span<const double> r, std::span<double> z);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
