// The loop.
#include "flow/run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "flow/integrator.hpp"
#include "flow/tuning.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

class Run {
 public:
  Run(FlowSystem& system, std::span<const double> h, const FlowParams& params, const FlowObserver& observer)
      : system_(system),
        params_(params),
        observer_(observer),
        before_(h.begin(), h.end()),
        integrator_(system.dynamics(), params.start_time, h, params.integrator,
                    [this](double time, std::span<const double> y) { return event(time, y); }) {
    integrator_.set_end_time(params.end_time);
  }

  FlowResult operator()() {
    const auto passes = system_.kernel().passes();
    start();
    while (!ended_) advance();
    const auto state = integrator_.state();
    result_.h.assign(state.begin(), state.end());
    result_.time = time_;
    result_.final_cost = now_.cost;
    result_.imbalance = now_.imbalance;
    result_.statistics = integrator_.statistics();
    result_.matrix_passes = system_.kernel().passes() - passes;
    return std::move(result_);
  }

 private:
  void start() {
    system_.begin(params_.tolerance);
    measure(integrator_.time(), integrator_.state());
    result_.initial_cost = now_.cost;
    if (!finite_) {
      result_.message = system_.out_of_range();
      end(FlowEnd::failed);
    } else if (params_.stop_at_equilibrium && system_.excess() <= 0) {
      end(FlowEnd::equilibrium);
    } else if (params_.end_time <= params_.start_time) {
      end(FlowEnd::end_time);
    }
    end_if_asked();
    record(true);
  }

  void advance() {
    const double cost = now_.cost;
    if (params_.resolve_end && system_.falls_with_imbalance()) tighten();
    before_.assign(integrator_.state().begin(), integrator_.state().end());
    take_step();
    if (placed_ != integrator_.time()) place(integrator_.time(), integrator_.state());
    look(integrator_.state());
    if (cost > 0) result_.largest_cost_increase = std::max(result_.largest_cost_increase, now_.cost / cost - 1);
    end_if_asked();
    record_outputs_on_the_way();
    record(ended_ || params_.outputs.after(recorded_) == time_);
  }

  void take_step() {
    switch (integrator_.step()) {
      case StepOutcome::taken:
        return;
      case StepOutcome::end_time:
        return end(FlowEnd::end_time);
      case StepOutcome::event:
        return end(FlowEnd::equilibrium);
      case StepOutcome::failed:
        result_.message = integrator_.message();
        return end(FlowEnd::failed);
    }
  }

  /// Collective. An end that the integrator does not know of; one reduction for what ranks have to agree on.
  void end_if_asked() {
    if (ended_) return;
    const auto most = params_.integrator.max_steps;
    if (most > 0 && integrator_.statistics().steps >= most) end(FlowEnd::step_limit);
    const bool late = params_.max_seconds > 0 && timer_.seconds() > params_.max_seconds;
    const bool asked = params_.interrupted && params_.interrupted();
    const auto wish = system_.dynamics().comm().max(static_cast<std::int32_t>(asked ? 2 : late ? 1 : 0));
    if (wish > 0) end(wish == 2 ? FlowEnd::interrupted : FlowEnd::walltime);
  }

  void end(FlowEnd how) {
    result_.end = how;
    ended_ = true;
  }

  // The monitor: sees every accepted state once.
  double event(double time, std::span<const double> y) {
    if (!params_.stop_at_equilibrium) return 1;
    place(time, y);
    return system_.excess();
  }

  void place(double time, std::span<const double> h) {
    finite_ = system_.place(h);
    placed_ = time;
  }
  void look(std::span<const double> h) {
    now_ = system_.figures(h);
    costs_ = &system_.costs();
    time_ = placed_;
  }
  void measure(double time, std::span<const double> h) {
    place(time, h);
    look(h);
  }

  // Errors within the tolerances would blur what is left of the way into the equilibrium, and the time at which the
  // imbalance falls below its own tolerance. So they are held to a share of the imbalance, which is about how far h has
  // to go, or of the last step's change, where h has further to go than the imbalance tells.
  void tighten() {
    const auto& p = params_.integrator;
    const double to_go = std::max({now_.imbalance.l1, params_.tolerance, tuning::kFinestImbalance});
    const double tolerance = std::max(p.relative_tolerance, p.absolute_tolerance);
    integrator_.tighten(tuning::kTail * std::max(to_go / tolerance, last_change()));
  }

  /// Collective. Of the last step, root mean square in units of the tolerances.
  [[nodiscard]] double last_change() {
    const auto h = integrator_.state();
    const auto& p = params_.integrator;
    double sum = 0;
    for (std::size_t i = 0; i < h.size(); ++i) {
      const double d = (h[i] - before_[i]) / (p.relative_tolerance * std::abs(h[i]) + p.absolute_tolerance);
      sum += d * d;
    }
    const auto n = std::max<GlobalIndex>(system_.problem().global_size(), 1);
    return std::sqrt(system_.problem().comm().sum(sum) / static_cast<double>(n));
  }

  // Output times within the step, by interpolation; the step's own figures are kept for their turn.
  void record_outputs_on_the_way() {
    auto next = params_.outputs.after(recorded_);
    if (!next || *next >= time_) return;
    const auto step = now_;
    const double time = time_;
    const auto costs = *costs_;
    std::vector<double> h(before_.size());
    for (; next && *next < time; next = params_.outputs.after(*next)) {
      integrator_.interpolate(*next, h);
      measure(*next, h);
      tell(h, true);
    }
    now_ = step;
    time_ = time;
    kept_ = costs;
    costs_ = &kept_;
  }

  void record(bool output) {
    if (output && recorded_ == time_) return;  // an end where a row has been written already
    tell(integrator_.state(), output);
  }

  void tell(std::span<const double> h, bool output) {
    if (output) recorded_ = time_;
    if (!observer_) return;
    observer_({time_, h, costs_, now_.cost, now_.imbalance, now_.gradient_norm, integrator_.statistics(), output});
  }

  FlowSystem& system_;
  const FlowParams& params_;
  const FlowObserver& observer_;
  Timer timer_;
  std::vector<double> before_;  // the state before the step
  FlowFigures now_;             // at time_
  double time_ = 0;
  const NeuronCosts* costs_ = nullptr;  // at time_
  NeuronCosts kept_;
  bool finite_ = true;                                          // the state placed last
  double placed_ = std::numeric_limits<double>::quiet_NaN();    // and its time
  double recorded_ = -std::numeric_limits<double>::infinity();  // time of the last output
  bool ended_ = false;
  FlowResult result_;
  Integrator integrator_;
};

}  // namespace

FlowResult run_flow(FlowSystem& system, std::span<const double> h, const FlowParams& params,
                    const FlowObserver& observer) {
  return Run(system, h, params, observer)();
}

}  // namespace synbal
