// The loop.
#include "flow/run.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "flow/integrator.hpp"
#include "flow/kept/place.hpp"
#include "flow/tuning.hpp"
#include "synbal/core/own_sums.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

/// Where a run begins.
struct Beginning {
  FlowPlace place;
  std::vector<double> h;
};

Beginning beginning_of(std::span<const double> h, const FlowParams& params) {
  Beginning begin{{.time = params.start_time}, {h.begin(), h.end()}};
  if (params.keeper == nullptr) return begin;
  const auto part = params.keeper->take(kFlowPart);
  if (!part) return begin;
  const auto kept = params.keeper->start();
  return {place_in(*part), {kept.begin(), kept.end()}};
}

class Run {
 public:
  Run(FlowSystem& system, Beginning begin, const FlowParams& params, const FlowObserver& observer)
      : system_(system),
        params_(params),
        observer_(observer),
        passes_(system.kernel().passes()),
        earlier_(begin.place),
        recorded_(begin.place.recorded),
        integrator_(system.dynamics(), begin.place.time, begin.h, params.integrator,
                    [this](double time, std::span<const double> y) { return event(time, y); }),
        kept_part_(
            params.keeper, kFlowPart, [this](RunPart& part) { put_place(part, place_now()); },
            [this] { return here(); }),
        before_(std::move(begin.h)) {
    integrator_.set_end_time(params.end_time);
    result_.largest_cost_increase = earlier_.largest_cost_increase;
  }

  FlowResult operator()() {
    start();
    while (!ended_) advance();
    result_.h = here();
    result_.time = time_;
    result_.final_cost = now_.cost;
    result_.imbalance = now_.imbalance;
    result_.statistics = statistics();
    result_.matrix_passes = passes();
    return std::move(result_);
  }

 private:
  void start() {
    system_.begin(params_.tolerance);
    measure(integrator_.time(), integrator_.state());
    result_.initial_cost = std::isnan(earlier_.initial_cost) ? now_.cost : earlier_.initial_cost;
    if (!finite_) {
      result_.message = system_.out_of_range();
      end(FlowEnd::failed);
    } else if (params_.stop_at_equilibrium && system_.excess() <= 0) {
      end(FlowEnd::equilibrium);
    } else if (params_.end_time <= integrator_.time()) {
      end(FlowEnd::end_time);
    }
    const auto wish = end_if_asked();
    keep(wish);
    record(ended_ || is_output_now());
  }

  void advance() {
    const double cost = now_.cost;
    if (params_.resolve_end && system_.falls_with_imbalance()) tighten();
    before_.assign(integrator_.state().begin(), integrator_.state().end());
    take_step();
    if (placed_ != integrator_.time()) place(integrator_.time(), integrator_.state());
    look(integrator_.state());
    if (cost > 0) result_.largest_cost_increase = std::max(result_.largest_cost_increase, now_.cost / cost - 1);
    auto wish = record_outputs_on_the_way();
    if (!halted_) wish = std::max(wish, end_if_asked());
    keep(wish);
    record(ended_ || is_output_now());
  }

  /// Whether a row is due at time_: one of the start, too.
  [[nodiscard]] bool is_output_now() const {
    return std::isinf(recorded_) || params_.outputs.after(recorded_) == time_;
  }

  /// Collective. Before the row of an end by a wish, which a run that goes on has no reason to write.
  void keep(Wish wish) {
    if (wish != Wish::go_on && params_.keeper != nullptr) params_.keeper->keep(wish);
  }

  /// [n] The state at time_.
  [[nodiscard]] std::vector<double> here() const {
    if (halted_) return *halted_;
    return {integrator_.state().begin(), integrator_.state().end()};
  }

  [[nodiscard]] FlowPlace place_now() const {
    return {time_, recorded_, result_.initial_cost, result_.largest_cost_increase, passes(), statistics()};
  }
  [[nodiscard]] IntegratorStatistics statistics() const {
    auto all = earlier_.statistics;
    add(all, integrator_.statistics());
    return all;
  }
  [[nodiscard]] std::int64_t passes() const { return earlier_.matrix_passes + system_.kernel().passes() - passes_; }

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

