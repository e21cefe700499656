// Damped, inexact Newton with conjugate gradients: few passes where sweeps need thousands.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "synbal/balance/hessian.hpp"
#include "synbal/balance/iterate.hpp"
#include "synbal/balance/solver.hpp"

namespace synbal {

/// The largest change of an exponent in a Newton step that surely descends: e^t - 1 - t = t^2 at t = 1.793.
inline constexpr double kSafeChange = 1.79;

struct NewtonParams {
  StopCriteria stop;
  int opening_half_steps = 10;
};

/// The Newton equation L phi = g (d = phi / p) with the preconditioner that what was seen so far calls for: Jacobi
/// until its residuals foretell many iterations, then algebraic multigrid, and a direct factorisation where that cannot
/// be set up.
class NewtonEquation {
 public:
  /// Collective. All must outlive the equation.
  NewtonEquation(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components);

  /// Collective. [n] phi at the point of `costs`, to a tolerance relative to g in the norm of the diagonal's inverse.
  std::span<const double> solve(const NeuronCosts& costs, double tolerance);
  /// Collective. The same, but it does not go beyond a coarse space of modules: false where that does not serve.
  bool solve_with_modules(const NeuronCosts& costs, double tolerance);
  /// Collective. Goes on at that point with what comes after such a space.
  std::span<const double> solve_without_modules(double tolerance);
  [[nodiscard]] std::span<const double> potential() const noexcept { return potential_; }
  /// Collective. The same at h = base with the gradient in twice the precision: for the step that is judged.
  /// `weak_cuts`: with a coarse space of modules, if there are any, in whose norm the residual of a module counts.
  std::span<const double> solve_accurately(const NeuronCosts& costs, double tolerance, bool weak_cuts);

  /// Gives the memory of the solver's vectors back until the next solve; an accurate one does so itself, as mostly none
  /// follows.
  void release() { solver_.release(); }

  /// The first solve begins with this preconditioner, which served an equation nearby.
  void begin_with(Preconditioner kind) { begin_with_ = kind; }

  /// What was chosen so far, and the same again in another run.
  [[nodiscard]] PreconditionerChoice::Standing choice() const { return choice_.standing(); }
  void set_choice(const PreconditionerChoice::Standing& standing) {
    choice_.set_standing(standing);
    begin_with_.reset();
  }

  /// False when the last solve broke down at its start: phi is then 0 and says nothing.
  [[nodiscard]] bool solved() const noexcept { return solved_; }
  [[nodiscard]] std::int64_t iterations() const noexcept { return iterations_; }
  /// Of the last solve, with the preconditioner that served it.
  [[nodiscard]] std::int64_t last_iterations() const noexcept { return last_iterations_; }
  [[nodiscard]] const PreconditionerChoice& preconditioner() const noexcept { return choice_; }

 private:
  void set_point(const NeuronCosts& costs);
  std::span<const double> solve_for_gradient(double tolerance);
  bool attempt(double tolerance);

  const BalanceProblem* problem_;
  HessianSolver solver_;
  PreconditionerChoice choice_;
  std::optional<Preconditioner> begin_with_;
  bool solved_ = false;
  std::vector<double> gradient_, potential_;
  std::int64_t iterations_ = 0, last_iterations_ = 0;
};

/// The method `newton`. A few simultaneous half-steps h_k += log(r_k / o_k) / (2 p (k+1)), which can never raise the
/// cost (each edge depends on two neurons, so by convexity C after <= the mean of C over single steps), then Newton
/// steps of length min(1, 1.79 / max over edges of p |k_j d_j - d_i|): with t that maximum, C falls by at least a
/// lambda^2 - lambda^2 (e^{at} - 1 - at) / t^2 >= 0 as long as a t <= 1.793, so no line search is needed and rounding
/// in C never matters.
class NewtonSolver {
 public:
  /// All must outlive the solver.
  NewtonSolver(BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components, NewtonParams params);

  /// Collective. Improves h ([n], absolute).
  SolverResult operator()(std::vector<double>& h, const ProgressCallback& report = {});

  /// [n] phi of the last solve when it was made at the final point; empty otherwise.
  [[nodiscard]] std::span<const double> potential() const noexcept { return potential_; }

 private:
  struct Run;
  BalanceProblem* problem_;
  FusedKernel* kernel_;
  const ComponentSums* components_;
  NewtonParams params_;
  std::vector<double> potential_;
};

/// Collective. One simultaneous half-step at the point of `costs`, into d ([n]).
void half_step(const BalanceProblem& problem, const NeuronCosts& costs, std::span<double> d);

/// Collective. max p |k_j d_j - d_i| over synapses (and p |d_i| at pinned ones). One exchange, one read of the pattern.
double largest_edge_change(const BalanceProblem& problem, std::span<const double> d);

}  // namespace synbal
