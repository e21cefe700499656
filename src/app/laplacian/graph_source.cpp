// From FILE to the graph: costs as they are, at the equilibrium or at a stored h, or weights that are conductances.
#include "app/laplacian/graph_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/route.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/perturb/problem_graph.hpp"

namespace synbal::app {

namespace {

/// Collective. The equilibrium by the automatic method, whose costs the problem then holds.
Equilibrium balance_first(BalanceProblem& problem) {
  Progress progress("balance");
  progress.expect("15 to 20 iterations");
  const BalanceParams params;
  auto found = balance(problem, params, progress_of(progress, problem.comm(), params.stop.tolerance));
  problem.rebase(found.h);
  return found;
}

/// Collective. The h of a result file, checked as far as that goes.
std::vector<double> stored_h(const GraphOptions& options, const Network& network, const BalanceProblem& problem) {
  auto stored = read_result(problem.comm(), network, options.at);
  warn_of_other_input(options.at, stored.provenance.input_checksum, network, "its h is taken");
  if (stored.provenance.power != options.input.power) {
    log_warning("{} was made with --power {:g}, but here it is {:g}: its h does not balance these costs", options.at,
                stored.provenance.power, options.input.power);
  }
  check_still(options.at, network, problem, stored.h, " and --pinned");
  return problem.from_network(stored.h);
}

/// Collective. Resistances are told in the unit of the costs: that must be a double, and what it divides, too.
void check_unit(const Comm& comm, const ConductanceGraph& graph, const Network& network, double power) {
  if (std::isnormal(graph.unit()) && std::isfinite(1 / graph.unit())) return;
  double largest = 0;
  for (const double w : network.weight) largest = std::max(largest, std::abs(w));
  throw bad_input(
      fmt::format("the largest cost is about 10^{:.1f} (|weight|^{:g}; doubles end at 10^-308 and 10^308, and "
                  "resistances with them): multiply the weights by a constant, or give a smaller --power",
                  power * std::log10(comm.max(largest)), power));
}

}  // namespace

void add_graph_options(const OptionSet& command, GraphOptions& options) {
  options.given = command;
  add_input_options(command, options.input);
  command
      .add("--at", options.at,
           "where the costs are taken: as they are (current), at the equilibrium, which is computed first, or at "
           "the h of a result of `balance`")
      .shown_as("current|equilibrium|RESULT.h5")
      .with_default();
}

void add_conductances_option(const OptionSet& command, GraphOptions& options) {
  command.add_flag("--conductances", options.conductances,
                   "the weights of FILE are conductances themselves: symmetric, not negative");
}

std::vector<std::string> input_files(const GraphOptions& options) {
  auto files = input_files(options.input);
  if (options.at_result()) files.push_back(options.at);
  return files;
}

void check_graph_options(const GraphOptions& options) {
  if (options.conductances) {
    for (const auto* name : {"--at", "--power", "--gain", "--alpha", "--exponent", "--tie"}) {
      if (!options.given.given(name)) continue;
      throw usage_error(fmt::format("{} is about costs, but --conductances makes none: leave one of them out", name));
    }
  }
  if (options.at_result() && !options.at.ends_with(".h5")) {
    throw usage_error(fmt::format("--at '{}' is none of current, equilibrium, RESULT.h5", options.at));
  }
}

GraphSource::GraphSource(const Comm& comm, const GraphOptions& options, PhaseTimes& times) : comm_(&comm) {
  if (options.conductances) {
    network_ = load_network(comm, options.input, times);
  } else {
    auto loaded = load(comm, options.input, times);
    network_ = std::move(loaded.network), components_ = std::move(loaded.components);
    make_problem(options, times);
  }
  graph_ = std::make_unique<ConductanceGraph>(problem_ ? graph_of(*problem_) : graph_of(comm, network_));
  check_unit(comm, *graph_, network_, problem_ ? options.input.power : 1.0);
  ids_ = neuron_ids(network_);
  number_columns();
}

void GraphSource::make_problem(const GraphOptions& options, PhaseTimes& times) {
  problem_ = std::make_unique<BalanceProblem>(*comm_, network_, components_, options.input.power);
  if (options.at_equilibrium()) {
    equilibrium_ = timed(*comm_, times.solve, [&] { return balance_first(*problem_); });
    if (converged()) return;
    log_warning("the balance stopped ({}) at an imbalance of {:.2e}: what follows belongs to that state",
                to_string(equilibrium_->solver.reason), equilibrium_->imbalance.l1);
  } else if (options.at_result()) {
    problem_->rebase(stored_h(options, network_, *problem_));
  }
}

void GraphSource::number_columns() {
  node_ = graph_->node_of_row(network_.local_size());
  const auto& pinned = network_.nodes.pinned;
  for (std::size_t i = 0; i < node_.size(); ++i) {
    if (node_[i] < 0) node_[i] = !pinned.empty() && pinned[i] != 0 ? kGround : kNoNode;
  }
  node_ = with_ghosts(network_.halo, std::move(node_));
}

std::vector<GlobalIndex> GraphSource::nodes_of(std::span<const GlobalIndex> neurons) const {
  const auto owned = node_of_column().first(at(network_.local_size()));
  return Directory(*comm_, network_.rows, neurons).fetch(owned);
}

std::vector<std::int64_t> GraphSource::ids_of_columns() const { return with_ghosts(network_.halo, ids()); }

std::vector<std::int64_t> GraphSource::places() const {
  std::vector<std::int64_t> places(at(network_.local_size()));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = network_.file_index(static_cast<LocalIndex>(i));
  return places;
}

Table GraphSource::table_of_neurons() const {
  Table table;
  table.rows = network_.local_size(), table.place = places();
  table.columns = {neuron_column("id", [this](std::int64_t row) { return ids_[at(row)]; })};
  return table;
}

std::vector<double> GraphSource::to_neurons(std::span<const double> nodes, int columns, double ground,
                                            double elsewhere) const {
  const auto m = at(columns);
  std::vector<double> values(at(network_.local_size()) * m);
  for (std::size_t i = 0; i < at(network_.local_size()); ++i) {
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(i * m), m, node_[i] == kGround ? ground : elsewhere);
  }
  const auto row = graph_->network_row();
  for (std::size_t i = 0; i < row.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) values[at(row[i]) * m + k] = nodes[i * m + k];
  }
  return values;
}

