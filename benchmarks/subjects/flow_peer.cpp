// CVODE in one-step mode, as somebody would use it who has a right-hand side and nothing else.
#include "subjects/flow_peer.hpp"

#include <cvode/cvode.h>
#include <cvode/cvode_ls.h>
#include <sunlinsol/sunlinsol_pcg.h>
#include <sunlinsol/sunlinsol_spgmr.h>

#include <algorithm>
#include <cmath>

#include "flow/linear_solver.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::benchmark {

namespace {
constexpr int kGmresBasis = 50, kMostIterations = 500, kRecoverable = 1;
constexpr std::int64_t kMostSteps = 100'000;

struct CvodeTraits {
  static void* null() { return nullptr; }
  static void destroy(void* raw) noexcept { CVodeFree(&raw); }
};

class FlowPeer {
 public:
  FlowPeer(const Comm& comm, KernelPeer& costs, LocalIndex n, double power, const IntegratorParams& params)
      : comm_(&comm), costs_(&costs), n_(n), power_(power), context_(make_sundials_context()) {
    in_.resize(at(n)), out_.resize(at(n)), diagonal_.resize(at(n));
    state_ = make_state_vector(comm, n, context_.get());
    cvode_ = Handle<void*, CvodeTraits>::adopt(CVodeCreate(CV_BDF, context_.get()));
    SYNBAL_SUNDIALS(CVodeInit(cvode_.get(), &FlowPeer::on_rate, 0.0, state_.get()));
    SYNBAL_SUNDIALS(CVodeSetUserData(cvode_.get(), this));
    SYNBAL_SUNDIALS(CVodeSetErrHandlerFn(cvode_.get(), &FlowPeer::on_message, nullptr));
    SYNBAL_SUNDIALS(CVodeSStolerances(cvode_.get(), params.relative_tolerance, params.absolute_tolerance));
  }

  void use(PeerSolver solver) {
    if (solver == PeerSolver::gmres) {
      linear_ = LinearSolver::adopt(SUNLinSol_SPGMR(state_.get(), SUN_PREC_NONE, kGmresBasis, context_.get()));
      SYNBAL_SUNDIALS(CVodeSetLinearSolver(cvode_.get(), linear_.get(), nullptr));
      return;
    }
    linear_ = LinearSolver::adopt(SUNLinSol_PCG(state_.get(), SUN_PREC_LEFT, kMostIterations, context_.get()));
    SYNBAL_SUNDIALS(CVodeSetLinearSolver(cvode_.get(), linear_.get(), nullptr));
    SYNBAL_SUNDIALS(CVodeSetJacTimes(cvode_.get(), nullptr, &FlowPeer::on_product));
    SYNBAL_SUNDIALS(CVodeSetPreconditioner(cvode_.get(), &FlowPeer::on_setup, &FlowPeer::on_jacobi));
  }

  /// Collective.
  FlowPeerRun run(double tolerance, double seconds) {
    const Timer timer;
    FlowPeerRun found;
    double time = 0;
    const double aim = fastest() > 0 ? 1 / fastest_ : 1.0;  // gives CVODE the scale of its first step
    while (imbalance() > tolerance && found.steps < kMostSteps && comm_->max(timer.seconds()) < seconds) {
      if (CVode(cvode_.get(), aim, state_.get(), &time, CV_ONE_STEP) < 0) break;
      ++found.steps;
    }
    const ReadValues h(state_.get(), n_);
    found.h.assign(h.get().begin(), h.get().end());
    found.right_hand_sides = counted(&CVodeGetNumRhsEvals) + counted(&CVodeGetNumLinRhsEvals);
    found.krylov_iterations = counted(&CVodeGetNumLinIters);
    return found;
  }

 private:
  [[nodiscard]] std::int64_t counted(int (*counter)(void*, long*)) const {
    long value = 0;
    SYNBAL_SUNDIALS(counter(cvode_.get(), &value));
    return value;
  }

  /// Collective. Of the present state.
  double imbalance() {
    const ReadValues h(state_.get(), n_);
    const double total = costs_->costs(h.get(), in_, out_);
    double off = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) off += std::abs(in_[i] - out_[i]);
    return comm_->sum(off) / total;
  }
  /// Collective. The fastest neuron's |dh/dt| at h = 0.
  double fastest() {
    imbalance();
    double most = 0;
    for (std::size_t i = 0; i < in_.size(); ++i) most = std::max(most, std::abs(in_[i] - out_[i]));
    return fastest_ = comm_->max(most);
  }

  static int on_rate(double /*t*/, N_Vector y, N_Vector rate, void* data) {
    auto& self = *static_cast<FlowPeer*>(data);
    const ReadValues h(y, self.n_);
    const double total = self.costs_->costs(h.get(), self.in_, self.out_);
    const WriteValues to(rate, self.n_);
    for (std::size_t i = 0; i < self.in_.size(); ++i) to.get()[i] = self.in_[i] - self.out_[i];
    return std::isfinite(total) ? 0 : kRecoverable;
  }

  /// f' = -p L, where f was called last: at the y of the solve.
  static int on_product(N_Vector v, N_Vector product, double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, void* data,
                        N_Vector /*work*/) {
    auto& self = *static_cast<FlowPeer*>(data);
    const ReadValues from(v, self.n_);
    const WriteValues to(product, self.n_);
    self.costs_->laplacian(from.get(), to.get());
    for (double& x : to.get()) x *= -self.power_;
    return 0;
  }

  static int on_setup(double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, booleantype /*ok*/, booleantype* fresh,
                      double gamma, void* data) {
    auto& self = *static_cast<FlowPeer*>(data);
    for (std::size_t i = 0; i < self.in_.size(); ++i) {
      self.diagonal_[i] = 1 + gamma * self.power_ * (self.in_[i] + self.out_[i]);
    }
    *fresh = SUNTRUE;
    return 0;
  }

  static int on_jacobi(double /*t*/, N_Vector /*y*/, N_Vector /*fy*/, N_Vector r, N_Vector z, double /*gamma*/,
                       double /*delta*/, int /*side*/, void* data) {
    auto& self = *static_cast<FlowPeer*>(data);
    const ReadValues from(r, self.n_);
    const WriteValues to(z, self.n_);
    for (std::size_t i = 0; i < self.diagonal_.size(); ++i) to.get()[i] = from.get()[i] / self.diagonal_[i];
    return 0;
  }

  static void on_message(int /*code*/, const char* /*module*/, const char* /*function*/, char* /*text*/,
                         void* /*data*/) {}  // the verdict says what came of it

  const Comm* comm_;
  KernelPeer* costs_;
  LocalIndex n_;
  double power_, fastest_ = 0;
  std::vector<double> in_, out_, diagonal_;
  SunContext context_;
  StateVector state_;
  LinearSolver linear_;
  Handle<void*, CvodeTraits> cvode_;  // goes first
};
}  // namespace

FlowPeerRun flow_by_peer(const Comm& comm, KernelPeer& costs, LocalIndex n, double power, PeerSolver solver,
                         const IntegratorParams& params, double tolerance, double seconds) {
  if (comm.sum(std::int64_t{n}) == 0) return {};  // CVODE takes no empty vectors
  FlowPeer peer(comm, costs, n, power, params);
  peer.use(solver);
  return peer.run(tolerance, seconds);
}

}  // namespace synbal::benchmark
