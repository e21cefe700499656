// synbal info FILE
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "app/command.hpp"
#include "app/report.hpp"
#include "synbal/balance/certificate.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::app {

namespace {

struct Options {
  InputOptions input;
  std::string report;
};

struct WeightRange {
  double smallest = 0, largest = 0;  // of |J|, over stored entries
  std::int64_t negative = 0;
};

WeightRange weight_range(const Comm& comm, const Network& network) {
  std::array<double, 2> extremes{-INFINITY, 0};  // -min, max
  std::int64_t negative = 0;
  for (const double w : network.weight) {
    extremes[0] = std::max(extremes[0], -std::abs(w));
    extremes[1] = std::max(extremes[1], std::abs(w));
    negative += w < 0 ? 1 : 0;
  }
  comm.max(std::span<double>(extremes));
  return {network.nnz > 0 ? -extremes[0] : 0.0, extremes[1], comm.sum(negative)};
}

/// What a run of `balance` needs over all ranks: weights and indices (12 bytes) twice, once as read and once as costs,
/// the reader's passing copies, and about 30 numbers a neuron and ghost.
double memory_estimate(const Comm& comm, const Network& network) {
  const auto held = comm.sum(static_cast<std::int64_t>(network.local_size()) + network.halo.ghost_count());
  return 28.0 * static_cast<double>(network.nnz) + 30.0 * 8 * static_cast<double>(held) + 100e6 * comm.size();
}

void print(const Json& r) {
  const auto& in = r["input"];
  const auto& k = r["components"];
  const auto show = [](const Json& v) {
    return v.is_null() ? std::string("not known") : fmt::format("{:.10g}", v.get<double>());
  };
  fmt::print("network      {} ({}): {} neurons, {} synapses\n", in["path"].get<std::string>(),
             in["format"].get<std::string>(), in["n"].get<std::int64_t>(), in["nnz"].get<std::int64_t>());
  fmt::print("             {} self-loops, {} duplicates merged, {} zeros dropped, {} pinned neurons\n",
             in["self_loops"].get<std::int64_t>(), in["duplicates_merged"].get<std::int64_t>(),
             in["zeros_dropped"].get<std::int64_t>(), in["pinned"].get<std::int64_t>());
  fmt::print("weights      |J| from {} to {}, {} negative\n", show(r["weights"]["smallest"]),
             show(r["weights"]["largest"]), r["weights"]["negative"].get<std::int64_t>());
  fmt::print("components   {}, of which {} have more than one neuron; the largest has {}\n",
             k["count"].get<std::int64_t>(), k["nontrivial"].get<std::int64_t>(), k["largest"].get<std::int64_t>());
  fmt::print("             {} synapses between components, {} of the cost\n", k["edges_between"].get<std::int64_t>(),
             show(k["cost_share_between"]));
  fmt::print("cost         {} now (p = {:g}); balanced between {} and {}\n", show(r["cost"]["initial"]),
             r["cost"]["power"].get<double>(), show(r["cost"]["lower_bound"]), show(r["cost"]["upper_bound"]));
  fmt::print("imbalance    {} relative to the cost, {} at most in log(in/out)\n", show(r["imbalance"]["l1_relative"]),
             show(r["imbalance"]["max_log_ratio"]));
  fmt::print("memory       about {} for `balance`\n", human_bytes(r["memory"]["estimate"].get<double>()));
}

ExitCode run(const Context& context, const Options& options) {
  const auto& comm = context.world;
  const Timer total;
  const auto started = utc_now();
  context.session.refuse_unused_petsc_options();
  if (!options.report.empty()) check_output(comm, options.report, OutputKind::report, input_files(options.input));
  PhaseTimes times;
  const auto loaded = load(comm, options.input, times);
  const BalanceProblem problem(comm, loaded.network, loaded.components, options.input.power);
  FusedKernel kernel(problem);
  NeuronCosts costs;
  evaluate(problem, kernel, std::vector<double>(static_cast<std::size_t>(problem.size()), 0.0), costs);
  const auto now = imbalance(problem, costs);

  // C* <= C - |g|^2 / (8 C) and C* >= sum sqrt(c_ij c_ji), both without solving anything (exponents 1).
  std::vector<double> g(static_cast<std::size_t>(problem.size()));
  gradient(problem, costs, g);
  double square = 0;
  for (const double x : g) square += (x / costs.total) * (x / costs.total);
  square = comm.sum(square);
  const bool plain = !comm.any(!problem.exponent().empty());
  const double unit = problem.cost_unit();

  Json report = report_head(comm, context.command_line, started);
  report["input"] = report_input(loaded.network, count_pinned(comm, loaded.network));
  const auto range = weight_range(comm, loaded.network);
  report["weights"] = {{"smallest", range.smallest}, {"largest", range.largest}, {"negative", range.negative}};
  report["components"] = report_components(loaded.components, problem, unit * costs.total);
  report["cost"] = {
      {"power", problem.power()},
      {"initial", number(unit * costs.total)},
      {"lower_bound", plain ? number(unit * reciprocal_bound(problem)) : Json(nullptr)},
      {"upper_bound", plain ? number(unit * costs.total * (1 - square / 8)) : number(unit * costs.total)}};
  report["imbalance"] = report_imbalance(now);
  times.total = comm.max(total.seconds());
  report["time"] = report_times(times);
  report["memory"] = report_memory(comm);
  report["memory"]["estimate"] = memory_estimate(comm, loaded.network);
  report["parallel"] = report_parallel(comm, loaded.network, problem);
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (!options.report.empty()) write_report(report, options.report);
    if (context.verbosity >= 0) print(report);
  });
  return ExitCode::done;
}

}  // namespace

Command add_info(const OptionSet& root) {
  const auto command = root.add_command("info", "sizes, components, cost, imbalance and bounds of a network as it is");
  auto o = std::make_shared<Options>();
  add_input_options(command, o->input);
  command.add("--report", o->report, "the same figures as JSON").shown_as("FILE.json");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
