// The report and the summary of `flow`.
#include <fmt/format.h>

#include <cmath>

#include "app/flow/flow.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

constexpr double kBalancedCut = 1e-6;  // log(in/out) of a cluster: what single neurons are at by then

std::optional<std::string> words_or_nothing(const std::string& words) {
  return words.empty() ? std::nullopt : std::optional(words);
}

void describe_integration(ReportWriter& report, const IntegratorStatistics& s) {
  report("steps", s.steps)("derivatives", s.derivatives)("nonlinear_iterations", s.nonlinear_iterations);
  report("nonlinear_failures", s.nonlinear_failures)("error_test_failures", s.error_test_failures);
  report("krylov_iterations", s.krylov_iterations)("linear_failures", s.linear_failures)("products", s.products);
  report("preconditioner_setups", s.preconditioner_setups)("last_order", s.order)("last_step", s.step);
}

void describe_flow(ReportWriter& report, const FlowReport& r) {
  const auto& params = r.options.params;
  const auto& integrator = params.integrator;
  report("rule", r.options.rule)("components", r.options.all_components ? "all" : "balance");
  report("integration", to_string(integrator.integration))("relative_tolerance", integrator.relative_tolerance);
  report("absolute_tolerance", integrator.absolute_tolerance)("tolerance", params.tolerance);
  report("start_time", params.start_time)("end", r.reason)("end_time", r.found.time);
  report("equilibrium_time", r.found.end == FlowEnd::equilibrium ? r.found.time : NAN);
  report("message", words_or_nothing(r.found.message));
  describe_integration(report, r.found.statistics);
  report("matrix_passes", r.found.matrix_passes)("largest_cost_increase", r.found.largest_cost_increase);
  if (r.cuts) report("cuts", *r.cuts);
  report("newton_step_inf", r.newton_step)("rows", r.recording.rows());
  report("neurons_recorded", r.recording.neurons())("synapses_recorded", r.recording.synapses());
}

/// Collective. Largest distance in h between where the heat equation leads and where the flow ended.
double heat_distance(const Comm& comm, const HeatCompanion& heat, std::span<const double> h) {
  const auto target = heat.equilibrium();
  double off = 0;
  for (std::size_t i = 0; i < target.size(); ++i) {
    const double d = std::abs(target[i] - h[i]);
    if (!(d <= off)) off = d;
  }
  return comm.any(std::isnan(off)) ? NAN : comm.max(off);
}

void print_flow(const FlowReport& r) {
  const auto& s = r.found.statistics;
  fmt::print("flow         {} at time {} (from {})\n", r.reason, text_of(r.found.time, "{:.6g}"),
             text_of(r.options.params.start_time, "{:g}"));
  fmt::print("             {}: {} steps, {} derivatives, {} Krylov iterations, {} linear solves failed\n",
             to_string(r.options.params.integrator.integration), s.steps, s.derivatives, s.krylov_iterations,
             s.linear_failures);
  if (!r.newton_step || !std::isfinite(*r.newton_step)) return;
  fmt::print("             the equilibrium itself is {} away in h (a smaller --tolerance comes closer)\n",
             text_of(r.newton_step, "{:.1e}"));
}

void print_invariants(const std::vector<Invariant>& invariants) {
  const char* head = "conserved";
  for (const auto& i : invariants) {
    if (!i.watched) continue;
    fmt::print("{:<12} {}: {}, off by {} (at most {:.0e} is allowed)\n", head, i.name, i.holds() ? "yes" : "NO",
               text_of(i.drift, "{:.1e}"), i.limit);
    head = "";
  }
}

void print_companions(const FlowReport& r) {
  if (r.heat) {
    fmt::print("heat         the heat equation is off by {} in h at the end, {} of the way\n",
               text_of(r.heat->difference.linf, "{:.2e}"), text_of(r.heat->difference.relative, "{:.2e}"));
  }
  if (r.weights) {
    fmt::print("weights      integrated themselves they are off by {} at most, relative to each\n",
               text_of(r.weights->largest_difference, "{:.2e}"));
  }
}

void print_shake(const FlowReport& r) {
  if (!r.shake) return;
  const auto& s = *r.shake;
  fmt::print("shaken       {} changes; imbalance {} just before them, in the second half\n", s.changes,
             text_of(s.imbalance, "{:.3g}"));
  fmt::print("             {} +- {} of a change is taken back until the next; of small ones, one at a time: {}\n",
             text_of(s.absorbed, "{:.4g}"), text_of(s.standard_error, "{:.2g}"), text_of(s.expected, "{:.4g}"));
}

}  // namespace

ExitCode code_of(FlowEnd end, const std::optional<CutFacts>& cuts) {
  switch (end) {
    case FlowEnd::equilibrium:
      return cuts && !(cuts->max_log_ratio <= kBalancedCut) ? ExitCode::not_converged : ExitCode::done;
    case FlowEnd::end_time:
      return ExitCode::done;
    case FlowEnd::walltime:
    case FlowEnd::interrupted:
      return ExitCode::stopped;
    case FlowEnd::step_limit:
    case FlowEnd::failed:
      break;
  }
  return ExitCode::not_converged;
}

