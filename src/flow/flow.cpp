// The loop of a run: step, measure, record, decide.
#include "synbal/flow/flow.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

constexpr double kFloor = 1e-6;    // of the imbalance over its tolerance: keeps the logarithm of zero away
constexpr double kTail = 1e-3;     // error of a step near the equilibrium, relative to what is left or to the step
constexpr double kFinest = 1e-13;  // imbalance beyond which rounding rules

/// What one pass tells of a state.
struct Measured {
  double time = 0;
  double cost = 0;  // user's unit
  Imbalance imbalance;
  double gradient_norm = 0;
  double change = 0;                       // since the state before, root mean square in units of the tolerances
  bool interrupted = false, late = false;  // the same on all ranks
};

class Run {
 public:
  Run(CostFlow& flow, std::span<const double> h, const FlowParams& params, const FlowObserver& observer)
      : flow_(flow),
        params_(params),
        observer_(observer),
        work_(h.size()),
        integrator_(flow, params.start_time, h, params.integrator,
                    [this](double time, std::span<const double> y) { return event(time, y); }) {
    integrator_.set_end_time(params.end_time);
  }

  FlowResult operator()() {
    const auto passes = flow_.kernel().passes();
    start();
    while (!ended_) advance();
    finish();
    result_.matrix_passes = flow_.kernel().passes() - passes;
    return std::move(result_);
  }

 private:
  void start() {
    measure(integrator_.time(), integrator_.state());
    result_.initial_cost = now_.cost;
    if (!std::isfinite(now_.cost)) {
      result_.message =
          "the costs at the start leave the range of doubles: "
          "scale the weights so that |J|^p stays inside";
      end(FlowEnd::failed);
    } else if (params_.stop_at_equilibrium && now_.imbalance.l1 <= params_.tolerance) {
      end(FlowEnd::equilibrium);
    } else if (params_.end_time <= params_.start_time) {
      end(FlowEnd::end_time);
    } else {
      end_if_asked();
    }
    record(true);
  }

  void advance() {
    const double cost = now_.cost;
    if (params_.resolve_end) tighten();
    const auto outcome = integrator_.step();
    if (outcome == StepOutcome::failed) {
      result_.message = integrator_.message();
      end(FlowEnd::failed);
    } else if (outcome == StepOutcome::event) {
      end(FlowEnd::equilibrium);
    } else if (outcome == StepOutcome::end_time) {
      end(FlowEnd::end_time);
    }
    if (now_.time != integrator_.time()) measure(integrator_.time(), integrator_.state());
    if (cost > 0) result_.largest_cost_increase = std::max(result_.largest_cost_increase, now_.cost / cost - 1);
    end_if_asked();
    record_outputs_on_the_way();
    record(ended_ || params_.outputs.after(recorded_) == now_.time);
  }

  /// An end that the integrator does not know of.
  void end_if_asked() {
    if (ended_) return;
    const auto most = params_.integrator.max_steps;
    if (most > 0 && integrator_.statistics().steps >= most) end(FlowEnd::step_limit);
    if (now_.late) end(FlowEnd::walltime);
    if (now_.interrupted) end(FlowEnd::interrupted);
  }

  void end(FlowEnd how) {
    result_.end = how;
    ended_ = true;
  }

  // The monitor: sees every accepted state once.
  double event(double time, std::span<const double> y) {
    measure(time, y);
    if (!params_.stop_at_equilibrium) return 1;
    return std::log(std::max(now_.imbalance.l1 / params_.tolerance, kFloor));
  }

  // One pass, and what has to be agreed on at every step in one reduction.
  void measure(double time, std::span<const double> h) {
    flow_.derivative(h, work_);
    costs_ = &flow_.costs();
    const auto& problem = flow_.problem();
    const bool asked = params_.interrupted && params_.interrupted();
    const bool late = params_.max_seconds > 0 && timer_.seconds() > params_.max_seconds;
    std::array<double, 4> sums{gradient_share(), change(h), asked ? 1.0 : 0.0, late ? 1.0 : 0.0};
    problem.comm().sum(std::span<double>(sums));
    const double cost = costs_->total * problem.cost_unit();
    const auto n = std::max(1.0, static_cast<double>(problem.global_size()));
    now_ = {.time = time,
            .cost = cost,
            .imbalance = imbalance(problem, *costs_),
            .gradient_norm = std::sqrt(sums[0]) * cost,
            .change = std::sqrt(sums[1] / n),
            .interrupted = sums[2] > 0,
            .late = sums[3] > 0};
  }

