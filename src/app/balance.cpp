// synbal balance FILE -o RESULT.h5
#include "synbal/balance/balance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/balance_methods.hpp"
#include "app/balance_result.hpp"
#include "app/command.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/progress.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::app {

namespace {

/// What the contract names but this version does not have yet is refused before any work.
void refuse_unavailable(const BalanceOptions& o) {
  if (o.cost_scope != "recurrent") {
    throw usage_error("--cost-scope all is not part of this version: only recurrent costs are balanced");
  }
  if (!o.checkpoint.empty() || !o.resume.empty()) {
    throw usage_error("checkpoints are not part of this version: leave out --checkpoint and --resume");
  }
}

void refuse_several_components(const BalanceOptions& options, const Components& components) {
  if (options.components != "error" || components.count <= 1) return;
  throw bad_input(
      fmt::format("{}: {} strongly connected components ({} of more than one neuron), and --components error "
                  "asks for one: synapses between components cannot be balanced; leave the option out to "
                  "balance each component",
                  options.input.path, components.count, components.nontrivial));
}

ExitCode run(const Context& context, const BalanceOptions& options) {
  const Timer total;
  const auto started = utc_now();
  const auto& comm = context.world;
  auto params = options.params;
  agreed(comm, [&] {
    refuse_unavailable(options);
    check_method_options(options.given, options.method);
    if (options.walltime) params.stop.max_seconds = duration_of("--max-walltime", *options.walltime);
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
  const auto solved = solve(options.method, problem, loaded.network, params, [&](const SolverProgress& p) {
    // Below the tolerance only the step is left, whose end cannot be foreseen from the imbalance.
    const bool ahead = p.imbalance > params.stop.tolerance;
    const auto target = ahead ? std::optional(params.stop.tolerance) : std::nullopt;
    if (comm.is_root()) progress.update(p.iteration, p.cost, p.imbalance, target);
  });
  times.solve = comm.max(solving.seconds());

  Balanced finished{context,         options, loaded.network, loaded.components, problem, solved.found,
                    solved.sections, started, times};
  timed(comm, finished.times.write, [&] { return write_balanced(finished, loaded.network), 0; });
  finished.times.total = comm.max(total.seconds());
  const auto report = balance_report(finished);
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (!options.report.empty()) write_report(report, options.report);
    if (context.verbosity >= 0) print_balance_summary(report, options.output);
  });
  context.session.refuse_unused_petsc_options();  // last, so that a finished result is not lost over them
  return finished.code();
}

}  // namespace

Command add_balance(const OptionSet& root) {
  const auto command = root.add_command("balance", "find the balanced weights, with a proof of how good they are");
  auto o = std::make_shared<BalanceOptions>();
  o->given = command;
  add_input_options(command, o->input);
  command.add("-o,--output", o->output, "result file (.h5)").required().shown_as("RESULT.h5");
  command.add("--report", o->report, "all figures of the run as JSON").shown_as("FILE.json");
  add_method_options(command, o->method);
  command.add("--tolerance", o->params.stop.tolerance, "on sum |in - out| / sum cost")
      .within({1e-15, 1})
      .with_default();
  command.add("--step-tolerance", o->params.stop.step_tolerance, "on the Newton step that is left, in h")
      .within({1e-15, 1e15})
      .with_default();
  command.add("--max-iterations", o->params.stop.max_iterations, "sweeps plus Newton steps (0: the method's own)")
      .not_negative();
  command.add("--max-walltime", o->walltime, "stop solving this long after the start and write what there is")
      .shown_as("HH:MM:SS");
  command.add_choice("--components", o->components, {"balance", "error"}, "what to do with several components");
  command.add_choice("--cost-scope", o->cost_scope, {"recurrent", "all"}, "which weights cost");
  command.add_choice("--write", o->write, {"weights", "h"}, "balanced weights, or only the scaling h");
  command.add("--seed", o->params.seed, "of everything that is drawn at random").with_default();
  command.add("--checkpoint", o->checkpoint, "to come").hidden();
  command.add("--checkpoint-interval", o->checkpoint_interval, "to come").hidden();
  command.add("--resume", o->resume, "to come").hidden();
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
