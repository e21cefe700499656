// synbal info FILE
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "app/command.hpp"
#include "app/report.hpp"
#include "synbal/balance/certificate.hpp"

namespace synbal::app {

namespace {

struct Options {
  InputOptions input;
  std::string report;
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
};

void describe(ReportWriter& report, const CostBounds& cost) {
  report("power", cost.power)("initial", cost.initial)("lower_bound", cost.lower)("upper_bound", cost.upper);
}

struct Report {
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
};

void describe(ReportWriter& report, const Report& r) {
  describe(report, r.head);
  report("input", r.input)("weights", r.weights)("components", r.components)("cost", r.cost);
  report("imbalance", r.imbalance)("time", r.time);
  report.object("memory", [&](ReportWriter& memory) {
    describe(memory, r.memory);
    memory("estimate", r.memory_estimate);
  });
  report("parallel", r.parallel);
}

void print(const Report& r) {
  const auto& in = r.input.facts;
  const auto& c = r.components;
  fmt::print("network      {} ({}): {} neurons, {} synapses\n", in.path, in.format, r.input.neurons, r.input.synapses);
  fmt::print("             {}\n", in.taken_as);
  fmt::print("             {} self-loops, {} duplicates merged, {} zeros dropped, {} pinned neurons\n", in.self_loops,
             in.duplicates_merged, in.zeros_dropped, r.input.pinned);
  fmt::print("weights      |J| from {} to {}, {} negative\n", text_of(r.weights.smallest), text_of(r.weights.largest),
             r.weights.negative);
  fmt::print("components   {}, of which {} have more than one neuron; the largest has {}\n", c.count, c.nontrivial,
             c.largest);
  fmt::print("             {} synapses between components, {} of the cost\n", c.edges_between,
             text_of(c.share_between));
  fmt::print("cost         {} now (p = {:g}); balanced between {} and {}\n", text_of(r.cost.initial), r.cost.power,
             text_of(r.cost.lower), text_of(r.cost.upper));
  fmt::print("imbalance    {} relative to the cost, {} at most in log(in/out)\n", text_of(r.imbalance.l1),
             text_of(r.imbalance.max_log_ratio));
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

/// Collective. Bytes that a run of `balance` needs over all ranks: weights and indices (12 bytes) twice, once as read
/// and once as costs, the reader's passing copies, about 30 numbers a neuron and ghost, and what a process takes.
double memory_estimate(const Comm& comm, const Network& network) {
  constexpr double synapse = 28, neuron = 30 * 8, process = 100e6;
  const auto held = comm.sum(static_cast<std::int64_t>(network.local_size()) + network.halo.ghost_count());
  return synapse * static_cast<double>(network.nnz) + neuron * static_cast<double>(held) + process * comm.size();
}

/// Collective. C* <= C - |g|^2 / (8 C) and C* >= sum sqrt(c_ij c_ji), both without solving anything (exponents 1).
CostBounds cost_bounds(const BalanceProblem& problem, const NeuronCosts& costs) {
  const double cost = problem.cost_unit() * costs.total;
  if (problem.comm().any(!problem.exponent().empty())) return {problem.power(), cost, cost, {}};
  std::vector<double> g(at(problem.size()));
  gradient(problem, costs, g);
  double square = 0;
  for (const double x : g) square += (x / costs.total) * (x / costs.total);
  square = problem.comm().sum(square);
  return {problem.power(), cost, cost * (1 - square / 8), problem.cost_unit() * reciprocal_bound(problem)};
}

ExitCode run(const Context& context, const Options& options) {
  const auto& comm = context.world;
  const Beginning beginning;
  context.session.refuse_unused_petsc_options();
  check_outputs(context, {{options.report, OutputKind::report}}, input_files(options.input));
  Report report;
  const auto [network, components] = load(comm, options.input, report.time);
  refuse_foreign(context);
  const BalanceProblem problem(comm, network, components, options.input.power);
  FusedKernel kernel(problem);
  NeuronCosts costs;
  evaluate(problem, kernel, std::vector<double>(at(problem.size()), 0.0), costs);
  report.input = input_of(comm, network), report.weights = weight_range(comm, network);
  report.cost = cost_bounds(problem, costs), report.imbalance = imbalance(problem, costs);
  report.components = components_of(components, problem, report.cost.initial);
  report.memory_estimate = memory_estimate(comm, network), report.parallel = parallel_of(network, problem);
  report.time.total = comm.max(beginning.timer.seconds()), report.memory = memory_of(comm);
  report.head = head_of(context, beginning.date);
  tell(context, report, options.report);
  return ExitCode::done;
}

}  // namespace

Command add_info(const OptionSet& root) {
  const auto command = root.add_command("info", "sizes, components, cost, imbalance and bounds of a network as it is");
  auto o = std::make_shared<Options>();
  add_input_options(command, o->input);
  add_report_option(command, o->report, "the same figures as JSON");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
