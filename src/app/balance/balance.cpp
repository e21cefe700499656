// synbal balance FILE -o RESULT.h5
#include "app/balance/balance.hpp"

#include <fmt/format.h>

#include <optional>

#include "app/outcome/remedy.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/memory_room.hpp"
#include "synbal/core/watchdog.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/network/outside.hpp"
#include "synbal/stochastic/neuron_operations.hpp"

namespace synbal::app {

namespace {

/// After walltime a valid checkpoint makes the difference: scripts know by 75 that they can go on.
ExitCode code_of(const SolverResult& solver, const Checkpointing& checkpoints) {
  if (solver.converged()) return ExitCode::done;
  const bool can_go_on = solver.reason == StopReason::walltime && checkpoints.written().written > 0;
  return can_go_on ? ExitCode::stopped : ExitCode::not_converged;
}

MethodRun solve(const BalanceOptions& o, const BalanceParams& params, BalanceProblem& problem, const CostView& view) {
  enter_phase("solve");
  Progress progress("balance");
  const auto method = o.method.method;
  const bool newton = method == BalanceMethod::automatic || method == BalanceMethod::newton;
  if (newton && o.method.terms.empty()) progress.expect("15 to 20 iterations");
  const HearsSignals hears;
  return run_method(o.method, problem, view.network(), view.components(), params,
                    progress_of(progress, problem.comm(), params.stop.tolerance));
}

/// Collective. Where inputs and outputs cost as well, they are a neuron more.
LoadedNetwork load_as_asked(const Comm& comm, const BalanceOptions& o, PhaseTimes& times, InputSection& input) {
  LoadedNetwork loaded{load_network(comm, o.input, times), {}};
  auto& network = loaded.network;
  if (o.method.is_subset()) {
    pin_all_but(network, select_neurons(comm, network, "--subset", o.method.subset));
  }
  input = input_of(comm, network);
  agreed(comm, [&] { check_arrays(o, network); });
  agreed(comm, [] { fault_point("components"); });
  timed(comm, times.components, [&] {
    if (o.all_costs) network = with_outside(comm, std::move(network), o.input.power);
    loaded.components = strongly_connected_components(comm, network);
    if (o.all_costs) loaded.components.largest = largest_inside(comm, network, loaded.components);
  });
  return loaded;
}

/// Collective. Chooses the constants of the components, which the cost leaves open.
void fix_gauge(const BalanceOptions& o, const LoadedNetwork& loaded, const BalanceProblem& problem,
               Equilibrium& found) {
  if (o.gauge == Gauge::zero_mean || o.all_costs) return;  // with all costs nothing is open between inputs and outputs
  const auto& comm = problem.comm();
  const auto& [network, components] = loaded;
  const auto weights = outside_weights(comm, network, problem.power());
  const auto h = problem.to_network(found.h, 0.0);
  const auto shift = problem.from_network(input_output_shift(comm, network, components, weights, h, problem.power()));
  for (std::size_t i = 0; i < shift.size(); ++i) found.h[i] += shift[i];
}

/// Collective.
BalanceProblem problem_of(const Comm& comm, const BalanceOptions& options, LoadedNetwork& loaded, const CostView& view,
                          bool gives_up) {
  expect_room(comm, memory_of_costs(loaded.network, gives_up), "costs and the solver's vectors");
  const double power = options.input.power;
  using enum BalanceProblem::Synapses;
  return gives_up ? BalanceProblem(comm, loaded.network, loaded.components, power, taken_over)
                  : BalanceProblem(comm, view.network(), view.components(), power);
}

/// Collective. What the file says of the run, of the network as it came.
Provenance about_run(const Context& context, const BalanceOptions& options, const LoadedNetwork& loaded,
                     const InputSection& input, const Beginning& beginning) {
  auto about = provenance_of(context, options.input, loaded.network, beginning.date);
  about.n = input.neurons, about.nnz = input.synapses;
  about.alpha_checksum = input.alphas;
  about.alpha_path = input.alphas.empty() ? "" : options.input.read.alpha.value_or("");
  return about;
}

/// Collective. Weights that were given up come back, once costs have left; what keeps them from it is told when the
/// scaling is on the disk.
std::optional<Error> bring_back_weights(const Comm& comm, const BalanceOptions& options, Network& network) {
  try {
    network = read_again(comm, options, network);
  } catch (const Error& e) {  // of all ranks together
    if (e.code() != ExitCode::io_failure && e.code() != ExitCode::bad_input) throw;
    return Error(e.code(), fmt::format("{}; {} holds the scaling h alone: `synbal apply FILE {} -o OUT` makes the "
                                       "balanced weights of it, from the network that it was found for",
                                       e.what(), options.output, options.output));
  }
  return {};
}

ExitCode run(const Context& context, const BalanceOptions& options, const Beginning& beginning, BalanceParams params,
             Checkpointing& checkpoints) {
  const auto& comm = context.world;
  PhaseTimes times;
  InputSection input;
  std::optional<const TimeLimit> until_solve(time_to_begin(params.stop.max_seconds, beginning));
  auto loaded = load_as_asked(comm, options, times, input);
  agreed(comm, [&] { refuse_several_components(options, loaded.components); });
  const Timer solving;
  const CostView view(comm, loaded, options.input.power);
  const bool gives_up = gives_weights_up(comm, options, loaded.network, view);
  std::optional problem(problem_of(comm, options, loaded, view, gives_up));
  if (options.reproducible) problem->make_reproducible();
  if (problem->global_size() == 0) log_warning("{}", why_nothing_moves(input));
  const auto taken = taken_over(*problem);
  refuse_foreign(context);
  const auto about = about_run(context, options, loaded, input, beginning);
  checkpoints.attach(view.network(), *problem, facts_of(comm, options, loaded.network, view), about,
                     view.groups() ? 0 : outside_of(comm, options));
  params.stop.keeper = &checkpoints;
  params.stop.max_seconds = time_to_solve(comm, params.stop.max_seconds, beginning);
  until_solve.reset();
  auto run = solve(options, params, *problem, view);
  fix_gauge(options, loaded, *problem, run.found);
  times.solve = comm.max(solving.seconds());
  auto report = report_of(options, input, loaded, *problem, run, times);
  report.groups = view.groups();
  const auto code = code_of(run.found.solver, checkpoints);
  agreed(comm, [] { fault_point("write"); });
  std::optional<Error> without_weights;
  timed(comm, report.time.write, [&] {
    BalancedRows rows{view.h_of_neurons(*problem, run.found.h), {}, {}};
    report.known_h_off = view.off_known_h(rows.h);
    rows.before = costs_at(comm, options, loaded, std::vector<double>(rows.h.size()), taken);
    rows.after = costs_at(comm, options, loaded, rows.h, taken_over(*problem));
    const bool again = !options.only_h && !problem->has_synapses();
    problem.reset();
    if (again) without_weights = bring_back_weights(comm, options, loaded.network);
    write_balanced(comm, options, std::move(loaded), std::move(rows), run.found.solver, about, code,
                   !options.only_h && !without_weights);
  });
  if (without_weights) throw *without_weights;
  if (code == ExitCode::done) checkpoints.remove();
  report.resumed = checkpoints.resumed();
  if (checkpoints.written().written > 0) report.kept = checkpoints.written();
  report.time.total = comm.max(beginning.timer.seconds());
  report.memory = memory_of(comm), report.head = head_of(context, beginning.date);
  tell(context, report, options.report);
  context.session.refuse_unused_petsc_options();  // last, so that a finished result is not lost over them
  if (code == ExitCode::stopped) log_warning("the time was up; {}", checkpoints.advice());
  if (code == ExitCode::not_converged) log_warning("{}", remedy_of(report.solver(), report.run.found.imbalance.l1));
  return code;
}

ExitCode run(const Context& context, BalanceOptions options) {
  const Beginning beginning;
  auto params = check_balance_options(context, options);
  Checkpointing checkpoints(context, options.checkpoint, options.output, beginning);
  try {
    return run(context, options, beginning, params, checkpoints);
  } catch (const Error& e) {  // of all ranks together
    throw checkpoints.as_stopped(e);
  }
}

}  // namespace

Command add_balance(const OptionSet& root) {
  const auto command = root.add_command("balance", "find the balanced weights, with a proof of how good they are");
  auto o = std::make_shared<BalanceOptions>();
  o->given = command;
  add_balance_options(command, *o);
  command.examples({"synbal balance net.h5 -o balanced.h5 --report report.json",
                    "mpirun -n 8 synbal balance connections.csv.gz -o balanced.h5 --pinned inputs.txt --write h"});
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
