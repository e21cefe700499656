// CVODE in one-step mode: what it is given, and what it gives back.
#include "flow/integrator.hpp"

#include <cvode/cvode.h>
#include <cvode/cvode_ls.h>
#include <fmt/format.h>
#include <sunlinsol/sunlinsol_pcg.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>
#include <sunnonlinsol/sunnonlinsol_newton.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <utility>
#include <vector>

#include "flow/integrator_words.hpp"
#include "flow/linear_solver.hpp"
#include "flow/state_vector.hpp"
#include "flow/tuning.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {

constexpr int kRecoverable = 1, kHopeless = -1;  // what callbacks tell CVODE

struct CvodeTraits {
  static void* null() { return nullptr; }
  static void destroy(void* raw) noexcept { CVodeFree(&raw); }
};
using Cvode = Handle<void*, CvodeTraits>;

struct NonlinearSolverTraits {
  static SUNNonlinearSolver null() { return nullptr; }
  static void destroy(SUNNonlinearSolver raw) noexcept { SUNNonlinSolFree(raw); }
};
using NonlinearSolver = Handle<SUNNonlinearSolver, NonlinearSolverTraits>;

}  // namespace

struct Integrator::Body {
  Body(Dynamics& given, double start, std::span<const double> y, const IntegratorParams& p, Event e)
      : dynamics(given),
        params(p),
        event(std::move(e)),
        comm(given.comm()),
        n(given.size()),
        empty(comm.sum(std::int64_t{n}) == 0),
        time(start),
        step_begin(start),
        state(y.begin(), y.end()) {
    refuse_impossible_tolerances();
    if (empty) return;
    dynamics.settle(state);
    context = make_sundials_context();
    vector = make_state_vector(comm, n, context.get());
    work = StateVector::adopt(N_VClone(vector.get()));
    const WriteValues values(vector.get(), n);
    std::copy(state.begin(), state.end(), values.get().begin());
  }

  // --- setting up ---

  void refuse_impossible_tolerances() const {
    const double relative = params.relative_tolerance, absolute = params.absolute_tolerance;
    if (relative >= 0 && relative < 1 && absolute > 0 && std::isfinite(absolute)) return;
    throw usage_error(
        fmt::format("tolerances {:g} (relative) and {:g} (absolute) (errors cannot be held to them): give a relative "
                    "one of at least 0 and below 1, and a positive absolute one",
                    relative, absolute));
  }

  void create() {
    const int method = params.integration == Integration::adams ? CV_ADAMS : CV_BDF;
    cvode = Cvode::adopt(CVodeCreate(method, context.get()));
    SYNBAL_SUNDIALS(CVodeSetErrHandlerFn(raw(), &Body::on_message, this));
    SYNBAL_SUNDIALS(CVodeInit(raw(), &Body::on_derivative, time, vector.get()));
    SYNBAL_SUNDIALS(CVodeSetUserData(raw(), this));
    SYNBAL_SUNDIALS(CVodeWFtolerances(raw(), &Body::on_weights));
    SYNBAL_SUNDIALS(CVodeSetMaxHnilWarns(raw(), -1));  // t + h = t is for the caller to notice
    if (params.initial_step > 0) SYNBAL_SUNDIALS(CVodeSetInitStep(raw(), params.initial_step));
    if (std::isfinite(end)) SYNBAL_SUNDIALS(CVodeSetStopTime(raw(), end));
    if (event) watch_event();
    if (params.integration == Integration::adams) {
      set_nonlinear_solver(SUNNonlinSol_FixedPoint(vector.get(), 0, context.get()));
      return;
    }
    set_nonlinear_solver(SUNNonlinSol_Newton(vector.get(), context.get()));
    dynamics.symmetric() ? use_conjugate_gradients() : use_gmres();
  }

  void set_nonlinear_solver(SUNNonlinearSolver made) {
    nonlinear = NonlinearSolver::adopt(made);
    SYNBAL_SUNDIALS(CVodeSetNonlinearSolver(raw(), made));
  }

  void watch_event() {
    int falling = -1;
    SYNBAL_SUNDIALS(CVodeRootInit(raw(), 1, &Body::on_event));
    SYNBAL_SUNDIALS(CVodeSetRootDirection(raw(), &falling));
    SYNBAL_SUNDIALS(CVodeSetNoInactiveRootWarn(raw()));
  }

  void use_conjugate_gradients() {
    linear = LinearSolver::adopt(SUNLinSol_PCG(vector.get(), SUN_PREC_LEFT, params.krylov_dimension, context.get()));
    SYNBAL_SUNDIALS(CVodeSetLinearSolver(raw(), linear.get(), nullptr));
    SYNBAL_SUNDIALS(CVodeSetEpsLin(raw(), tuning::kLinearTolerance));
    SYNBAL_SUNDIALS(CVodeSetJacTimes(raw(), nullptr, &Body::on_product));
    SYNBAL_SUNDIALS(CVodeSetPreconditioner(raw(), &Body::on_setup, &Body::on_precondition));
  }

