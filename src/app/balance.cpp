// synbal balance FILE -o RESULT.h5
#include "synbal/balance/balance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "app/command.hpp"
#include "app/report.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/progress.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

struct Options {
  InputOptions input;
  std::string output, report;
  std::string method = "auto", components = "balance", cost_scope = "recurrent", write = "weights";
  std::optional<std::string> walltime;
  std::string checkpoint, resume;
  double checkpoint_interval = 600;
  BalanceParams params;
};

/// HH:MM:SS, MM:SS or seconds.
double seconds_of(const std::string& text) {
  double total = 0;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(':', begin), text.size());
    double part = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, part);
    const bool good = error == std::errc() && rest == text.data() + end && part >= 0 && part < 1e15;  // NaN is not
    if (!good || std::count(text.begin(), text.end(), ':') > 2) {
      throw usage_error(fmt::format("--max-walltime '{}' is not a time: write HH:MM:SS", text));
    }
    total = total * 60 + part;
    begin = end + 1;
  }
  if (total <= 0) throw usage_error("--max-walltime leaves no time at all: give at least a second");
  return total;
}

Method method_of(const std::string& name) {
  if (name == "auto") return Method::automatic;
  if (name == "newton") return Method::newton;
  if (name == "sweep") return Method::sweep;
  throw usage_error(fmt::format("--method {} is not part of this version: use auto, newton or sweep", name));
}

/// What the contract names but this version does not have yet is refused before any work.
void refuse_unavailable(const Options& o) {
  if (o.cost_scope != "recurrent") {
    throw usage_error("--cost-scope all is not part of this version: only recurrent costs are balanced");
  }
  if (!o.checkpoint.empty() || !o.resume.empty()) {
    throw usage_error("checkpoints are not part of this version: leave out --checkpoint and --resume");
  }
}

/// Everything a finished run knows.
struct Finished {
  const Context& context;
  const Options& options;
  const Network& network;
  const Components& components;
  const BalanceProblem& problem;
  const Equilibrium& found;
  std::string started;
  PhaseTimes times;

  /// A cost in the user's units.
  [[nodiscard]] double cost(double value) const { return value * problem.cost_unit(); }
  [[nodiscard]] ExitCode code() const { return found.solver.converged() ? ExitCode::done : ExitCode::not_converged; }
};