  /// Collective. An end that the integrator does not know of; one reduction for what ranks have to agree on. @return
  /// what the keeper is to do: an interruption leaves as the end of the time does, with what there is.
  Wish end_if_asked() {
    const auto& comm = system_.dynamics().comm();
    if (ended_ && comm.any(own_sum_is_nan())) end_over_nan(comm);
    if (ended_) return Wish::go_on;
    const auto most = params_.integrator.max_steps;
    if (most > 0 && statistics().steps >= most) end(FlowEnd::step_limit);
    const bool late = params_.max_seconds > 0 && timer_.seconds() > params_.max_seconds;
    const bool asked = params_.interrupted && params_.interrupted();
    const auto own = std::max(asked  ? Wish::stop
                              : late ? Wish::late
                                     : Wish::go_on,
                              params_.keeper != nullptr ? params_.keeper->wish() : Wish::go_on);
    const auto wish = agreed_wish(comm, own);
    if (wish >= Wish::late) end(wish == Wish::stop ? FlowEnd::interrupted : FlowEnd::walltime);
    return std::min(wish, Wish::late);
  }

  void end(FlowEnd how) {
    result_.end = how;
    ended_ = true;
  }

  // The monitor: sees every accepted state once.
  double event(double time, std::span<const double> y) {
    if (!params_.stop_at_equilibrium) return 1;
    place(time, y);
    remember_own_sum();
    return system_.excess();
  }

  void place(double time, std::span<const double> h) {
    finite_ = system_.place(h);
    placed_ = time;
  }
  void look(std::span<const double> h) {
    now_ = system_.figures(h);
    (void)own_sum_for_good(std::reduce(h.begin(), h.end(), 0.0));
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

  // Output times within the step, by interpolation; the step's own figures are kept for their turn. A step at rest may
  // have very many, so an end that is wanted comes after any of them. @return what the keeper is to do.
  Wish record_outputs_on_the_way() {
    auto next = params_.outputs.after(recorded_);
    if (!next || *next >= time_) return Wish::go_on;
    auto wish = Wish::go_on;
    const auto step = now_;
    const double time = time_;
    const auto costs = *costs_;
    std::vector<double> h(before_.size());
    for (; next && *next < time; next = params_.outputs.after(*next)) {
      integrator_.interpolate(*next, h);
      measure(*next, h);
      tell(h, true);
      if (!ended_) wish = std::max(wish, end_if_asked());
      if (wish < Wish::late) continue;
      halted_ = std::move(h);
      return wish;
    }
    now_ = step;
    time_ = time;
    kept_ = costs;
    costs_ = &kept_;
    return wish;
  }

  void record(bool output) {
    if (output && recorded_ == time_) return;  // an end where a row has been written already
    tell(here(), output);
  }

  void tell(std::span<const double> h, bool output) {
    if (output) recorded_ = time_;
    if (!observer_) return;
    observer_({time_, h, costs_, now_.cost, now_.imbalance, now_.gradient_norm, statistics(), output});
  }

  FlowSystem& system_;
  const FlowParams& params_;
  const FlowObserver& observer_;
  Timer timer_;
  std::int64_t passes_;  // of the kernel before the run
  FlowPlace earlier_;    // of the runs before it
  FlowFigures now_;      // at time_
  double time_ = 0;
  const NeuronCosts* costs_ = nullptr;  // at time_
  NeuronCosts kept_;
  bool finite_ = true;                                        // the state placed last
  double placed_ = std::numeric_limits<double>::quiet_NaN();  // and its time
  double recorded_;                                           // time of the last output
  bool ended_ = false;
  std::optional<std::vector<double>> halted_;  // the state at time_, where that is within the integrator's last step
  FlowResult result_;
  Integrator integrator_;
  KeptPart kept_part_;
  std::vector<double> before_;  // the state before the step
};

}  // namespace

FlowResult run_flow(FlowSystem& system, std::span<const double> h, const FlowParams& params,
                    const FlowObserver& observer) {
  const StageScope stage(Stage::solving);
  return Run(system, beginning_of(h, params), params, observer)();
}

}  // namespace synbal
