// What SUNDIALS' conjugate gradients work with in the implicit steps of symmetric dynamics: the preconditioner of
// I + gamma A, and handles.
//
// A linear solver of our own stood here (block conjugate gradients with one reduction an iteration, one digit at least
// in every solve, a change of preconditioner within a solve). Seconds to the equilibrium, this against that, one
// core of two: random 10^5 x 20 10.7 against 14.7 and, with sigma 4, 10^4 x 20 4.8 against 6.6 (once each); medians of
// 3: random 5 10^3 x 20 with sigma 3 1.50 against 1.48, modular 3 10^3 2.35 against 2.13; in seconds of the processor
// for 4 10^3 neurons: lattice 0.72 against 0.70, small world 0.70 against 0.72, Kronecker 0.48 against 0.58. What lasts
// is the choice of the preconditioner: multigrid from the start costs 4 times as much on random networks.
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