std::vector<double> GraphSource::to_nodes(std::span<const double> neurons, int columns) const {
  const auto m = at(columns);
  const auto row = graph_->network_row();
  std::vector<double> values(row.size() * m);
  for (std::size_t i = 0; i < row.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) values[i * m + k] = neurons[at(row[i]) * m + k];
  }
  return values;
}

std::vector<double> GraphSource::imbalance_of_nodes() const {
  std::vector<double> g(at(problem_->size()));
  accurate_gradient(*problem_, g);
  return g;
}

GraphSection graph_section_of(const GraphSource& source, const GraphOptions& options) {
  const auto& graph = source.graph();
  const auto& comm = source.comm();
  const bool any_ground = comm.any(std::ranges::count(graph.component(), graph.grounded_component()) > 0);
  const auto to_ground = std::ranges::count_if(graph.ground(), [](double g) { return g > 0; });
  const auto neurons = source.node_of_column().first(at(source.network().local_size()));
  GraphSection section;
  section.source = options.conductances ? "conductances" : options.at;
  if (source.problem() != nullptr) section.power = options.input.power;
  section.nodes = graph.global_size(), section.edges = graph.edges(), section.unit = graph.unit();
  section.components = ComponentSums(graph).nullity() + (any_ground ? 1 : 0);
  section.edges_to_ground = comm.sum(static_cast<std::int64_t>(to_ground));
  section.neurons_outside = comm.sum(static_cast<std::int64_t>(std::ranges::count(neurons, kNoNode)));
  if (!source.equilibrium()) return section;
  section.converged = source.converged(), section.imbalance = source.equilibrium()->imbalance.l1;
  return section;
}

void describe(ReportWriter& report, const GraphSection& graph) {
  report("source", graph.source);
  if (graph.power) report("power", *graph.power);
  report("nodes", graph.nodes)("edges", graph.edges)("components", graph.components);
  report("edges_to_ground", graph.edges_to_ground)("neurons_outside", graph.neurons_outside)("unit", graph.unit);
  if (!graph.converged) return;
  report.object("equilibrium",
                [&](ReportWriter& r) { r("converged", *graph.converged)("l1_relative", graph.imbalance); });
}

void print_graph(const InputSection& input, const GraphSection& g) {
  fmt::print("network      {}: {} neurons, {} synapses, {} pinned\n", input.facts.path, input.neurons, input.synapses,
             input.pinned);
  fmt::print("             {}\n", input.facts.taken_as);
  if (input.pinned > 0) fmt::print("pinned       {}: {}\n", input.pinned, input.pinned_names);
  const auto made = g.source == "conductances"  ? std::string("the weights themselves")
                    : g.source == "current"     ? std::string("costs as they are")
                    : g.source == "equilibrium" ? std::string("costs at the equilibrium")
                                                : "costs at the h of " + g.source;
  fmt::print("graph        {} nodes, {} edges, {} {}; conductances: {}\n", g.nodes, g.edges, g.components,
             g.components == 1 ? "component" : "components", made);
  if (g.edges_to_ground > 0) {
    fmt::print("             {} nodes are joined with ground, the pinned neurons\n", g.edges_to_ground);
  }
  if (g.neurons_outside > 0) {
    fmt::print("             {} neurons are on no cycle and therefore no nodes\n", g.neurons_outside);
  }
  if (g.unit != 1.0) fmt::print("             held in units of {:g}\n", g.unit);
}

}  // namespace synbal::app
