// synbal info FILE
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "app/command.hpp"
#include "app/outcome/header_estimate.hpp"
#include "app/outcome/prediction.hpp"
#include "app/report.hpp"
#include "synbal/balance/certificate.hpp"
#include "synbal/balance/null_model.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/neuron_vectors.hpp"
#include "synbal/perturb/problem_graph.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal::app {

namespace {

struct InfoOptions {
  OptionSet given;
  InputOptions input;
  std::string report, null_within;
  NullParams null{.draws = 0};
  PredictionOptions prediction;
  bool relaxation = false, header = false;
};

/// Of |J|, over stored entries.
struct WeightRange {
  double smallest = 0, largest = 0;
  std::int64_t negative = 0;
};

void describe(ReportWriter& report, const WeightRange& range) {
  report("smallest", range.smallest)("largest", range.largest)("negative", range.negative);
}

/// Between what the cost lies now and once balanced.
struct CostBounds {
  double power = 2, initial = 0, upper = 0;
  std::optional<double> lower;
  double log10_initial = 0, log10_upper = 0;
  std::optional<double> log10_lower = {};
};

void describe(ReportWriter& report, const CostBounds& cost) {
  report("power", cost.power)("initial", cost.initial)("lower_bound", cost.lower)("upper_bound", cost.upper);
}

/// |g| against permutations.
struct NullSection {
  NullResult found;
  NullKind kind = NullKind::rows;
};

void describe(ReportWriter& report, const NullSection& null) {
  const auto& f = null.found;
  report("kind", to_string(null.kind))("draws", f.draws)("classes", f.classes)("value", f.value)("mean", f.mean);
  report("sd", f.sd)("least", f.least)("most", f.most)("z", f.z())("p_value", f.p_value());
}

/// What the Laplacian of the costs as they are says of balancing.
struct Relaxation {
  double rate = 0;       ///< p lambda_2: the slowest mode of the flow decays by e in a time of 1 / rate
  double reduction = 0;  ///< g^T L^+ g / 2: of the cost, by the quadratic model
  bool converged = true;
};

void describe(ReportWriter& report, const Relaxation& relaxation) {
  report("rate", relaxation.rate)("predicted_reduction", relaxation.reduction)("converged", relaxation.converged);
}

struct InfoReport {
  RunHead head;
  InputSection input;
  WeightRange weights;
  ComponentsSection components;
  CostBounds cost;
  Imbalance imbalance;
  PhaseTimes time;
  MemorySection memory;
  double memory_estimate = 0;  ///< bytes
  ParallelSection parallel;
  std::optional<NullSection> null;
  std::optional<Relaxation> relaxation;
};

void describe(ReportWriter& report, const InfoReport& r) {
  describe(report, r.head);
  report("input", r.input)("weights", r.weights)("components", r.components)("cost", r.cost);
  report("imbalance", r.imbalance);
  if (r.null) report("null", *r.null);
  if (r.relaxation) report("relaxation", *r.relaxation);
  report("time", r.time);
  report.object("memory", [&](ReportWriter& memory) {
    describe(memory, r.memory);
    memory("estimate", r.memory_estimate);
  });
  report("parallel", r.parallel);
}

void print_null(const NullSection& null) {
  const auto& f = null.found;
  const auto within = f.classes > 1 ? fmt::format(" within {} classes", f.classes) : std::string();
  fmt::print("chance       |in - out| is {}; with {} permuted{} it is {} +- {} ({} draws)\n",
             text_of(f.value, "{:.6g}"), to_string(null.kind), within, text_of(f.mean, "{:.6g}"),
             text_of(f.sd, "{:.3g}"), f.draws);
  fmt::print("             z = {}, p = {}: {} draws are as balanced (in the unit of the largest cost)\n",
             text_of(f.z(), "{:.3g}"), text_of(f.p_value(), "{:.3g}"), f.below);
}

void print_relaxation(const Relaxation& relaxation, double cost) {
  fmt::print("relaxation   the slowest mode of the flow decays at the rate {}{}\n", text_of(relaxation.rate, "{:.6g}"),
             relaxation.converged ? "" : " (NOT CONVERGED)");
  fmt::print("             a quadratic model saves {} of the cost ({:.3g} %)\n",
             text_of(relaxation.reduction, "{:.6g}"), cost > 0 ? 100 * relaxation.reduction / cost : 0.0);
}

void print(const InfoReport& r) {
  const auto& in = r.input.facts;
  const auto& c = r.components;
  fmt::print("network      {} ({}): {} neurons, {} synapses\n", in.path, in.format, r.input.neurons, r.input.synapses);
  fmt::print("             {}\n", in.taken_as);
  fmt::print("             {} self-loops, {} duplicates merged, {} zeros dropped, {} pinned neurons\n", in.self_loops,
             in.duplicates_merged, in.zeros_dropped, r.input.pinned);
  if (r.input.pinned > 0) fmt::print("pinned       {}: {}\n", r.input.pinned, r.input.pinned_names);
  fmt::print("weights      |J| from {} to {}, {} negative\n", text_of(r.weights.smallest), text_of(r.weights.largest),
             r.weights.negative);
  fmt::print("components   {}, of which {} have more than one neuron; the largest has {}\n", c.count, c.nontrivial,
             c.largest);
  print_between(c);
  fmt::print("cost         {} now (p = {:g}); balanced between {} and {}\n",
             cost_text(r.cost.initial, r.cost.log10_initial), r.cost.power, cost_text(r.cost.lower, r.cost.log10_lower),
             cost_text(r.cost.upper, r.cost.log10_upper));
  fmt::print("imbalance    {} relative to the cost, {} at most in log(in/out)\n", text_of(r.imbalance.l1),
             text_of(r.imbalance.max_log_ratio));
  if (r.null) print_null(*r.null);
  if (r.relaxation) print_relaxation(*r.relaxation, r.cost.initial);
  fmt::print("memory       about {} for `balance`\n", human_bytes(r.memory_estimate));
}

/// Collective.
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

/// Collective. Bytes that a run of `balance` on these ranks needs, all together, by the performance model.
double memory_estimate(const Comm& comm, const InputOptions& input, const Network& network) {
  const auto& machine = measured_machine();
  const auto made = network_sizes(comm, input.path, input.read).generated;
  Layout own{comm.size(), static_cast<double>(network.local_size()), static_cast<double>(network.column.size())};
  own.ghosts = static_cast<double>(network.halo.ghost_count());
  return comm.sum(memory_need(own, machine.family(made ? made->kind : "random"), machine, Keeps::weights).total());
}

/// Collective. C* <= C - |g|^2 / (8 C) and C* >= sum sqrt(c_ij c_ji), both without solving anything (exponents 1).
/// Uses the problem's costs up.
CostBounds cost_bounds(BalanceProblem&& problem, const NeuronCosts& costs) {
  const double power = problem.power(), unit = problem.cost_unit(), log10_unit = problem.log10_cost_unit();
  const double cost = unit * costs.total, log10_cost = std::log10(costs.total) + log10_unit;
  if (problem.comm().any(!problem.exponent().empty())) {
    return {power, cost, cost, {}, log10_cost, log10_cost};
  }
  std::vector<double> g(at(problem.size()));
  gradient(problem, costs, g);
  double square = 0;
  for (const double x : g) square += (x / costs.total) * (x / costs.total);
  square = problem.comm().sum(square);
  const double share = 1 - square / 8, lower = reciprocal_bound(std::move(problem));
  return {power,
          cost,
          cost * share,
          unit * lower,
          log10_cost,
          log10_cost + std::log10(share),
          std::log10(lower) + log10_unit};
}

/// Collective.
std::optional<NullSection> against_chance(const Comm& comm, const InfoOptions& options, const Network& network) {
  if (options.null.draws == 0) return {};
  auto params = options.null;
  if (!options.null_within.empty()) params.label = read_neuron_labels(comm, network, options.null_within);
  CountProgress progress("null", params.draws, "draws");
  params.progress = [&](std::int64_t done) { progress.update(done); };
  return NullSection{null_model(comm, network, options.input.power, params), params.kind};
}

/// Collective.
Relaxation relaxation_of(const BalanceProblem& problem, const NeuronCosts& costs) {
  if (problem.global_size() == 0) return {};
  const auto graph = graph_of(problem);
  LaplacianSolver solver(graph);
  std::vector<double> g(at(problem.size())), x(g.size());
  gradient(problem, costs, g);
  const auto solved = solver.solve(g, x, 1, exact_solve());
  double product = 0;
  for (std::size_t i = 0; i < g.size(); ++i) product += g[i] * x[i];
  const auto modes = slowest_modes(graph, solver, {.count = 1});
  const double slowest = modes.count > 0 ? modes.value[0] : 0.0;
  return {problem.power() * slowest * problem.cost_unit(), problem.comm().sum(product) / 2 * problem.cost_unit(),
          solved.converged && modes.converged};
}

void check_null_options(const InfoOptions& options) {
  if (!options.prediction.ranks.empty()) {
    refuse_given(options.given, {"--null", "--relaxation"}, "`info` without --predict");
  } else {
    refuse_given(options.given, {"--machine", "--like"}, "--predict RANKS");
  }
  if (options.header) refuse_given(options.given, {"--null", "--relaxation"}, "`info` without --header-only");
  if (options.null.draws > 0) return;
  refuse_given(options.given, {"--null-within", "--null-kind"}, "--null N");
}

ExitCode run_info(const Context& context, const InfoOptions& options) {
  const auto& comm = context.world;
  const Beginning beginning;
  context.session.refuse_unused_petsc_options(options.relaxation ? "laplacian_" : "");
  agreed(comm, [&] { check_null_options(options); });
  if (!options.prediction.ranks.empty()) {
    return tell_prediction(context, options.input, options.prediction, options.header, options.report);
  }
  if (options.header) return tell_header(context, options.input, options.report);
  auto inputs = input_files(options.input);
  if (!options.null_within.empty()) inputs.push_back(options.null_within);
  check_outputs(context, {{options.report, OutputKind::report}}, inputs);
  InfoReport report;
  auto [network, components] = load(comm, options.input, report.time);
  refuse_foreign(context);
  report.input = input_of(comm, network), report.weights = weight_range(comm, network);
  report.null =
      timed(comm, report.time.solve, [&, &network = network] { return against_chance(comm, options, network); });
  report.memory_estimate = memory_estimate(comm, options.input, network);
  BalanceProblem problem(comm, network, components, options.input.power, BalanceProblem::Synapses::taken_over);
  FusedKernel kernel(problem);
  NeuronCosts costs;
  evaluate(problem, kernel, std::vector<double>(at(problem.size()), 0.0), costs);
  report.imbalance = imbalance(problem, costs);
  if (options.relaxation) {
    report.relaxation = timed(comm, report.time.solve, [&] { return relaxation_of(problem, costs); });
  }
  report.parallel = parallel_of(network, problem);
  report.components = components_of(components, problem, problem.cost_unit() * costs.total);
  report.cost = cost_bounds(std::move(problem), costs);
  report.time.total = comm.max(beginning.timer.seconds()), report.memory = memory_of(comm);
  report.head = head_of(context, beginning.date);
  tell(context, report, options.report, true);
  context.session.refuse_unused_petsc_options();
  if (report.relaxation && !report.relaxation->converged) {
    log_warning(
        "the slowest mode was not found as accurately as asked: try `synbal laplacian modes` with a larger "
        "--tolerance");
  }
  return report.relaxation && !report.relaxation->converged ? ExitCode::not_converged : ExitCode::done;
}

}  // namespace

