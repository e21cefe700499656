// synbal balance FILE -o RESULT.h5
#include "synbal/balance/balance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "app/balance_methods.hpp"
#include "app/checkpointing.hpp"
#include "app/command.hpp"
#include "app/costs/cost_terms.hpp"
#include "app/costs/cost_view.hpp"
#include "app/outcome/neuron_table.hpp"
#include "app/outcome/remedy.hpp"
#include "synbal/balance/gauge.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/enum_names.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/memory_room.hpp"
#include "synbal/core/watchdog.hpp"
#include "synbal/io/result.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/network/groups.hpp"
#include "synbal/network/outside.hpp"
#include "synbal/stochastic/neuron_operations.hpp"

namespace synbal {

namespace app {
/// What --hold says: what memory holds of a synapse while solving.
enum class Held { automatic, costs, weights };
}  // namespace app

template <>
inline constexpr auto enum_names<app::Held> = std::to_array<EnumName<app::Held>>({{app::Held::automatic, "auto"},
                                                                                  {app::Held::costs, "costs"},
                                                                                  {app::Held::weights, "weights"}});

namespace app {

namespace {

struct Options {
  OptionSet given;
  InputOptions input;
  MethodOptions method;
  std::string output, report, table, walltime, cost;
  CheckpointOptions checkpoint;
  bool one_component = false, all_costs = false, only_h = false;  // --components error, --cost-scope all, --write h
  Gauge gauge = Gauge::zero_mean;
  Held held = Held::automatic;
  bool reproducible = false;
  BalanceParams params;

  [[nodiscard]] std::vector<CostTerm> terms() const {
    return method.terms.empty() ? std::vector<CostTerm>{{.power = input.power, .weight = 1}} : method.terms;
  }
};

struct Report {
  RunHead head;
  InputSection input;
  ComponentsSection components;
  CostSection cost;
  const MethodRun& run;
  HSection h;
  PhaseTimes time;
  MemorySection memory;
  ParallelSection parallel;
  const std::string& output;
  std::optional<GlobalIndex> groups = {};  ///< of tied neurons
  std::optional<double> known_h_off = {};  ///< from the h that the network's maker knows to balance it
  std::optional<ResumedSection> resumed = {};
  std::optional<KeptSection> kept = {};

