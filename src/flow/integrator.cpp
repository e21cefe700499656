// CVODE in one-step mode: what it is given, and what it gives back.
#include "synbal/flow/integrator.hpp"

#include <cvode/cvode.h>
#include <cvode/cvode_ls.h>
#include <fmt/format.h>
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
#include "synbal/core/error.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {

constexpr double kSame = 4 * std::numeric_limits<double>::epsilon();  // relative: times that a step cannot tell apart
constexpr double kDigits = 1e-13;      // the tightest relative tolerance that tighten() asks for
constexpr int kMostBasisVectors = 50;  // GMRES keeps one an iteration
constexpr int kMostStuck = 10;  // steps too short to move time, as they become where the rate cannot be evaluated ahead
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
    const auto gamma = [this] {
      double value = 0;
      SYNBAL_SUNDIALS(CVodeGetCurrentGamma(raw(), &value));
      return value;
    };
    implicit = std::make_unique<ImplicitSolver>(
        dynamics, params.krylov_dimension,
        ImplicitSolver::Callbacks{gamma, [this] { error = std::current_exception(); }}, context.get());
    SYNBAL_SUNDIALS(CVodeSetLinearSolver(raw(), implicit->get(), nullptr));
    SYNBAL_SUNDIALS(CVodeSetEpsLin(raw(), kEpsLin));
    SYNBAL_SUNDIALS(CVodeSetJacTimes(raw(), nullptr, &Body::on_product));
    SYNBAL_SUNDIALS(CVodeSetPreconditioner(raw(), &Body::on_setup, &Body::on_precondition));
  }

  void use_gmres() {
    const int dimension = std::min(params.krylov_dimension, kMostBasisVectors);
    gmres = LinearSolver::adopt(SUNLinSol_SPGMR(vector.get(), SUN_PREC_NONE, dimension, context.get()));
    SYNBAL_SUNDIALS(CVodeSetLinearSolver(raw(), gmres.get(), nullptr));
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
      const double relative = std::max(p.relative_tolerance * self.fraction, std::min(p.relative_tolerance, kDigits));
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

  // The solver has products and preconditioners of its own; CVODE has to be given some.
  static int on_product(N_Vector, N_Vector, double /*t*/, N_Vector, N_Vector, void*, N_Vector) { return kHopeless; }
  static int on_precondition(double /*t*/, N_Vector, N_Vector, N_Vector, N_Vector, double /*gamma*/, double /*delta*/,
                             int /*side*/, void*) {
    return kHopeless;
  }

  // There for Jacobi too, whose diagonal is taken at every solve: without a set-up CVODE forgets how fast its Newton
  // iteration converges, and checks it at a tenth more right-hand sides. CVODE has called f at this y before: it is the
  // y of the residual that is being solved for.
  static int on_setup(double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, booleantype /*ok*/, booleantype* fresh,
                      double gamma, void* data) {
    return guarded(data, [&](Body& self) {
      *fresh = SUNTRUE;
      return self.implicit->set_up(gamma) ? 0 : kRecoverable;
    });
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
    if (std::isfinite(end) && end - time <= kSame * std::abs(end)) return jump_to_end();
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
    if (stuck > kMostStuck) return fail(refused ? CV_REPTD_RHSFUNC_ERR : CV_ERR_FAILURE);
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
  std::unique_ptr<ImplicitSolver> implicit;
  LinearSolver gmres;
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
  void* const cvode = body_->raw();
  const auto get = [&](int (*getter)(void*, long*)) {
    long value = 0;
    SYNBAL_SUNDIALS(getter(cvode, &value));
    return std::int64_t{value};
  };
  s.steps = get(&CVodeGetNumSteps);
  s.derivatives = get(&CVodeGetNumRhsEvals);
  s.nonlinear_iterations = get(&CVodeGetNumNonlinSolvIters);
  s.nonlinear_failures = get(&CVodeGetNumNonlinSolvConvFails);
  s.error_test_failures = get(&CVodeGetNumErrTestFails);
  if (body_->params.integration == Integration::bdf) {
    s.derivatives += get(&CVodeGetNumLinRhsEvals);
    s.krylov_iterations = get(&CVodeGetNumLinIters);
    s.linear_failures = get(&CVodeGetNumLinConvFails);
    s.products = body_->implicit ? body_->implicit->products() : get(&CVodeGetNumJtimesEvals);
    s.preconditioner_setups = get(&CVodeGetNumPrecEvals);
  }
  SYNBAL_SUNDIALS(CVodeGetLastOrder(cvode, &s.order));
  SYNBAL_SUNDIALS(CVodeGetLastStep(cvode, &s.step));
  return s;
}

}  // namespace synbal