  /// This rank's share of |g|^2 relative to the squared cost, which keeps it in range.
  [[nodiscard]] double gradient_share() const {
    double sum = 0;
    for (LocalIndex i = 0; i < flow_.size() && costs_->total > 0; ++i) {
      const double g = costs_->in[at(i)] - flow_.problem().exponent(i) * costs_->out[at(i)];
      sum += (g / costs_->total) * (g / costs_->total);
    }
    return sum;
  }

  /// This rank's squares of what has changed since the last accepted state, in units of the tolerances.
  [[nodiscard]] double change(std::span<const double> h) const {
    const auto before = integrator_.state();
    double sum = 0;
    for (std::size_t i = 0; i < h.size(); ++i) {
      const double tolerance =
          params_.integrator.relative_tolerance * std::abs(h[i]) + params_.integrator.absolute_tolerance;
      const double d = (h[i] - before[i]) / tolerance;
      sum += d * d;
    }
    return sum;
  }

  // Errors within the tolerances would blur what is left of the way into the equilibrium, and the time at which the
  // imbalance falls below its own tolerance. So they are held to a share of the imbalance, which is about how far h has
  // to go, or of the last step's change, where h has further to go than the imbalance tells.
  void tighten() {
    const auto& p = params_.integrator;
    const double to_go = std::max({now_.imbalance.l1, params_.tolerance, kFinest});
    const double tolerance = std::max(p.relative_tolerance, p.absolute_tolerance);
    integrator_.tighten(kTail * std::max(to_go / tolerance, now_.change));
  }

  // Output times within the step, by interpolation; the step's own figures are kept for their turn.
  void record_outputs_on_the_way() {
    auto next = params_.outputs.after(recorded_);
    if (!next || *next >= now_.time) return;
    const auto step = now_;
    const auto costs = *costs_;
    std::vector<double> h(work_.size());
    for (; next && *next < step.time; next = params_.outputs.after(*next)) {
      integrator_.interpolate(*next, h);
      measure(*next, h);
      tell(h, true);
    }
    now_ = step;
    kept_ = costs;
    costs_ = &kept_;
  }

  void record(bool output) {
    if (output && recorded_ == now_.time) return;  // an end where a row has been written already
    tell(integrator_.state(), output);
  }

  void tell(std::span<const double> h, bool output) {
    if (output) recorded_ = now_.time;
    if (!observer_) return;
    observer_({now_.time, h, costs_, now_.cost, now_.imbalance, now_.gradient_norm, integrator_.statistics(), output});
  }

  void finish() {
    const auto state = integrator_.state();
    result_.time = now_.time;
    result_.h.assign(state.begin(), state.end());
    result_.final_cost = now_.cost;
    result_.imbalance = now_.imbalance;
    result_.statistics = integrator_.statistics();
  }

  CostFlow& flow_;
  const FlowParams& params_;
  const FlowObserver& observer_;
  Timer timer_;
  std::vector<double> work_;
  Measured now_;
  const NeuronCosts* costs_ = nullptr;  // at the time of now_
  NeuronCosts kept_;
  double recorded_ = -std::numeric_limits<double>::infinity();  // time of the last output
  bool ended_ = false;
  FlowResult result_;
  Integrator integrator_;
};

}  // namespace

const char* to_string(FlowEnd end) noexcept {
  switch (end) {
    case FlowEnd::equilibrium:
      return "equilibrium reached";
    case FlowEnd::end_time:
      return "end time reached";
    case FlowEnd::step_limit:
      return "step limit reached";
    case FlowEnd::walltime:
      return "walltime reached";
    case FlowEnd::interrupted:
      return "interrupted";
    default:
      return "failed";
  }
}

FlowResult run_flow(CostFlow& flow, std::span<const double> h, const FlowParams& params, const FlowObserver& observer) {
  return Run(flow, h, params, observer)();
}

}  // namespace synbal