  void use_gmres() {
    const int dimension = std::min(params.krylov_dimension, tuning::kMostBasisVectors);
    linear = LinearSolver::adopt(SUNLinSol_SPGMR(vector.get(), SUN_PREC_NONE, dimension, context.get()));
    SYNBAL_SUNDIALS(CVodeSetLinearSolver(raw(), linear.get(), nullptr));
  }

  // --- callbacks: no exception may pass through CVODE's frames ---

  template <class Work>
  static int guarded(void* data, Work&& work) {
    auto& self = *static_cast<Body*>(data);
    try {
      return work(self);
    } catch (...) {
      self.error = std::current_exception();
      return kHopeless;
    }
  }

  static int on_derivative(double /*t*/, N_Vector y, N_Vector dy, void* data) {
    return guarded(data, [&](Body& self) {
      const ReadValues from(y, self.n);
      const WriteValues to(dy, self.n);
      const bool finite = self.dynamics.derivative(from.get(), to.get());
      self.refused = self.refused || !finite;
      return finite ? 0 : kRecoverable;
    });
  }

  // What CVODE multiplies errors by; a relative tolerance beyond the digits of a double is left to it to refuse.
  static int on_weights(N_Vector y, N_Vector weights, void* data) {
    return guarded(data, [&](Body& self) {
      const auto& p = self.params;
      const double relative =
          std::max(p.relative_tolerance * self.fraction, std::min(p.relative_tolerance, tuning::kFinestTolerance));
      const double absolute = p.absolute_tolerance * self.fraction;
      const ReadValues from(y, self.n);
      const WriteValues to(weights, self.n);
      for (std::size_t i = 0; i < from.get().size(); ++i)
        to.get()[i] = 1 / (relative * std::abs(from.get()[i]) + absolute);
      return 0;
    });
  }

  static int on_event(double t, N_Vector y, double* value, void* data) {
    return guarded(data, [&](Body& self) {
      const ReadValues values(y, self.n);
      *value = self.event(t, values.get());
      return 0;
    });
  }

  // f' = -A.
  static int on_product(N_Vector v, N_Vector product, double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, void* data,
                        N_Vector) {
    return guarded(data, [&](Body& self) {
      const ReadValues from(v, self.n);
      const WriteValues to(product, self.n);
      self.dynamics.product(from.get(), to.get());
      for (double& x : to.get()) x = -x;
      return 0;
    });
  }

  static int on_precondition(double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, N_Vector r, N_Vector z, double /*gamma*/,
                             double /*delta*/, int /*side*/, void* data) {
    return guarded(data, [&](Body& self) {
      const ReadValues from(r, self.n);
      const WriteValues to(z, self.n);
      self.preconditioner.solve(from.get(), to.get());
      return 0;
    });
  }

  // CVODE has called f at this y before: it is the y of the residual that is being solved for.
  static int on_setup(double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, booleantype /*ok*/, booleantype* fresh,
                      double gamma, void* data) {
    return guarded(data, [&](Body& self) {
      *fresh = SUNTRUE;
      return self.preconditioner.set_up(gamma, self.iterations_a_solve()) ? 0 : kRecoverable;
    });
  }

  /// Since this was asked last.
  double iterations_a_solve() {
    const auto iterations = std::exchange(seen_iterations, counted(&CVodeGetNumLinIters));
    const auto solves = std::exchange(seen_solves, counted(&CVodeGetNumNonlinSolvIters));
    return static_cast<double>(seen_iterations - iterations) /
           static_cast<double>(std::max<std::int64_t>(seen_solves - solves, 1));
  }

  static void on_message(int code, const char* /*module*/, const char* function, char* text, void* data) {
    auto& self = *static_cast<Body*>(data);
    if (code < 0) self.own_words = text;
    log_debug("CVODE, {}: {}", function, text);
  }

  // --- stepping ---

  /// The first step needs a time to aim at, from which CVODE takes the scale of its guess: some of its own upper bound.
  std::optional<double> aim() {
    if (params.initial_step > 0) return time + params.initial_step;
    std::vector<double> rate(at(n));
    if (!dynamics.derivative(state, rate)) return {};
    double fastest = 0;
    for (std::size_t i = 0; i < rate.size(); ++i) {
      const double scale = (0.1 + params.relative_tolerance) * std::abs(state[i]) + params.absolute_tolerance;
      fastest = std::max(fastest, std::abs(rate[i]) / std::max(scale, std::numeric_limits<double>::min()));
    }
    fastest = comm.max(fastest);
    const double shortest = 1e3 * std::numeric_limits<double>::epsilon() * std::abs(time);
    return time + (fastest > 0 ? std::max(20 / fastest, shortest) : 1.0);
  }

  StepOutcome fail(int code) {
    message = explain_failure(code, time, params, own_words);
    return StepOutcome::failed;
  }

