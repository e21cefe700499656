// The report and the summary of `flow`.
#include "app/flow_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>

#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

const char* signal_name(int signal) {
  if (signal == SIGUSR1) return "USR1";
  return signal == SIGTERM ? "TERM" : "INT";
}

Json integration_figures(const IntegratorStatistics& s) {
  return {{"steps", s.steps},
          {"derivatives", s.derivatives},
          {"nonlinear_iterations", s.nonlinear_iterations},
          {"nonlinear_failures", s.nonlinear_failures},
          {"error_test_failures", s.error_test_failures},
          {"krylov_iterations", s.krylov_iterations},
          {"linear_failures", s.linear_failures},
          {"products", s.products},
          {"preconditioner_setups", s.preconditioner_setups},
          {"last_order", s.order},
          {"last_step", number(s.step)}};
}

Json cost_section(const Flowed& run) {
  const auto bound = run.judgement ? run.judgement->certificate : Certificate{};
  const auto scaled = [&](const std::optional<double>& v) {
    return v ? number(*v * run.problem.cost_unit()) : Json(nullptr);
  };
  return {{"power", run.problem.power()},
          {"initial", number(run.found.initial_cost)},
          {"final", number(run.found.final_cost)},
          {"lower_bound", scaled(bound.lower_bound)},
          {"gap", scaled(bound.gap)}};
}

Json flow_section(const Flowed& run) {
  const auto& params = run.options.params;
  const auto& found = run.found;
  const bool balanced = found.end == FlowEnd::equilibrium;
  Json section{{"rule", run.options.rule},
               {"components", run.options.components},
               {"integration", to_string(params.integrator.integration)},
               {"relative_tolerance", params.integrator.relative_tolerance},
               {"absolute_tolerance", params.integrator.absolute_tolerance},
               {"tolerance", params.tolerance},
               {"start_time", params.start_time},
               {"end", run.reason()},
               {"end_time", found.time},
               {"equilibrium_time", balanced ? number(found.time) : Json(nullptr)},
               {"message", found.message.empty() ? Json(nullptr) : Json(found.message)}};
  section.update(integration_figures(found.statistics));
  section["matrix_passes"] = found.matrix_passes;
  section["largest_cost_increase"] = number(found.largest_cost_increase);
  section["newton_step_inf"] = run.judgement ? number(run.judgement->newton_step_inf) : Json(nullptr);
  section["rows"] = run.recording.rows();
  section["neurons_recorded"] = run.recording.neurons();
  section["synapses_recorded"] = run.recording.synapses();
  return section;
}

Json invariants_section(const std::vector<Invariant>& invariants) {
  Json section = Json::array();
  for (const auto& i : invariants) {
    section.push_back({{"name", i.name},
                       {"watched", i.watched},
                       {"holds", i.watched ? Json(i.holds()) : Json(nullptr)},
                       {"drift", i.watched ? number(i.drift) : Json(nullptr)},
                       {"limit", i.limit},
                       {"at_time", i.watched ? number(i.time) : Json(nullptr)},
                       {"note", i.note}});
  }
  return section;
}

/// Collective. Where the approximation would end, beside where the flow did.
Json heat_section(const Flowed& run) {
  const auto& c = run.companions;
  if (!c.heat) return nullptr;
  double off = 0;
  if (run.found.end == FlowEnd::equilibrium) {
    const auto target = c.heat_flow->equilibrium();
    for (std::size_t i = 0; i < target.size(); ++i) {
      const double d = std::abs(target[i] - run.found.h[i]);
      if (!(d <= off)) off = d;
    }
    off = run.context.world.any(std::isnan(off)) ? NAN : run.context.world.max(off);
  } else {
    off = NAN;
  }
  const auto& message = c.heat->companion().message();
  return {{"difference_l2", number(c.heat_difference.l2)},
          {"difference_linf", number(c.heat_difference.linf)},
          {"difference_relative", number(c.heat_difference.relative)},
          {"equilibrium_difference_linf", number(off)},
          {"steps", c.heat->companion().statistics().steps},
          {"failure", message.empty() ? Json(nullptr) : Json(message)}};
}

Json weights_section(const Companions& c) {
  if (!c.weights) return nullptr;
  const auto& message = c.weights->companion().message();
  return {{"largest_difference", number(c.largest_weight_difference)},
          {"steps", c.weights->companion().statistics().steps},
          {"failure", message.empty() ? Json(nullptr) : Json(message)}};
}

/// Collective.
Json h_section(const Comm& comm, const Flowed& run) {
  const auto& h = run.found.h;
  const auto [low, high] = std::minmax_element(h.begin(), h.end());
  const double least = comm.min(h.empty() ? 1e300 : *low), most = comm.max(h.empty() ? -1e300 : *high);
  const bool any = run.problem.global_size() > 0;
  return {{"min", any ? number(least) : Json(0.0)}, {"max", any ? number(most) : Json(0.0)}};
}

