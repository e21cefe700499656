// A SUNLinearSolver made of our own operator, preconditioners and conjugate gradients.
#include "flow/linear_solver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace synbal {

namespace {

constexpr double kUsualEpsLin = 0.05;  // CVODE's default
constexpr double kLeastGain = 0.1;     // a solve reduces the residual at least to this
// Iterations ahead that call for a stronger preconditioner: one with multigrid costs ten, and its set-up, which is due
// every ten solves or so, a hundred to several.
constexpr double kPatience = 100;
constexpr std::int64_t kStrongLimit = 300;  // iterations after which a strong preconditioner is not one

}  // namespace

ImplicitOperator::ImplicitOperator(Dynamics& dynamics)
    : dynamics_(&dynamics),
      regular_(dynamics.comm(), dynamics.size()),
      diagonal_(static_cast<std::size_t>(dynamics.size()), 1.0) {}

void ImplicitOperator::set_point(double gamma) {
  gamma_ = gamma;
  dynamics_->diagonal(diagonal_);
  for (double& d : diagonal_) d = 1 + gamma * d;
}

void ImplicitOperator::apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) {
  if (columns != 1) throw internal_error("the flow solves for one right-hand side at a time");
  dynamics_->product(x, y);
  ++products_;
  double dot = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] + gamma_ * y[i];
    dot += x[i] * y[i];
  }
  dots[0] = dot;
}

std::vector<Preconditioner> ImplicitPreconditioners::after(Preconditioner present, bool /*swings*/) const {
  if (dynamics_->asked_preconditioner()) return {};
  const auto offered = dynamics_->preconditioners();
  const auto here = std::find(offered.begin(), offered.end(), present);
  return {here == offered.end() ? offered.begin() : here + 1, offered.end()};
}

double ImplicitPreconditioners::patience(Preconditioner present, bool swings) const {
  return after(present, swings).empty() ? HUGE_VAL : kPatience;
}

std::int64_t ImplicitPreconditioners::limit(Preconditioner kind, bool last) const {
  return last || kind == Preconditioner::jacobi ? most_iterations_ : std::min(most_iterations_, kStrongLimit);
}

ImplicitSolver::ImplicitSolver(Dynamics& dynamics, std::int64_t iterations, Callbacks callbacks, SUNContext context)
    : dynamics_(&dynamics),
      callbacks_(std::move(callbacks)),
      operator_(dynamics),
      factory_(dynamics, operator_, iterations),
      choice_(factory_, dynamics.asked_preconditioner()),
      pcg_(operator_) {
  make_raw(context);
}

ImplicitSolver& ImplicitSolver::self(SUNLinearSolver raw) { return *static_cast<ImplicitSolver*>(raw->content); }

void ImplicitSolver::make_raw(SUNContext context) {
  raw_ = LinearSolver::adopt(SUNLinSolNewEmpty(context));
  raw_.get()->content = this;
  auto& ops = *raw_.get()->ops;
  ops.gettype = [](SUNLinearSolver) { return SUNLINEARSOLVER_ITERATIVE; };
  ops.setatimes = [](SUNLinearSolver, void*, SUNATimesFn) { return SUNLS_SUCCESS; };  // the operator is our own
  ops.setpreconditioner = [](SUNLinearSolver s, void* data, SUNPSetupFn callback, SUNPSolveFn) {
    self(s).setup_data_ = data, self(s).setup_ = callback;
    return SUNLS_SUCCESS;
  };
  ops.setscalingvectors = [](SUNLinearSolver s, N_Vector weights, N_Vector) {
    self(s).weights_ = weights;
    return SUNLS_SUCCESS;
  };
  ops.setzeroguess = [](SUNLinearSolver, booleantype) { return SUNLS_SUCCESS; };
  ops.initialize = [](SUNLinearSolver) { return SUNLS_SUCCESS; };
  ops.setup = [](SUNLinearSolver s, SUNMatrix) {
    const int code = self(s).setup_ != nullptr ? self(s).setup_(self(s).setup_data_) : 0;
    return code == 0 ? SUNLS_SUCCESS : code < 0 ? SUNLS_PSET_FAIL_UNREC : SUNLS_PSET_FAIL_REC;
  };
  ops.solve = &ImplicitSolver::solve;
  ops.numiters = [](SUNLinearSolver s) { return static_cast<int>(self(s).iterations_); };
  ops.resnorm = [](SUNLinearSolver s) { return self(s).residual_ * self(s).size_; };
  ops.free = [](SUNLinearSolver s) {
    s->content = nullptr;
    SUNLinSolFreeEmpty(s);
    return 0;
  };
}

bool ImplicitSolver::set_up(double gamma) {
  if (choice_.kind() == Preconditioner::jacobi) return true;
  operator_.set_point(gamma);
  if (choice_.renew()) return true;
  return !dynamics_->asked_preconditioner() && choice_.next();
}

int ImplicitSolver::solve(SUNLinearSolver raw, SUNMatrix /*a*/, N_Vector x, N_Vector b, realtype tolerance) {
  auto& solver = self(raw);
  try {
    return solver.solve(x, b, tolerance);
  } catch (...) {
    solver.callbacks_.failed();
    return SUNLS_PACKAGE_FAIL_UNREC;
  }
}

int ImplicitSolver::solve(N_Vector x, N_Vector b, double tolerance) {
  const auto n = dynamics_->size();
  iterations_ = 0;
  size_ = N_VWL2Norm(b, weights_);
  residual_ = 1;
  {
    const ReadValues right(b, n), weights(weights_, n);
    right_.assign(right.get().begin(), right.get().end());
    weight_.assign(weights.get().begin(), weights.get().end());
  }
  operator_.set_point(callbacks_.gamma());
  pcg_.take_diagonal();
  const WriteValues solution(x, n);
  const double enough = std::min(tolerance * (kUsualEpsLin / kEpsLin), kLeastGain * size_);
  if (size_ > 0) {
    while (!attempt(solution.get(), enough / size_) && choice_.next()) {
    }
  } else {
    std::fill(solution.get().begin(), solution.get().end(), 0.0);
    reached_ = true;
  }
  conserve(solution.get(), right_);
  if (reached_) return SUNLS_SUCCESS;
  return residual_ < 1 ? SUNLS_RES_REDUCED : SUNLS_CONV_FAIL;
}

// False when another preconditioner should try.
bool ImplicitSolver::attempt(std::span<double> x, double target) {
  PcgTask task{right_, {{target, choice_.limit(), size_}}, PcgNorm::weighted, weight_};
  task.adviser = choice_.begin(target);
  const auto outcome = pcg_.run(task, x, choice_.get());
  iterations_ += outcome.iterations[0];
  residual_ = outcome.residual[0];
  const auto end = outcome.end[0];
  reached_ = end == PcgEnd::reached;
  const bool jacobi = choice_.kind() == Preconditioner::jacobi;
  return reached_ || (end != PcgEnd::left && (jacobi || choice_.resolved()));
}

// x += (b - x) - project(b - x)
void ImplicitSolver::conserve(std::span<double> x, std::span<const double> b) {
  difference_.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) difference_[i] = b[i] - x[i];
  dynamics_->project(difference_);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += (b[i] - x[i]) - difference_[i];
}

}  // namespace synbal
