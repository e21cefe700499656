// One Newton equation after the other, with a preconditioner that changes when the iterations call for it.
#include <algorithm>
#include <cmath>

#include "synbal/balance/newton.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

NewtonEquation::NewtonEquation(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : problem_(&problem),
      solver_(problem, kernel, components),
      preconditioner_(HessianSolver::user_chose_preconditioner() ? Preconditioner::multigrid : Preconditioner::jacobi),
      gradient_(static_cast<std::size_t>(problem.size())),
      potential_(static_cast<std::size_t>(problem.size())) {}

std::span<const double> NewtonEquation::solve(const NeuronCosts& costs, double tolerance) {
  gradient(*problem_, costs, gradient_);
  return solve_for_gradient(costs, tolerance);
}

std::span<const double> NewtonEquation::solve_accurately(const NeuronCosts& costs, double tolerance) {
  accurate_gradient(*problem_, gradient_);
  // Krylov norms hardly see a cluster that hangs on a thread; a factorisation does, where it is cheap.
  const bool tiny = problem_->global_size() <= kTinyLimit;
  if (tiny && preconditioner_ == Preconditioner::jacobi && !last_resort_) preconditioner_ = Preconditioner::direct;
  return solve_for_gradient(costs, tolerance);
}

std::span<const double> NewtonEquation::solve_for_gradient(const NeuronCosts& costs, double tolerance) {
  while (true) {
    const bool jacobi = preconditioner_ == Preconditioner::jacobi;
    const auto limit = last_resort_ ? kLastResortLimit : jacobi ? kJacobiLimit : kRobustLimit;
    // A strong preconditioner makes the norm less telling, and another digit cheap.
    if (attempt(costs, jacobi ? tolerance : 0.1 * tolerance, limit)) return potential_;
    if (!next_preconditioner()) return potential_;
  }
}

bool NewtonEquation::attempt(const NeuronCosts& costs, double tolerance, std::int64_t limit) {
  if (!solver_.set_point(costs, preconditioner_)) return false;
  const auto result = solver_.solve(gradient_, potential_, {tolerance, limit});
  iterations_ += result.iterations;
  solved_ = result.usable;
  if (!result.usable) std::fill(potential_.begin(), potential_.end(), 0.0);
  if (last_resort_) return true;
  return result.usable && (result.converged || preconditioner_ == Preconditioner::direct);
}

// Jacobi -> multigrid -> direct where the size allows -> Jacobi again, with more patience.
bool NewtonEquation::next_preconditioner() {
  if (last_resort_) return false;
  const bool small = problem_->global_size() <= kDirectLimit;
  if (preconditioner_ == Preconditioner::jacobi) {
    const bool tiny = problem_->global_size() <= kTinyLimit;
    preconditioner_ = tiny ? Preconditioner::direct : Preconditioner::multigrid;
  } else if (preconditioner_ == Preconditioner::multigrid && small) {
    preconditioner_ = Preconditioner::direct;
  } else {
    preconditioner_ = Preconditioner::jacobi;
    last_resort_ = true;
  }
  log_info("newton: the Krylov count calls for another preconditioner: {}{}", to_string(preconditioner_),
           last_resort_ ? " with more iterations" : "");
  return true;
}

}  // namespace synbal