  StepOutcome step() {
    if (empty) return step_without_values();
    dynamics.settle(state);
    step_begin = time;
    if (std::isfinite(end) && end - time <= tuning::kSameTime * std::abs(end)) return jump_to_end();
    if (!cvode) {
      create();
      const auto first = aim();
      if (!first) return fail(CV_FIRST_RHSFUNC_ERR);
      target = *first;
    }
    return interpret(CVode(raw(), target, vector.get(), &time, CV_ONE_STEP));
  }

  StepOutcome interpret(int code) {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
    const ReadValues values(vector.get(), n);
    std::copy(values.get().begin(), values.get().end(), state.begin());
    if (code < 0) return fail(code);
    stuck = time > step_begin ? 0 : stuck + 1;
    if (stuck > tuning::kMostStuck) return fail(refused ? CV_REPTD_RHSFUNC_ERR : CV_ERR_FAILURE);
    if (code == CV_ROOT_RETURN) return StepOutcome::event;
    return code == CV_TSTOP_RETURN ? StepOutcome::end_time : StepOutcome::taken;
  }

  /// Nothing moves: the end is a step away, and the event may have happened by then.
  StepOutcome step_without_values() {
    step_begin = time;
    if (!std::isfinite(end)) {
      message = "there is nothing to integrate (no neurons): give an end time";
      return StepOutcome::failed;
    }
    return jump_to_end();
  }

  StepOutcome jump_to_end() {
    time = end;
    return event && event(time, state) <= 0 ? StepOutcome::event : StepOutcome::end_time;
  }

  [[nodiscard]] void* raw() const noexcept { return cvode.get(); }
  [[nodiscard]] std::int64_t counted(int (*counter)(void*, long*)) const {
    long value = 0;
    SYNBAL_SUNDIALS(counter(raw(), &value));
    return value;
  }

  Dynamics& dynamics;
  IntegratorParams params;
  Event event;
  const Comm& comm;
  LocalIndex n;
  bool empty;  // on all ranks
  double time, step_begin;
  double end = std::numeric_limits<double>::infinity();
  double target = 0;
  double fraction = 1;  // of the tolerances
  std::vector<double> state;
  bool refused = false;  // a rate was not finite
  int stuck = 0;         // steps in a row that did not move time
  std::exception_ptr error;
  std::string own_words, message;
  SunContext context;
  StateVector vector, work;
  ImplicitPreconditioner preconditioner{dynamics};
  std::int64_t seen_iterations = 0, seen_solves = 0;
  LinearSolver linear;
  NonlinearSolver nonlinear;
  Cvode cvode;  // goes first
};

Integrator::Integrator(Dynamics& dynamics, double time, std::span<const double> y, const IntegratorParams& params,
                       Event event)
    : body_(std::make_unique<Body>(dynamics, time, y, params, std::move(event))) {}
Integrator::~Integrator() = default;

void Integrator::set_end_time(double time) {
  body_->end = time;
  if (body_->cvode) SYNBAL_SUNDIALS(CVodeSetStopTime(body_->raw(), time));
}

void Integrator::tighten(double fraction) { body_->fraction = std::min(1.0, fraction); }

StepOutcome Integrator::step() { return body_->step(); }

double Integrator::time() const noexcept { return body_->time; }

double Integrator::step_begin() const noexcept { return body_->step_begin; }

std::span<const double> Integrator::state() const { return body_->state; }

void Integrator::interpolate(double time, std::span<double> y) const {
  auto& b = *body_;
  if (!b.cvode || time == b.time) {
    std::copy(b.state.begin(), b.state.end(), y.begin());
    return;
  }
  SYNBAL_SUNDIALS(CVodeGetDky(b.raw(), time, 0, b.work.get()));
  const ReadValues values(b.work.get(), b.n);
  std::copy(values.get().begin(), values.get().end(), y.begin());
}

const std::string& Integrator::message() const noexcept { return body_->message; }

IntegratorStatistics Integrator::statistics() const {
  IntegratorStatistics s;
  if (!body_->cvode) return s;
  const auto& b = *body_;
  s.steps = b.counted(&CVodeGetNumSteps);
  s.derivatives = b.counted(&CVodeGetNumRhsEvals);
  s.nonlinear_iterations = b.counted(&CVodeGetNumNonlinSolvIters);
  s.nonlinear_failures = b.counted(&CVodeGetNumNonlinSolvConvFails);
  s.error_test_failures = b.counted(&CVodeGetNumErrTestFails);
  if (b.params.integration == Integration::bdf) {
    s.derivatives += b.counted(&CVodeGetNumLinRhsEvals);
    s.krylov_iterations = b.counted(&CVodeGetNumLinIters);
    s.linear_failures = b.counted(&CVodeGetNumLinConvFails);
    s.products = b.counted(&CVodeGetNumJtimesEvals);
    s.preconditioner_setups = b.counted(&CVodeGetNumPrecEvals);
  }
  SYNBAL_SUNDIALS(CVodeGetLastOrder(b.raw(), &s.order));
  SYNBAL_SUNDIALS(CVodeGetLastStep(b.raw(), &s.step));
  return s;
}

}  // namespace synbal
