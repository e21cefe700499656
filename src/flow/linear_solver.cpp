// A SUNLinearSolver that passes everything on to SUNDIALS' PCG but looks after its tolerance and its solution.
#include "flow/linear_solver.hpp"

#include <sunlinsol/sunlinsol_pcg.h>

#include <algorithm>
#include <utility>

namespace synbal {

namespace {
constexpr double kUsualEpsLin = 0.05;  // CVODE's default
constexpr double kLeastGain = 0.1;     // a solve reduces the residual at least to this
}  // namespace

ConservingSolver::ConservingSolver(N_Vector like, LocalIndex n, int dimension, Callbacks callbacks, SUNContext context)
    : n_(n),
      callbacks_(std::move(callbacks)),
      pcg_(LinearSolver::adopt(SUNLinSol_PCG(like, SUN_PREC_LEFT, dimension, context))),
      work_(StateVector::adopt(N_VClone(like))),
      before_(static_cast<std::size_t>(n)) {
  make_coat(context);
}

ConservingSolver& ConservingSolver::self(SUNLinearSolver coat) {
  return *static_cast<ConservingSolver*>(coat->content);
}

void ConservingSolver::make_coat(SUNContext context) {
  coat_ = LinearSolver::adopt(SUNLinSolNewEmpty(context));
  coat_.get()->content = this;
  auto& ops = *coat_.get()->ops;
  ops.gettype = [](SUNLinearSolver s) { return SUNLinSolGetType(inner(s)); };
  ops.setatimes = [](SUNLinearSolver s, void* data, SUNATimesFn f) { return SUNLinSolSetATimes(inner(s), data, f); };
  ops.setpreconditioner = [](SUNLinearSolver s, void* data, SUNPSetupFn set_up, SUNPSolveFn apply) {
    return SUNLinSolSetPreconditioner(inner(s), data, set_up, apply);
  };
  ops.setscalingvectors = [](SUNLinearSolver s, N_Vector s1, N_Vector s2) {
    self(s).weights_ = s1;
    return SUNLinSolSetScalingVectors(inner(s), s1, s2);
  };
  ops.setzeroguess = [](SUNLinearSolver s, booleantype zero) { return SUNLinSolSetZeroGuess(inner(s), zero); };
  ops.initialize = [](SUNLinearSolver s) { return SUNLinSolInitialize(inner(s)); };
  ops.setup = [](SUNLinearSolver s, SUNMatrix a) { return SUNLinSolSetup(inner(s), a); };
  ops.solve = &ConservingSolver::solve;
  ops.numiters = [](SUNLinearSolver s) { return SUNLinSolNumIters(inner(s)); };
  ops.resnorm = [](SUNLinearSolver s) { return SUNLinSolResNorm(inner(s)); };
  ops.resid = [](SUNLinearSolver s) { return SUNLinSolResid(inner(s)); };
  ops.lastflag = [](SUNLinearSolver s) { return SUNLinSolLastFlag(inner(s)); };
  ops.free = [](SUNLinearSolver s) {
    s->content = nullptr;
    SUNLinSolFreeEmpty(s);
    return 0;
  };
}

int ConservingSolver::solve(SUNLinearSolver coat, SUNMatrix a, N_Vector x, N_Vector b, realtype tolerance) {
  auto& solver = self(coat);
  try {
    return solver.solve(a, x, b, tolerance);
  } catch (...) {
    solver.callbacks_.failed();
    return SUNLS_PACKAGE_FAIL_UNREC;
  }
}

int ConservingSolver::solve(SUNMatrix a, N_Vector x, N_Vector b, realtype tolerance) {
  callbacks_.begin();
  const double size = N_VWL2Norm(b, weights_);
  const double enough = std::min(tolerance * (kUsualEpsLin / kEpsLin), kLeastGain * size);
  const int code = SUNLinSolSolve(pcg_.get(), a, x, b, enough);
  conserve(x, b);
  return code;
}

// x += (b - x) - project(b - x)
void ConservingSolver::conserve(N_Vector x, N_Vector b) {
  N_VLinearSum(1.0, b, -1.0, x, work_.get());
  WriteValues difference(work_.get(), n_);
  const auto values = difference.get();
  std::copy(values.begin(), values.end(), before_.begin());
  callbacks_.project(values);
  const WriteValues solution(x, n_);
  for (std::size_t i = 0; i < before_.size(); ++i) solution.get()[i] += before_[i] - values[i];
}

}  // namespace synbal
