// The report, the summary and the result file of `balance`.
#include "app/balance_result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "synbal/balance/verification.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

Provenance provenance(const Balanced& run) {
  auto p = provenance_of(run.context, run.options.input, run.network, run.started);
  p.reason = to_string(run.found.solver.reason), p.exit_code = static_cast<int>(run.code());
  p.tolerance = run.options.params.stop.tolerance;
  return p;
}

}  // namespace

Json balance_report(const Balanced& run) {
  const auto& comm = run.context.world;
  const auto& c = run.found.certificate;
  const auto scaled = [&](const std::optional<double>& v) {
    return v ? number(*v * run.problem.cost_unit()) : Json(nullptr);
  };
  Json report = report_head(comm, run.context.command_line, run.started);
  report["input"] = report_input(run.network, count_pinned(comm, run.network));
  report["components"] = report_components(run.components, run.problem, run.found.initial_cost);
  report["cost"] = {{"power", run.problem.power()},
                    {"initial", number(run.found.initial_cost)},
                    {"final", number(run.found.costs.total * run.problem.cost_unit())},
                    {"lower_bound", scaled(c.lower_bound)},
                    {"gap", scaled(c.gap)}};
  report["imbalance"] = report_imbalance(run.found.imbalance);
  report["solver"] = report_solver(run.found.solver);
  const auto [low, high] = std::minmax_element(run.found.h.begin(), run.found.h.end());
  const bool any = run.problem.global_size() > 0;
  const bool mine = !run.found.h.empty();
  const double least = comm.min(mine ? *low : 1e300), most = comm.max(mine ? *high : -1e300);
  report["h"] = {{"min", any ? number(least) : Json(0.0)}, {"max", any ? number(most) : Json(0.0)}};
  report["time"] = report_times(run.times);
  report["memory"] = report_memory(comm);
  report["parallel"] = report_parallel(comm, run.network, run.problem);
  report.update(run.sections);
  return report;
}

void print_balance_summary(const Json& r, const std::string& output) {
  const auto& c = r["cost"];
  const auto& i = r["imbalance"];
  const auto& s = r["solver"];
  print_network(r);
  fmt::print("cost         {} before, {} after (p = {})\n", text_of(c["initial"]), text_of(c["final"]),
             text_of(c["power"], "{:g}"));
  fmt::print("proof        no scaling can cost less than {}; gap {}\n", text_of(c["lower_bound"]),
             text_of(c["gap"], "{:.2e}"));
  fmt::print("imbalance    {} relative to the cost; {} at most in log(in/out) of a neuron\n",
             text_of(i["l1_relative"], "{:.2e}"), text_of(i["max_log_ratio"], "{:.2e}"));
  fmt::print("solver       {}: {}, {} sweeps, {} Newton steps, {} Krylov iterations, {} matrix passes\n",
             s["method"].get<std::string>(), s["reason"].get<std::string>(), s["sweeps"].get<std::int64_t>(),
             s["newton_steps"].get<std::int64_t>(), s["krylov_iterations"].get<std::int64_t>(),
             s["matrix_passes"].get<std::int64_t>());
  print_method_summary(r);
  fmt::print("time         {:.3g} s reading, {:.3g} s components, {:.3g} s solving, {:.3g} s writing on {} rank(s)\n",
             r["time"]["read"].get<double>(), r["time"]["components"].get<double>(), r["time"]["solve"].get<double>(),
             r["time"]["write"].get<double>(), r["ranks"].get<int>());
  fmt::print("memory       {} on all ranks\n", human_bytes(r["memory"]["peak_rss_sum"].get<double>()));
  fmt::print("result       {}\n", output);
}

void write_balanced(const Balanced& run, Network& network) {
  const auto& comm = run.context.world;
  const auto h = run.problem.to_network(run.found.h, 0.0);
  const auto costs = direct_costs(comm, network, run.components, h, run.problem.power());
  const bool weights = run.options.write == "weights";
  if (weights) scale_weights(comm, network, h);
  write_result(comm, network,
               {.h = h,
                .component = run.components.number,
                .in_cost = costs.in,
                .out_cost = costs.out,
                .history = run.found.solver.history,
                .balanced = weights ? &network : nullptr,
                .provenance = provenance(run)},
               run.options.output);
}

}  // namespace synbal::app