Command add_info(const OptionSet& root) {
  const auto command = root.add_command("info", "sizes, components, cost, imbalance and bounds of a network as it is");
  auto o = std::make_shared<InfoOptions>();
  add_input_options(command, o->input);
  add_report_option(command, o->report, "the same figures as JSON");
  command.add_flag(
      "--header-only", o->header,
      "read the header of FILE alone: sizes, and the memory that `balance` takes on some numbers of ranks (--header "
      "without a word means the same)");
  o->given = command;
  const auto chance = command.add_group("Chance", "is the network more balanced than permutations of itself?");
  chance.add("--null", o->null.draws, "compare |in - out| (2-norm) with that many permutations")
      .within_integers(1, 1'000'000'000)
      .shown_as("N");
  chance
      .add("--null-within", o->null_within, "permute within classes only: a label for every neuron, a number or a word")
      .shown_as("FILE[:/dataset]");
  chance.add_choice("--null-kind", o->null.kind,
                    "what is permuted: the neurons' rows (their in-costs), or the costs of the synapses there are");
  chance.add("--seed", o->null.seed, "of the permutations").with_default();
  add_prediction_options(command, o->prediction);
  command.add_flag("--relaxation", o->relaxation,
                   "also the slowest rate of the flow, p lambda_2, and what a quadratic model saves, g^T L^+ g / 2, at "
                   "the costs as they are");
  command.examples({"synbal info net.h5", "synbal info huge.h5 --header-only",
                    "synbal info random:nodes=1e9,degree=100 --predict 64,1024",
                    "synbal info net.h5 --null 10000 --relaxation",
                    "synbal info connections.csv --source-column pre --target-column post"});
  return {command, [o](const Context& context) { return run_info(context, *o); }};
}

}  // namespace synbal::app
