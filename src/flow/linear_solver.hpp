// The linear solver of BDF for symmetric dynamics: our conjugate gradients on I + gamma A, behind SUNDIALS' interface.
#pragma once

#include <sundials/sundials_linearsolver.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "flow/state_vector.hpp"
#include "synbal/core/types.hpp"
#include "synbal/flow/dynamics.hpp"
#include "synbal/krylov/choice.hpp"

namespace synbal {

struct LinearSolverTraits {
  static SUNLinearSolver null() { return nullptr; }
  static void destroy(SUNLinearSolver raw) noexcept { SUNLinSolFree(raw); }
};
using LinearSolver = Handle<SUNLinearSolver, LinearSolverTraits>;

/// The factor of CVODE's own tolerance of linear solves (CVodeSetEpsLin) that goes with an ImplicitSolver: below it
/// CVODE would take b for the solution, which in stiff directions throws the state off by gamma A b.
constexpr double kEpsLin = 1e-10;

/// I + gamma A with the A of some dynamics, regular: there is no constant to project out.
class ImplicitOperator final : public SymmetricOperator {
 public:
  /// Collective. The dynamics must outlive it.
  explicit ImplicitOperator(Dynamics& dynamics);

  /// Takes gamma and the diagonal at the y of the last derivative().
  void set_point(double gamma);
  [[nodiscard]] double gamma() const noexcept { return gamma_; }
  [[nodiscard]] std::int64_t products() const noexcept { return products_; }

  [[nodiscard]] const ComponentSums& components() const override { return regular_; }
  [[nodiscard]] std::span<const double> diagonal() const override { return diagonal_; }
  void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) override;

 private:
  Dynamics* dynamics_;
  ComponentSums regular_;
  double gamma_ = 0;
  std::int64_t products_ = 0;
  std::vector<double> diagonal_;
};

/// What the dynamics offer beside the diagonal, for the gamma of an operator.
class ImplicitPreconditioners final : public PreconditionerFactory {
 public:
  /// Both must outlive it.
  ImplicitPreconditioners(Dynamics& dynamics, const ImplicitOperator& a, std::int64_t most_iterations)
      : dynamics_(&dynamics), operator_(&a), most_iterations_(most_iterations) {}

  [[nodiscard]] const char* user() const override { return "flow"; }
  [[nodiscard]] std::vector<Preconditioner> after(Preconditioner present, bool swings) const override;
  [[nodiscard]] double patience(Preconditioner present, bool swings) const override;
  [[nodiscard]] std::int64_t limit(Preconditioner kind, bool last) const override;
  std::unique_ptr<BlockPreconditioner> make(Preconditioner kind) override {
    return dynamics_->make_preconditioner(kind, operator_->gamma());
  }

 private:
  Dynamics* dynamics_;
  const ImplicitOperator* operator_;
  std::int64_t most_iterations_;
};

/// Every solution gets the component means of its right-hand side, which I + gamma A keeps and a preconditioner leaks;
/// and every solve gains at least one digit, also when CVODE would be content with less: near the equilibrium the state
/// then goes on to approach it instead of staying somewhere within the tolerances. Residuals are measured as CVODE
/// weighs errors. Starts with the diagonal as preconditioner and goes on to what the dynamics offer when the residuals
/// foretell many iterations.
class ImplicitSolver {
 public:
  /// gamma() is CVODE's present one. Callbacks may throw: the solve then fails for good and `failed` is called from
  /// within the handler.
  struct Callbacks {
    std::function<double()> gamma;
    std::function<void()> failed;
  };
  /// Collective. At most `iterations` a solve. The dynamics must outlive it.
  ImplicitSolver(Dynamics& dynamics, std::int64_t iterations, Callbacks callbacks, SUNContext context);
  ImplicitSolver(const ImplicitSolver&) = delete;
  ImplicitSolver& operator=(const ImplicitSolver&) = delete;

  [[nodiscard]] SUNLinearSolver get() const noexcept { return raw_.get(); }
  /// Collective. To be called when CVODE wants a new set-up, at the y of the last derivative(). @return false on all
  /// ranks when the preconditioner that the user wants cannot be had.
  [[nodiscard]] bool set_up(double gamma);
  [[nodiscard]] std::int64_t products() const noexcept { return operator_.products(); }

 private:
  static ImplicitSolver& self(SUNLinearSolver raw);
  static int solve(SUNLinearSolver raw, SUNMatrix a, N_Vector x, N_Vector b, realtype tolerance);
  int solve(N_Vector x, N_Vector b, double tolerance);
  bool attempt(std::span<double> x, double target);
  void conserve(std::span<double> x, std::span<const double> b);
  void make_raw(SUNContext context);

  Dynamics* dynamics_;
  Callbacks callbacks_;
  ImplicitOperator operator_;
  ImplicitPreconditioners factory_;
  PreconditionerChoice choice_;
  BlockPcg pcg_;
  LinearSolver raw_;
  N_Vector weights_ = nullptr;  // CVODE's
  void* setup_data_ = nullptr;
  SUNPSetupFn setup_ = nullptr;
  std::vector<double> right_, weight_, difference_;
  std::int64_t iterations_ = 0;  // of the last solve
  double size_ = 0, residual_ = 0;
  bool reached_ = false;
};

}  // namespace synbal
