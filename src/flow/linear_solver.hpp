// What SUNDIALS' conjugate gradients work with in the implicit steps of symmetric dynamics: the preconditioner of
// I + gamma A, and handles.
//
// A linear solver of our own stood here (block conjugate gradients with one reduction an iteration, one digit at least
// in every solve, a change of preconditioner within a solve). benchmark_flow newton, SUNLinSol_PCG with the
// preconditioners below against it, one core, medians of 3: random 10^4 x 20 1.35 s against 1.89 s, random 10^5 x 20
// 22.5 s against 31.1 s, modular 5 10^3 5.7 s against 6.7 s, lattice 10^4 4.4 s against 5.4 s, small world 10^4 3.6 s
// against 3.5 s, Kronecker 2^13 3.2 s against 2.3 s. What lasts is the choice of the preconditioner: multigrid from the
// start costs 4 times as much on random networks.
#pragma once

#include <sundials/sundials_linearsolver.h>

#include <memory>
#include <span>
#include <vector>

#include "flow/dynamics.hpp"
#include "flow/state_vector.hpp"

namespace synbal {

struct LinearSolverTraits {
  static SUNLinearSolver null() { return nullptr; }
  static void destroy(SUNLinearSolver raw) noexcept { SUNLinSolFree(raw); }
};
using LinearSolver = Handle<SUNLinearSolver, LinearSolverTraits>;

/// Starts with the diagonal and goes on to what the dynamics offer when solves take many iterations.
class ImplicitPreconditioner {
 public:
  /// The dynamics must outlive it.
  explicit ImplicitPreconditioner(Dynamics& dynamics) : dynamics_(&dynamics) {}

  /// Collective. At the y of the last derivative(). `iterations`: how many a solve has taken since the last set-up.
  /// @return false on all ranks when the one that the user wants cannot be had.
  [[nodiscard]] bool set_up(double gamma, double iterations);
  /// Collective. z = M^-1 r, which keeps what the flow cannot change (means of components), like I + gamma A itself.
  void solve(std::span<const double> r, std::span<double> z);

 private:
  [[nodiscard]] std::optional<Preconditioner> kind() const;
  void make(double gamma);

  Dynamics* dynamics_;
  std::size_t level_ = 0;  // 0: the diagonal, then one after the other of what is offered
  std::unique_ptr<BlockPreconditioner> made_;
  std::vector<double> diagonal_;  // of I + gamma A
  std::vector<double> difference_;
};

}  // namespace synbal
