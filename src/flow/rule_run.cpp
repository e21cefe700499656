// The loop of a run of any rule: step, measure, record, decide.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "synbal/core/timer.hpp"
#include "synbal/flow/rule_flow.hpp"

namespace synbal {

namespace {

constexpr double kRebaseExponent = 20;  // of e^{p delta}: beyond, the costs get a new base

class RuleRun {
 public:
  RuleRun(RuleFlow& flow, BalanceProblem& problem, FusedKernel& kernel, std::span<const double> h,
          const FlowParams& params, const FlowObserver& observer)
      : flow_(flow),
        problem_(problem),
        kernel_(kernel),
        params_(params),
        observer_(observer),
        gradient_(h.size()),
        integrator_(flow, params.start_time, h, params.integrator,
                    [this](double, std::span<const double> y) { return event(y); }) {
    integrator_.set_end_time(params.end_time);
  }

  FlowResult operator()() {
    const auto passes = kernel_.passes();
    start();
    while (!ended_) advance();
    const auto state = integrator_.state();
    result_.h.assign(state.begin(), state.end());
    result_.time = integrator_.time();
    result_.final_cost = cost_;
    result_.imbalance = imbalance(problem_, costs_);
    result_.statistics = integrator_.statistics();
    result_.matrix_passes = kernel_.passes() - passes;
    return std::move(result_);
  }

 private:
  /// Where the run rests: judged at h = 0, whatever the start.
  void choose_rest() {
    const std::vector<double> origin(gradient_.size(), 0.0);
    const bool finite = flow_.derivative(origin, gradient_);
    rest_ = finite ? std::max(params_.tolerance * flow_.largest_gradient(gradient_), flow_.rounding()) : 0.0;
  }

  void start() {
    choose_rest();
    const auto state = integrator_.state();
    const bool finite = flow_.derivative(state, gradient_);
    measure_costs(state);
    result_.initial_cost = cost_;
    if (!finite) {
      result_.message =
          "the gradients at the start leave the range of doubles: scale the weights so that costs stay inside";
      end(FlowEnd::failed);
    } else if (at_rest()) {
      end(FlowEnd::equilibrium);
    } else if (params_.end_time <= params_.start_time) {
      end(FlowEnd::end_time);
    } else {
      end_if_asked();
    }
    tell(integrator_.time(), state, true);
  }

  void advance() {
    const double cost = cost_;
    const auto outcome = integrator_.step();
    if (outcome == StepOutcome::failed) {
      result_.message = integrator_.message();
      end(FlowEnd::failed);
    } else if (outcome == StepOutcome::event) {
      end(FlowEnd::equilibrium);
    } else if (outcome == StepOutcome::end_time) {
      end(FlowEnd::end_time);
    }
    end_if_asked();
    record_outputs_on_the_way();
    measure(integrator_.state());
    if (cost > 0) result_.largest_cost_increase = std::max(result_.largest_cost_increase, cost_ / cost - 1);
    const double now = integrator_.time();
    if (now > recorded_) tell(now, integrator_.state(), ended_ || params_.outputs.after(recorded_) == now);
  }

  void record_outputs_on_the_way() {
    std::vector<double> h(gradient_.size());
    for (auto next = params_.outputs.after(recorded_); next && *next < integrator_.time();
         next = params_.outputs.after(*next)) {
      integrator_.interpolate(*next, h);
      measure(h);
      tell(*next, h, true);
    }
  }

  /// Collective. One reduction for what ranks have to agree on.
  void end_if_asked() {
    if (ended_) return;
    const auto most = params_.integrator.max_steps;
    if (most > 0 && integrator_.statistics().steps >= most) end(FlowEnd::step_limit);
    const bool late = params_.max_seconds > 0 && timer_.seconds() > params_.max_seconds;
    const bool asked = params_.interrupted && params_.interrupted();
    const auto wish = flow_.comm().max(static_cast<std::int32_t>(asked ? 2 : late ? 1 : 0));
    if (wish > 0) end(wish == 2 ? FlowEnd::interrupted : FlowEnd::walltime);
  }

  void end(FlowEnd how) {
    result_.end = how;
    ended_ = true;
  }

  [[nodiscard]] bool at_rest() const {
    return params_.stop_at_equilibrium && flow_.largest_gradient(gradient_) <= rest_;
  }

  // Positive until the flow rests; logarithms make the passage easy to find.
  double event(std::span<const double> h) {
    if (!params_.stop_at_equilibrium || !flow_.derivative(h, gradient_)) return 1;
    constexpr double floor = 1e-6;
    const double now = flow_.largest_gradient(gradient_);
    return rest_ > 0 ? std::log(std::max(now / rest_, floor)) : now;
  }

  void measure(std::span<const double> h) {
    flow_.derivative(h, gradient_);
    measure_costs(h);
  }

  void measure_costs(std::span<const double> h) {
    std::vector<double> delta(h.begin(), h.end());
    double largest = 0;
    for (std::size_t i = 0; i < delta.size(); ++i) {
      delta[i] -= problem_.base()[i];
      largest = std::max(largest, std::max(1.0, problem_.exponent(static_cast<LocalIndex>(i))) * std::abs(delta[i]));
    }
    if (problem_.comm().max(problem_.power() * largest) > kRebaseExponent) {
      problem_.rebase(h);
      std::fill(delta.begin(), delta.end(), 0.0);
    }
    evaluate(problem_, kernel_, delta, costs_);
    cost_ = costs_.total * problem_.cost_unit();
  }

  void tell(double time, std::span<const double> h, bool output) {
    if (output) recorded_ = time;
    if (!observer_) return;
    double square = 0;
    for (const double g : gradient_) square += g * g;
    const double norm = std::sqrt(flow_.comm().sum(square));
    observer_({time, h, &costs_, cost_, imbalance(problem_, costs_), norm, integrator_.statistics(), output});
  }

  RuleFlow& flow_;
  BalanceProblem& problem_;
  FusedKernel& kernel_;
  const FlowParams& params_;
  const FlowObserver& observer_;
  Timer timer_;
  std::vector<double> gradient_;
  NeuronCosts costs_;
  double cost_ = 0;      // user's unit
  double rest_ = 0;      // largest gradient of an equilibrium
  double recorded_ = 0;  // time of the last output
  bool ended_ = false;
  FlowResult result_;
  Integrator integrator_;
};

}  // namespace

FlowResult run_rule_flow(RuleFlow& flow, BalanceProblem& problem, FusedKernel& kernel, std::span<const double> h,
                         const FlowParams& params, const FlowObserver& observer) {
  return RuleRun(flow, problem, kernel, h, params, observer)();
}

}  // namespace synbal
