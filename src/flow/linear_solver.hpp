// The linear solver of BDF for symmetric dynamics: SUNDIALS' PCG on I + gamma A, made to conserve what the flow does.
#pragma once

#include <sundials/sundials_linearsolver.h>

#include <functional>
#include <span>

#include "flow/state_vector.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

struct LinearSolverTraits {
  static SUNLinearSolver null() { return nullptr; }
  static void destroy(SUNLinearSolver raw) noexcept { SUNLinSolFree(raw); }
};
using LinearSolver = Handle<SUNLinearSolver, LinearSolverTraits>;

/// The factor of CVODE's own tolerance of linear solves (CVodeSetEpsLin) that goes with a ConservingSolver: below it
/// CVODE would take b for the solution, which in stiff directions throws the state off by gamma A b.
constexpr double kEpsLin = 1e-10;

/// SUNDIALS' PCG in a coat. Every solution gets the component means of its right-hand side, which I + gamma A keeps and
/// a preconditioner leaks; and every solve gains at least one digit, also when CVODE would be content with less: near
/// the equilibrium the state then goes on to approach it instead of staying somewhere within the tolerances.
class ConservingSolver {
 public:
  /// project(difference) is Dynamics::project; begin() is called before every solve. Callbacks may throw: the solve
  /// then fails for good and `failed` is called from within the handler.
  struct Callbacks {
    std::function<void()> begin;
    std::function<void(std::span<double>)> project;
    std::function<void()> failed;
  };
  /// `like` is cloned; n values on this rank; at most `dimension` iterations a solve.
  ConservingSolver(N_Vector like, LocalIndex n, int dimension, Callbacks callbacks, SUNContext context);
  ConservingSolver(const ConservingSolver&) = delete;
  ConservingSolver& operator=(const ConservingSolver&) = delete;

  [[nodiscard]] SUNLinearSolver get() const noexcept { return coat_.get(); }

 private:
  static ConservingSolver& self(SUNLinearSolver coat);
  static SUNLinearSolver inner(SUNLinearSolver coat) { return self(coat).pcg_.get(); }
  static int solve(SUNLinearSolver coat, SUNMatrix a, N_Vector x, N_Vector b, realtype tolerance);
  int solve(SUNMatrix a, N_Vector x, N_Vector b, realtype tolerance);
  void conserve(N_Vector x, N_Vector b);
  void make_coat(SUNContext context);

  LocalIndex n_;
  Callbacks callbacks_;
  LinearSolver pcg_, coat_;
  StateVector work_;
  std::vector<double> before_;
  N_Vector weights_ = nullptr;  // CVODE's
};

}  // namespace synbal