  [[nodiscard]] const SolverResult& solver() const { return run.found.solver; }
};

void describe(ReportWriter& report, const Report& r) {
  describe(report, r.head);
  report("input", r.input)("components", r.components)("cost", r.cost)("imbalance", r.run.found.imbalance);
  report("solver", r.solver())("h", r.h)("time", r.time)("memory", r.memory)("parallel", r.parallel);
  if (r.solver().cuts) report("cuts", *r.solver().cuts);
  if (r.run.asynchrony) report("asynchrony", *r.run.asynchrony);
  if (r.run.schedule) report("schedule", *r.run.schedule);
  if (r.groups) report("groups", *r.groups);
  if (r.known_h_off) report("known_h_off", *r.known_h_off);
  if (r.resumed) report("resumed", *r.resumed);
  if (r.kept) report("checkpoints", *r.kept);
}

void print(const Report& r) {
  const auto& s = r.solver();
  const auto& imbalance = r.run.found.imbalance;
  print_network(r.input, r.components);
  if (r.groups) fmt::print("tied         {} groups, of which the neurons share one h each\n", *r.groups);
  fmt::print("cost         {} before, {} after ({})\n", cost_text(r.cost.initial, r.cost.log10_initial),
             cost_text(r.cost.final, r.cost.log10_final),
             r.cost.terms.empty() ? "p = " + text_of(r.cost.power, "{:g}") : "weight*power: " + r.cost.terms);
  if (!r.cost.terms.empty()) {
    fmt::print("proof        none: a bound is known for single powers only\n");
  } else if (!r.cost.lower_bound && !r.cost.log10_bound) {
    fmt::print("proof        none: bounds are known near balance only\n");
  } else {
    fmt::print("proof        no scaling can cost less than {}; gap {}\n",
               cost_text(r.cost.lower_bound, r.cost.log10_bound), text_of(r.cost.gap, "{:.2e}"));
  }
  fmt::print("imbalance    {} relative to the cost; {} at most in log(in/out) of a neuron\n",
             text_of(imbalance.l1, "{:.2e}"), text_of(imbalance.max_log_ratio, "{:.2e}"));
  print_cuts(s.cuts);
  if (r.known_h_off) fmt::print("known h      {:.2e} off at most from what balances this network\n", *r.known_h_off);
  fmt::print("solver       {}: {}, {} sweeps, {} Newton steps, {} Krylov iterations, {} matrix passes\n", s.method,
             to_string(s.reason), s.sweeps, s.newton_steps, s.krylov_iterations, s.matrix_passes);
  print_method(r.run);
  if (r.resumed) print(*r.resumed);
  print_spent(r.time, "solving", r.memory, r.head.ranks);
  fmt::print("result       {}\n", r.output);
}

void refuse_several_components(const Options& options, const Components& components) {
  if (!options.one_component || components.count <= 1) return;
  throw bad_input(
      fmt::format("{}: {} strongly connected components ({} of more than one neuron), and --components error "
                  "asks for one: synapses between components cannot be balanced; leave the option out to "
                  "balance each component",
                  options.input.path, components.count, components.nontrivial));
}

/// Refuses, or warns of, what is asked for but is nowhere in the file or does not go with it. The same on all ranks.
void check_arrays(const Options& o, const Network& network) {
  const auto has = [&](ArrayRole role) {
    return std::ranges::find(network.arrays, role, &NetworkArray::role) != network.arrays.end();
  };
  const bool in = has(ArrayRole::input_weights) || has(ArrayRole::bias), out = has(ArrayRole::output_weights);
  if (o.gauge == Gauge::inputs_outputs && !(in && out)) {
    throw bad_input(
        fmt::format("{}: holds no {} weights, and --gauge inputs-outputs makes both cost the same: name them "
                    "(--input, --output-weights), or leave the option out",
                    o.input.path, in ? "output" : "input"));
  }
  if (o.gauge == Gauge::inputs_outputs && has_ties(network)) {
    throw bad_input(
        fmt::format("{}: neurons are tied, and --gauge inputs-outputs chooses constants neuron by neuron: leave the "
                    "option out, or give --tie none",
                    o.input.path));
  }
  if (!o.method.terms.empty() && has_ties(network)) {
    throw bad_input(
        fmt::format("{}: neurons are tied, and costs of groups are summed at one power, which --cost is not: leave the "
                    "option out, or give --tie none",
                    o.input.path));
  }
  if (o.all_costs && !in && !out) {
    log_warning("{}: holds neither inputs nor outputs: --cost-scope all is the same as recurrent", o.input.path);
  }
}

/// What a sum of costs does not go together with, and why. Takes the terms. @throws Error usage.
void check_cost(Options& o) {
  if (!o.given.given("--cost")) return;
  o.method.terms = cost_terms_of("--cost", o.cost);
  const auto refuse = [&](const char* option, const char* why) {
    if (!o.given.given(option)) return;
    throw usage_error(fmt::format("{} does not go with --cost ({}): leave one out", option, why));
  };
  refuse("--power", "which names the powers");
  if (o.method.method != BalanceMethod::automatic) refuse("--method", "a sum of costs has sweeps of its own");
  if (o.all_costs) refuse("--cost-scope", "what inputs and outputs cost is summed at one power");
  if (o.gauge != Gauge::zero_mean) refuse("--gauge", "what inputs and outputs cost is summed at one power");
  o.input.power = o.method.terms.front().power;
}

/// What --reproducible does not go together with, and why. @throws Error usage.
void check_reproducible(const Options& o) {
  if (!o.reproducible) return;
  const auto refuse = [&](bool given, const char* option, const char* why) {
    if (!given) return;
    throw usage_error(fmt::format("--reproducible does not go with {} ({}): leave one out", option, why));
  };
  using enum BalanceMethod;
  const auto method = o.method.method;
  refuse(method != automatic && method != newton, "this --method", "newton alone sums in any order alike");
  refuse(!o.method.terms.empty(), "--cost", "its sweeps add costs up in the order of the ranks");
  refuse(o.all_costs, "--cost-scope all", "what stands around the network is summed in the order of the ranks");
  refuse(o.gauge != Gauge::zero_mean, "--gauge", "what stands around the network is summed in the order of the ranks");
}

/// Collective. Everything that can be refused without reading the network; the parameters that are left.
BalanceParams check(const Context& context, Options& o) {
  auto params = o.params;
  agreed(context.world, [&] {
    check_method_options(o.given, o.method);
    check_cost(o);
    check_reproducible(o);
    if (o.method.is_subset() && context.world.is_root()) {
      check_selection("--subset", o.method.subset, Selection::neurons);
    }
    if (o.given.given("--max-walltime")) params.stop.max_seconds = duration_of("--max-walltime", o.walltime);
  });
  context.session.refuse_unused_petsc_options("newton_");  // those of the solver can only be judged at the end
  const bool keeps = o.checkpoint.interval > 0;
  check_outputs(context,
                {{o.output, OutputKind::result},
                 {o.report, OutputKind::report},
                 {o.table, OutputKind::table},
                 {keeps ? o.checkpoint.path_for(o.output) : std::string(), OutputKind::checkpoint}},
                input_files(o.input));
  return params;
}

/// What needs weights beside costs while solving, or afterwards; nothing where costs alone will do.
std::optional<std::string> needs_weights(const Options& o) {
  using enum BalanceMethod;
  const auto method = o.method.method;
  if (!o.only_h) return "balanced weights are written (--write h writes the scaling alone)";
  if (method != automatic && method != newton && method != sweep) return "this --method visits single synapses";
  if (!o.method.terms.empty()) return "--cost has several powers";
  if (o.all_costs) return "--cost-scope all looks at what stands around the network";
  if (o.gauge != Gauge::zero_mean) return "--gauge looks at what stands around the network";
  return {};
}

/// Whether the weights leave memory while costs are laid out. @throws Error usage where that is asked for in vain.
bool gives_weights_up(const Options& o, const Network& network, const CostView& view) {
  constexpr std::int64_t large = 1'000'000;  // synapses; smaller networks fit anywhere
  if (o.held == Held::weights) return false;
  auto obstacle = needs_weights(o);
  if (!obstacle && view.groups()) obstacle = "neurons are tied";
  if (o.held == Held::automatic) return !obstacle && network.nnz >= large;
  if (obstacle) throw usage_error(fmt::format("--hold costs: {}: leave the option out", *obstacle));
  return true;
}

/// How many neurons stand for inputs and outputs: one on every rank.
GlobalIndex outside_of(const Comm& comm, const Options& o) { return o.all_costs ? comm.size() : 0; }

/// What has to be the same when a run is gone on with. Collective.
RunFacts facts_of(const Comm& comm, const Options& o, const Network& network, const CostView& view) {
  const auto& sum = network.facts.checksum;
  RunFacts facts{{"the input", sum.empty() ? o.input.path : sum},
                 {"--orientation", to_string(o.input.read.orientation)},
                 {"--duplicates", to_string(o.input.read.duplicates)},
                 {"the hash of pinned neurons and gains", neuron_facts(comm, network, outside_of(comm, o))},
                 {"--power", fmt::format("{}", o.input.power)},
                 {"--cost-scope", o.all_costs ? "all" : "recurrent"}};
  if (o.reproducible) facts.emplace_back("--reproducible", "yes");
  if (view.groups()) facts.emplace_back("the order of tied neurons (by ranks and --partition)", view.order(comm));
  for (auto& fact : method_facts(o.method)) facts.push_back(std::move(fact));
  facts.emplace_back("--seed", fmt::format("{}", o.params.seed));
  return facts;
}

/// After walltime a valid checkpoint makes the difference: scripts know by 75 that they can go on.
ExitCode code_of(const SolverResult& solver, const Checkpointing& checkpoints) {
  if (solver.converged()) return ExitCode::done;
  const bool can_go_on = solver.reason == StopReason::walltime && checkpoints.written().written > 0;
  return can_go_on ? ExitCode::stopped : ExitCode::not_converged;
}

/// What enters and leaves every row of the network, in the user's unit.
struct InOut {
  std::vector<double> in, out;

