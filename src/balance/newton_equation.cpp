// One Newton equation after the other, with a preconditioner that changes when the iterations call for it.
#include <algorithm>

#include "synbal/balance/newton.hpp"

namespace synbal {

namespace {

std::optional<Preconditioner> asked() {
  return HessianSolver::user_chose_preconditioner() ? std::optional(Preconditioner::multigrid) : std::nullopt;
}

}  // namespace

NewtonEquation::NewtonEquation(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : problem_(&problem),
      solver_(problem, kernel, components),
      choice_(solver_, asked()),
      gradient_(static_cast<std::size_t>(problem.size())),
      potential_(static_cast<std::size_t>(problem.size())) {}

void NewtonEquation::set_point(const NeuronCosts& costs) {
  solver_.set_point(costs);
  if (begin_with_) {
    choice_.try_kind(*begin_with_);
    begin_with_.reset();
    return;
  }
  if (!choice_.renew()) choice_.next();
}

std::span<const double> NewtonEquation::solve(const NeuronCosts& costs, double tolerance) {
  return solve_with_modules(costs, tolerance) ? potential_ : solve_without_modules(tolerance);
}

bool NewtonEquation::solve_with_modules(const NeuronCosts& costs, double tolerance) {
  gradient(*problem_, costs, gradient_);
  set_point(costs);
  while (!attempt(tolerance)) {
    if (choice_.kind() == Preconditioner::clusters) return false;
    if (!choice_.next()) break;
  }
  return true;
}

std::span<const double> NewtonEquation::solve_without_modules(double tolerance) {
  return choice_.next() ? solve_for_gradient(tolerance) : potential_;
}

std::span<const double> NewtonEquation::solve_accurately(const NeuronCosts& costs, double tolerance, bool weak_cuts) {
  accurate_gradient(*problem_, gradient_);
  set_point(costs);
  // Krylov norms hardly see a cluster that hangs on a thread; a factorisation does, where it is cheap.
  const bool tiny = problem_->global_size() <= HessianSolver::kTinyLimit;
  const bool jacobi = choice_.kind() == Preconditioner::jacobi;
  if (tiny && jacobi && !choice_.resolved() && solver_.may_factorise()) choice_.try_kind(Preconditioner::direct);
  const bool coarse = weak_cuts && (!tiny || !solver_.may_factorise());
  if (coarse && choice_.kind() == Preconditioner::jacobi && !choice_.resolved()) choice_.next();
  solve_for_gradient(tolerance);
  release();
  return potential_;
}

std::span<const double> NewtonEquation::solve_for_gradient(double tolerance) {
  while (!attempt(tolerance) && choice_.next()) {
  }
  return potential_;
}

bool NewtonEquation::attempt(double tolerance) {
  // A strong preconditioner makes the norm less telling, and another digit cheap.
  const double aim = choice_.kind() == Preconditioner::jacobi ? tolerance : 0.1 * tolerance;
  const auto result = solver_.solve(gradient_, potential_, {aim, choice_.limit()}, choice_);
  iterations_ += last_iterations_ = result.iterations;
  solved_ = result.usable;
  if (!result.usable) std::fill(potential_.begin(), potential_.end(), 0.0);
  return result.usable && (result.converged || choice_.resolved() || choice_.kind() == Preconditioner::direct);
}

}  // namespace synbal