void print_invariants(const Json& invariants) {
  const char* head = "conserved";
  for (const auto& i : invariants) {
    if (!i["watched"].get<bool>()) continue;
    fmt::print("{:<12} {}: {}, off by {} (at most {:.0e} is allowed)\n", head, i["name"].get<std::string>(),
               i["holds"].get<bool>() ? "yes" : "NO", text_of(i["drift"], "{:.1e}"), i["limit"].get<double>());
    head = "";
  }
}

void print_companions(const Json& r) {
  if (!r["heat"].is_null()) {
    fmt::print("heat         the heat equation is off by {} in h at the end, {} of the way\n",
               text_of(r["heat"]["difference_linf"], "{:.2e}"), text_of(r["heat"]["difference_relative"], "{:.2e}"));
  }
  if (!r["weights"].is_null()) {
    fmt::print("weights      integrated themselves they are off by {} at most, relative to each\n",
               text_of(r["weights"]["largest_difference"], "{:.2e}"));
  }
}

}  // namespace

ExitCode Flowed::code() const {
  switch (found.end) {
    case FlowEnd::equilibrium:
    case FlowEnd::end_time:
      return ExitCode::done;
    case FlowEnd::walltime:
    case FlowEnd::interrupted:
      return ExitCode::stopped;
    default:
      return ExitCode::not_converged;
  }
}

std::string Flowed::reason() const {
  const std::string words = to_string(found.end);
  return found.end == FlowEnd::interrupted && signal != 0 ? fmt::format("{} by {}", words, signal_name(signal)) : words;
}

Json flow_report(const Flowed& run) {
  const auto& comm = run.context.world;
  Json report = report_head(comm, run.context.command_line, run.started);
  report["input"] = report_input(run.network, count_pinned(comm, run.network));
  report["components"] = report_components(run.components, run.problem, run.found.initial_cost);
  report["cost"] = cost_section(run);
  report["imbalance"] = report_imbalance(run.found.imbalance);
  report["flow"] = flow_section(run);
  report["invariants"] = invariants_section(run.invariants);
  report["heat"] = heat_section(run);
  report["weights"] = weights_section(run.companions);
  report["h"] = h_section(comm, run);
  report["time"] = report_times(run.times);
  report["memory"] = report_memory(comm);
  report["parallel"] = report_parallel(comm, run.network, run.problem);
  return report;
}

void print_flow_summary(const Json& r, const FlowOptions& options) {
  const auto& f = r["flow"];
  print_network(r);
  fmt::print("cost         {} at the start, {} at the end (p = {})\n", text_of(r["cost"]["initial"]),
             text_of(r["cost"]["final"]), text_of(r["cost"]["power"], "{:g}"));
  fmt::print("imbalance    {} relative to the cost; {} at most in log(in/out) of a neuron\n",
             text_of(r["imbalance"]["l1_relative"], "{:.2e}"), text_of(r["imbalance"]["max_log_ratio"], "{:.2e}"));
  fmt::print("flow         {} at time {} (from {})\n", f["end"].get<std::string>(), text_of(f["end_time"], "{:.6g}"),
             text_of(f["start_time"], "{:g}"));
  fmt::print("             {}: {} steps, {} derivatives, {} Krylov iterations, {} linear solves failed\n",
             f["integration"].get<std::string>(), f["steps"].get<std::int64_t>(), f["derivatives"].get<std::int64_t>(),
             f["krylov_iterations"].get<std::int64_t>(), f["linear_failures"].get<std::int64_t>());
  if (!f["newton_step_inf"].is_null()) {
    fmt::print("             the equilibrium itself is {} away in h (a smaller --tolerance comes closer)\n",
               text_of(f["newton_step_inf"], "{:.1e}"));
  }
  print_invariants(r["invariants"]);
  print_companions(r);
  fmt::print(
      "time         {:.3g} s reading, {:.3g} s components, {:.3g} s integrating, {:.3g} s writing on {} rank(s)\n",
      r["time"]["read"].get<double>(), r["time"]["components"].get<double>(), r["time"]["solve"].get<double>(),
      r["time"]["write"].get<double>(), r["ranks"].get<int>());
  fmt::print("memory       {} on all ranks\n", human_bytes(r["memory"]["peak_rss_sum"].get<double>()));
  fmt::print("trajectory   {}: {} times, h of {} neurons, {} synapses\n", options.output, f["rows"].get<std::int64_t>(),
             f["neurons_recorded"].get<std::int64_t>(), f["synapses_recorded"].get<std::int64_t>());
}

void tell_how_to_go_on(const Flowed& run) {
  if (run.code() == ExitCode::done) return;
  const auto& o = run.options;
  const auto next = run.recording.has_all_neurons()
                        ? fmt::format("go on with --initial {} and another output", o.output)
                        : std::string("to be able to go on, record all neurons");
  const auto& why = run.found.message;
  log_warning("{}{}: the trajectory up to time {:.6g} is in {}; {}", run.reason(), why.empty() ? "" : " (" + why + ")",
              run.found.time, o.output, next);
}

}  // namespace synbal::app