Json make_report(const Finished& run) {
  const auto& comm = run.context.world;
  const auto& c = run.found.certificate;
  const auto scaled = [&](const std::optional<double>& v) { return v ? number(run.cost(*v)) : Json(nullptr); };
  Json report = report_head(comm, run.context.command_line, run.started);
  report["input"] = report_input(run.network, count_pinned(comm, run.network));
  report["components"] = report_components(run.components, run.problem, run.found.initial_cost);
  report["cost"] = {{"power", run.problem.power()},
                    {"initial", number(run.found.initial_cost)},
                    {"final", number(run.cost(run.found.costs.total))},
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
  return report;
}

std::string text(const Json& value, const char* format = "{:.10g}") {
  return value.is_null() ? "not known" : fmt::format(fmt::runtime(format), value.get<double>());
}

/// What a newcomer wants to know, from the report.
void print_summary(const Json& r, const Options& options) {
  const auto& in = r["input"];
  const auto& k = r["components"];
  const auto& c = r["cost"];
  const auto& i = r["imbalance"];
  const auto& s = r["solver"];
  fmt::print("network      {}: {} neurons, {} synapses, {} self-loops, {} pinned\n", in["path"].get<std::string>(),
             in["n"].get<std::int64_t>(), in["nnz"].get<std::int64_t>(), in["self_loops"].get<std::int64_t>(),
             in["pinned"].get<std::int64_t>());
  fmt::print("components   {}, of which {} can be balanced (more than one neuron); the largest has {} neurons\n",
             k["count"].get<std::int64_t>(), k["nontrivial"].get<std::int64_t>(), k["largest"].get<std::int64_t>());
  fmt::print("             {} synapses lead from one component to another: {} of the cost cannot be balanced\n",
             k["edges_between"].get<std::int64_t>(),
             k["cost_share_between"].is_null() ? "none"
                                               : fmt::format("{:.3g} %", 100 * k["cost_share_between"].get<double>()));
  fmt::print("cost         {} before, {} after (p = {})\n", text(c["initial"]), text(c["final"]),
             text(c["power"], "{:g}"));
  fmt::print("proof        no scaling can cost less than {}; gap {}\n", text(c["lower_bound"]),
             text(c["gap"], "{:.2e}"));
  fmt::print("imbalance    {} relative to the cost; {} at most in log(in/out) of a neuron\n",
             text(i["l1_relative"], "{:.2e}"), text(i["max_log_ratio"], "{:.2e}"));
  fmt::print("solver       {}: {}, {} sweeps, {} Newton steps, {} Krylov iterations, {} matrix passes\n",
             s["method"].get<std::string>(), s["reason"].get<std::string>(), s["sweeps"].get<std::int64_t>(),
             s["newton_steps"].get<std::int64_t>(), s["krylov_iterations"].get<std::int64_t>(),
             s["matrix_passes"].get<std::int64_t>());
  fmt::print("time         {:.3g} s reading, {:.3g} s components, {:.3g} s solving, {:.3g} s writing on {} rank(s)\n",
             r["time"]["read"].get<double>(), r["time"]["components"].get<double>(), r["time"]["solve"].get<double>(),
             r["time"]["write"].get<double>(), r["ranks"].get<int>());
  fmt::print("memory       {} on all ranks\n", human_bytes(r["memory"]["peak_rss_sum"].get<double>()));
  fmt::print("result       {}\n", options.output);
}

Provenance provenance(const Finished& run) {
  Provenance p;
  p.program = "synbal", p.version = version(), p.git = git_revision();
  p.command = run.context.command_line;
  p.input_path = run.options.input.path;
  p.input_size = run.network.facts.file_size, p.input_checksum = run.network.facts.checksum;
  p.orientation = name_of(run.options.input.read.orientation);
  p.library_versions = library_versions(), p.petsc_int_bits = petsc_int_bits();
  p.started = run.started, p.finished = utc_now();
  p.reason = to_string(run.found.solver.reason), p.exit_code = static_cast<int>(run.code());
  p.power = run.problem.power(), p.tolerance = run.options.params.stop.tolerance;
  p.n = run.network.size(), p.nnz = run.network.nnz, p.ranks = run.context.world.size();
  return p;
}

/// The network's weights become the balanced ones.
void write(Finished& run, Network& network) {
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

void refuse_several_components(const Options& options, const Components& components) {
  if (options.components != "error" || components.count <= 1) return;
  throw bad_input(
      fmt::format("{}: {} strongly connected components ({} of more than one neuron), and --components error "
                  "asks for one: synapses between components cannot be balanced; leave the option out to "
                  "balance each component",
                  options.input.path, components.count, components.nontrivial));
}

ExitCode run(const Context& context, const Options& options) {
  const Timer total;
  const auto started = utc_now();
  const auto& comm = context.world;
  auto params = options.params;
  agreed(comm, [&] {
    refuse_unavailable(options);
    params.method = method_of(options.method);
    if (options.walltime) params.stop.max_seconds = seconds_of(*options.walltime);
  });
  auto others = input_files(options.input);
  context.session.refuse_unused_petsc_options("newton_");  // those of the solver can only be judged at the end
  check_output(comm, options.output, OutputKind::result, others);
  others.push_back(options.output);
  if (!options.report.empty()) check_output(comm, options.report, OutputKind::report, others);

  PhaseTimes times;
  auto loaded = load(comm, options.input, times);
  agreed(comm, [&] { refuse_several_components(options, loaded.components); });
  // The walltime counts from the start of the run; what reading took is gone.
  if (params.stop.max_seconds > 0) params.stop.max_seconds = std::max(1e-3, params.stop.max_seconds - total.seconds());
  const Timer solving;
  BalanceProblem problem(comm, loaded.network, loaded.components, options.input.power);
  Progress progress("balance");
  const auto found = balance(problem, params, [&](const SolverProgress& p) {
    // Below the tolerance only the step is left, whose end cannot be foreseen from the imbalance.
    const bool ahead = p.imbalance > params.stop.tolerance;
    const auto target = ahead ? std::optional(params.stop.tolerance) : std::nullopt;
    if (comm.is_root()) progress.update(p.iteration, p.cost, p.imbalance, target);
  });
  times.solve = comm.max(solving.seconds());

  Finished finished{context, options, loaded.network, loaded.components, problem, found, started, times};
  timed(comm, finished.times.write, [&] { return write(finished, loaded.network), 0; });
  finished.times.total = comm.max(total.seconds());
  const auto report = make_report(finished);
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (!options.report.empty()) write_report(report, options.report);
    if (context.verbosity >= 0) print_summary(report, options);
  });
  context.session.refuse_unused_petsc_options();  // last, so that a finished result is not lost over them
  return finished.code();
}

}  // namespace

Command add_balance(CLI::App& root) {
  auto* command = root.add_subcommand("balance", "find the balanced weights, with a proof of how good they are");
  auto o = std::make_shared<Options>();
  add_input_options(*command, o->input);
  command->add_option("-o,--output", o->output, "result file (.h5)")->required()->type_name("RESULT.h5");
  command->add_option("--report", o->report, "all figures of the run as JSON")->type_name("FILE.json");
  command->add_option("--method", o->method, "auto, newton or sweep (stochastic and flow are to come)")
      ->check(CLI::IsMember({"auto", "newton", "sweep", "stochastic", "flow"}))
      ->capture_default_str();
  command->add_option("--tolerance", o->params.stop.tolerance, "on sum |in - out| / sum cost")
      ->check(number_between(1e-15, 1))
      ->capture_default_str();
  command->add_option("--step-tolerance", o->params.stop.step_tolerance, "on the Newton step that is left, in h")
      ->check(number_between(1e-15, 1e15))
      ->capture_default_str();
  command
      ->add_option("--max-iterations", o->params.stop.max_iterations, "sweeps plus Newton steps (0: the method's own)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-walltime", o->walltime, "stop solving this long after the start and write what there is")
      ->type_name("HH:MM:SS");
  command->add_option("--components", o->components, "what to do with several components")
      ->check(CLI::IsMember({"balance", "error"}))
      ->capture_default_str();
  command->add_option("--cost-scope", o->cost_scope, "which weights cost")
      ->check(CLI::IsMember({"recurrent", "all"}))
      ->capture_default_str();
  command->add_option("--write", o->write, "balanced weights, or only the scaling h")
      ->check(CLI::IsMember({"weights", "h"}))
      ->capture_default_str();
  command->add_option("--seed", o->params.seed, "of the order of sweeps")->capture_default_str();
  command->add_option("--checkpoint", o->checkpoint, "to come")->group("");
  command->add_option("--checkpoint-interval", o->checkpoint_interval, "to come")->group("");
  command->add_option("--resume", o->resume, "to come")->group("");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