  void add(const InOut& other) {
    std::ranges::transform(in, other.in, in.begin(), std::plus<>());
    std::ranges::transform(out, other.out, out.begin(), std::plus<>());
  }
};

/// Collective. Of the synapses that the problem has taken over from the network, at its base; nothing where it has
/// none.
InOut taken_over(const BalanceProblem& problem) {
  if (problem.has_synapses()) return {};
  std::vector<double> in(at(problem.size())), out(in);
  const std::vector<double> ones(in.size(), 1.0);
  FusedKernel kernel(problem);
  kernel(ones, ones, in, out);
  for (auto* costs : {&in, &out}) std::ranges::for_each(*costs, [&](double& c) { c *= problem.cost_unit(); });
  return {problem.to_network(in, 0.0), problem.to_network(out, 0.0)};
}

/// Collective. Of all synapses inside components, at h of the network's rows. `taken`: taken_over() there.
InOut costs_at(const Comm& comm, const Options& o, const LoadedNetwork& loaded, std::span<const double> h,
               const InOut& taken) {
  auto costs = costs_of_terms(comm, loaded, h, o.terms());
  InOut sum{std::move(costs.in), std::move(costs.out)};
  if (!taken.in.empty()) sum.add(taken);
  return sum;
}

/// Collective. Consumes the network in its place (the problem still looks at it): weights become the balanced ones.
/// `h`: of its rows; `before`, `after`: taken_over(), or nothing.
/// @throws Error io_failure.
void write_balanced(const Comm& comm, const Options& o, LoadedNetwork&& loaded, std::vector<double> h,
                    const Equilibrium& found, Provenance about, ExitCode code, const InOut& taken_before,
                    const InOut& taken_after) {
  auto& [network, components] = loaded;
  about.reason = to_string(found.solver.reason), about.exit_code = static_cast<int>(code);
  about.tolerance = o.params.stop.tolerance;
  about.cost_terms = text_of_terms(o.method.terms);
  about.cost_scope = o.all_costs ? "all" : "recurrent", about.gauge = to_string(o.gauge);
  auto costs = costs_at(comm, o, loaded, h, taken_after);
  auto before = costs_at(comm, o, loaded, std::vector<double>(h.size()), taken_before);
  if (!o.only_h) scale_weights(comm, network, h);
  if (o.all_costs) {
    components.number = numbers_inside(comm, components);
    network = without_outside(comm, std::move(network));
    for (auto* values : {&h, &costs.in, &costs.out, &before.in, &before.out}) values->pop_back();
  }
  write_result(comm, network,
               {.h = h,
                .component = components.number,
                .in_cost = costs.in,
                .out_cost = costs.out,
                .history = found.solver.history,
                .balanced = o.only_h ? nullptr : &network,
                .provenance = about,
                .in_cost_before = before.in,
                .out_cost_before = before.out},
               o.output);
  if (o.table.empty()) return;
  write_neurons(comm, network, {h, before.in, before.out, costs.in, costs.out}, about, o.table);
}

/// Collective. All of the report but what writing adds.
Report report_of(const Options& o, const InputSection& input, const LoadedNetwork& loaded,
                 const BalanceProblem& problem, const MethodRun& run, const PhaseTimes& times) {
  const auto& found = run.found;
  CostSection cost{problem.power(), found.initial_cost, found.costs.total * problem.cost_unit()};
  cost.bound_by(found.certificate, problem);
  cost.terms = text_of_terms(o.method.terms);
  cost.log10_initial = found.initial_log10_cost;
  cost.log10_final = std::log10(found.costs.total) + problem.log10_cost_unit();
  return {{},      input, components_of(loaded.components, problem, found.initial_cost),
          cost,    run,   h_of(problem, found.h),
          times,   {},    parallel_of(loaded.network, problem),
          o.output};
}

MethodRun solve(const Options& o, const BalanceParams& params, BalanceProblem& problem, const CostView& view) {
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
LoadedNetwork load_as_asked(const Comm& comm, const Options& o, PhaseTimes& times, InputSection& input) {
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
void fix_gauge(const Options& o, const LoadedNetwork& loaded, const BalanceProblem& problem, Equilibrium& found) {
  if (o.gauge == Gauge::zero_mean || o.all_costs) return;  // with all costs nothing is open between inputs and outputs
  const auto& comm = problem.comm();
  const auto& [network, components] = loaded;
  const auto weights = outside_weights(comm, network, problem.power());
  const auto h = problem.to_network(found.h, 0.0);
  const auto shift = problem.from_network(input_output_shift(comm, network, components, weights, h, problem.power()));
  for (std::size_t i = 0; i < shift.size(); ++i) found.h[i] += shift[i];
}

ExitCode run(const Context& context, const Options& options, const Beginning& beginning, BalanceParams params,
             Checkpointing& checkpoints) {
  const auto& comm = context.world;
  PhaseTimes times;
  InputSection input;
  std::optional<const TimeLimit> until_solve(time_to_begin(params.stop.max_seconds, beginning));
  auto loaded = load_as_asked(comm, options, times, input);
  agreed(comm, [&] { refuse_several_components(options, loaded.components); });
  const Timer solving;
  const CostView view(comm, loaded, options.input.power);
  const bool gives_up = agreed(comm, [&] { return gives_weights_up(options, loaded.network, view); });
  expect_room(comm, memory_of_costs(loaded.network, gives_up), "costs and the solver's vectors");
  auto problem = gives_up ? BalanceProblem(comm, loaded.network, loaded.components, options.input.power,
                                           BalanceProblem::Synapses::taken_over)
                          : BalanceProblem(comm, view.network(), view.components(), options.input.power);
  if (options.reproducible) problem.make_reproducible();
  if (problem.global_size() == 0) log_warning("{}", why_nothing_moves(input));
  const auto taken = taken_over(problem);
  refuse_foreign(context);
  auto about = provenance_of(context, options.input, loaded.network, beginning.date);
  about.n = input.neurons, about.nnz = input.synapses;
  about.alpha_checksum = input.alphas;
  about.alpha_path = input.alphas.empty() ? "" : options.input.read.alpha.value_or("");
  checkpoints.attach(view.network(), problem, facts_of(comm, options, loaded.network, view), about,
                     view.groups() ? 0 : outside_of(comm, options));
  params.stop.keeper = &checkpoints;
  params.stop.max_seconds = time_to_solve(comm, params.stop.max_seconds, beginning);
  until_solve.reset();
  auto run = solve(options, params, problem, view);
  fix_gauge(options, loaded, problem, run.found);
  times.solve = comm.max(solving.seconds());
  auto report = report_of(options, input, loaded, problem, run, times);
  report.groups = view.groups();
  const auto code = code_of(run.found.solver, checkpoints);
  agreed(comm, [] { fault_point("write"); });
  timed(comm, report.time.write, [&] {
    auto h = view.h_of_neurons(problem, run.found.h);
    report.known_h_off = view.off_known_h(h);
    write_balanced(comm, options, std::move(loaded), std::move(h), run.found, about, code, taken, taken_over(problem));
  });
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

ExitCode run(const Context& context, Options options) {
  const Beginning beginning;
  auto params = check(context, options);
  Checkpointing checkpoints(context, options.checkpoint, options.output, beginning);
  try {
    return run(context, options, beginning, params, checkpoints);
  } catch (const Error& e) {  // of all ranks together
    throw checkpoints.as_stopped(e);
  }
}

void add_stop_options(const OptionSet& command, Options& o) {
  auto& stop = o.params.stop;
  command.add("--tolerance", stop.tolerance, "on sum |in - out| / sum cost").within({1e-15, 1}).with_default();
  command.add("--step-tolerance", stop.step_tolerance, "on the Newton step that is left, in h")
      .within({1e-15, 1e15})
      .with_default()
      .expert();
  command.add("--max-iterations", stop.max_iterations, "sweeps plus Newton steps (0: the method's own)").not_negative();
  command
      .add("--max-walltime", o.walltime,
           "stop solving this long after the start; write the result, marked, and a checkpoint (exit code 75;\n"
           "4 with --checkpoint-interval 0)")
      .shown_as("HH:MM:SS");
}

}  // namespace

Command add_balance(const OptionSet& root) {
  const auto command = root.add_command("balance", "find the balanced weights, with a proof of how good they are");
  auto o = std::make_shared<Options>();
  o->given = command;
  add_input_options(command, o->input);
  command.add("-o,--output", o->output, "result file (.h5)").required().shown_as("RESULT.h5");
  add_report_option(command, o->report);
  command
      .add("--table", o->table,
           "what became of every neuron: h, the factors of its inputs and outputs, its costs before and after (.csv, "
           ".csv.gz, .h5)")
      .shown_as("OUT");
  command
      .add("--cost", o->cost,
           "a sum of costs: WEIGHT*POWER with + between; 1*2+0.7*1 is |J|^2 + 0.7 |J|. By sweeps, without a proof")
      .shown_as("TERMS");
  add_method_options(command, o->method);
  add_stop_options(command, *o);
  command.add_choice("--components", o->one_component, "balance", "error", "what to do with several components")
      .expert();
  command.add_choice("--cost-scope", o->all_costs, "recurrent", "all",
                     "which weights cost: the recurrent ones, or those of inputs, biases and outputs as well");
  command.add_choice("--gauge", o->gauge,
                     "what h is in components that the cost leaves free: of mean zero, or such that inputs cost what "
                     "outputs do");
  command.add_choice("--write", o->only_h, "weights", "h", "balanced weights, or only the scaling h");
  command
      .add_choice(
          "--hold", o->held,
          "what memory holds of a synapse while solving: its cost (12 bytes; needs --write h), or its weight as "
          "well (24); auto: the cost alone of a million synapses and more, where it will do")
      .expert();
  command
      .add_flag("--reproducible", o->reproducible,
                "h, cost and certificate with the same bits at any number of ranks (--method newton): sums are made of "
                "integers, which any order adds up alike. Not the default: a pass takes up to twice as long, and "
                "preconditioners that "
                "depend on who has which rows are left out, so that weak cuts take more iterations")
      .expert();
  command.add("--seed", o->params.seed, "of everything that is drawn at random").with_default().expert();
  add_checkpoint_options(command, o->checkpoint);
  command.examples({"synbal balance net.h5 -o balanced.h5 --report report.json",
                    "mpirun -n 8 synbal balance connections.csv.gz -o balanced.h5 --pinned inputs.txt --write h"});
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace app

}  // namespace synbal