std::string reason_of(FlowEnd end, int signal) {
  const std::string words = to_string(end);
  return end == FlowEnd::interrupted && signal != 0 ? fmt::format("{} by {}", words, signal_name(signal)) : words;
}

std::optional<HeatSection> heat_of(const Comm& comm, const Companions& c, const FlowResult& found) {
  if (!c.heat) return {};
  const bool balanced = found.end == FlowEnd::equilibrium;
  const auto& companion = *c.heat;
  return HeatSection{c.heat_difference, balanced ? heat_distance(comm, companion, found.h) : NAN,
                     companion.statistics().steps, companion.message()};
}

std::optional<WeightsSection> weights_of(const Companions& c) {
  if (!c.weights) return {};
  const auto& companion = *c.weights;
  return WeightsSection{c.largest_weight_difference, companion.statistics().steps, companion.message()};
}

void describe(ReportWriter& report, const HeatSection& heat) {
  report("difference_l2", heat.difference.l2)("difference_linf", heat.difference.linf);
  report("difference_relative", heat.difference.relative)("equilibrium_difference_linf", heat.at_equilibrium);
  report("steps", heat.steps)("failure", words_or_nothing(heat.failure));
}

void describe(ReportWriter& report, const WeightsSection& weights) {
  report("largest_difference", weights.largest_difference)("steps", weights.steps);
  report("failure", words_or_nothing(weights.failure));
}

static void describe(ReportWriter& report, const ShakeResult& shake) {
  report("changes", shake.changes)("observed", shake.observed)("imbalance", shake.imbalance);
  report("absorbed", shake.absorbed)("absorbed_standard_error", shake.standard_error);
  report("absorbed_expected", shake.expected)("synapses", shake.synapses);
}

void describe(ReportWriter& report, const Invariant& invariant) {
  const auto seen = [&](auto value) { return invariant.watched ? std::optional(value) : std::nullopt; };
  report("name", invariant.name)("watched", invariant.watched)("holds", seen(invariant.holds()));
  report("drift", seen(invariant.drift))("limit", invariant.limit)("at_time", seen(invariant.time));
  report("note", invariant.note);
}

void describe(ReportWriter& report, const FlowReport& r) {
  describe(report, r.head);
  report("input", r.input)("components", r.components)("cost", r.cost)("imbalance", r.found.imbalance);
  report.object("flow", [&](ReportWriter& flow) { describe_flow(flow, r); });
  report("invariants", r.invariants)("heat", r.heat)("weights", r.weights);
  if (r.shake) report("shake", *r.shake);
  report("h", r.h)("time", r.time)("memory", r.memory)("parallel", r.parallel);
  if (r.resumed) report("resumed", *r.resumed);
  if (r.kept) report("checkpoints", *r.kept);
}

void print(const FlowReport& r) {
  print_network(r.input, r.components);
  fmt::print("cost         {} at the start, {} at the end (p = {})\n", text_of(r.cost.initial), text_of(r.cost.final),
             text_of(r.cost.power, "{:g}"));
  fmt::print("imbalance    {} relative to the cost; {} at most in log(in/out) of a neuron\n",
             text_of(r.found.imbalance.l1, "{:.2e}"), text_of(r.found.imbalance.max_log_ratio, "{:.2e}"));
  print_cuts(r.cuts);
  print_flow(r);
  print_invariants(r.invariants);
  print_companions(r);
  print_shake(r);
  if (r.resumed) print(*r.resumed);
  print_spent(r.time, "integrating", r.memory, r.head.ranks);
  fmt::print("trajectory   {}: {} times, h of {} neurons, {} synapses\n", r.options.output, r.recording.rows(),
             r.recording.neurons(), r.recording.synapses());
}

void tell_how_to_go_on(const FlowReport& r) {
  const auto code = code_of(r.found.end, r.cuts);
  if (code == ExitCode::done) return;
  if (r.found.end == FlowEnd::equilibrium) {
    log_warning(
        "single neurons are balanced, clusters that hang together weakly are not (log(in/out) {:.1e}), and a flow over "
        "their cuts takes for ever: `synbal balance` finds where it leads, or give a smaller --tolerance",
        r.cuts->max_log_ratio);
    return;
  }
  const auto next = r.recording.has_all_neurons()
                        ? fmt::format("go on with --initial {} and another output", r.options.output)
                        : std::string("to be able to go on, record all neurons");
  const auto& why = r.found.message;
  log_warning("{}{}: the trajectory up to time {:.6g} is in {}; {}{}", r.reason, why.empty() ? "" : " (" + why + ")",
              r.found.time, r.options.output, r.advice.empty() ? "" : r.advice + ", or ", next);
}

}  // namespace synbal::app
