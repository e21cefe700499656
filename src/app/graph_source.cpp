// From FILE to the graph: costs as they are, at the equilibrium or at a stored h, or weights that are conductances.
#include "app/graph_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/progress.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/perturb/problem_graph.hpp"

namespace synbal::app {

namespace {

/// Collective. The equilibrium by the automatic method, whose costs the problem then holds.
Equilibrium balanced(BalanceProblem& problem) {
  Progress progress("balance");
  const auto& comm = problem.comm();
  const BalanceParams params;
  auto found = balance(problem, params, [&](const SolverProgress& p) {
    const bool ahead = p.imbalance > params.stop.tolerance;
    const auto target = ahead ? std::optional(params.stop.tolerance) : std::nullopt;
    if (comm.is_root()) progress.update(p.iteration, p.cost, p.imbalance, target);
  });
  problem.rebase(found.h);
  return found;
}

/// Collective. What cannot move here must not have moved there.
void check_still(const Comm& comm, const std::string& path, const Network& network, const BalanceProblem& problem,
                 std::vector<double> h) {
  for (const auto row : problem.network_row()) h[at(row)] = 0;
  agreed(comm, [&] {
    const auto moved = std::ranges::find_if(h, [](double v) { return v != 0; });
    if (moved == h.end()) return;
    throw bad_input(fmt::format(
        "{}: h of the neuron at place {} is {:g}, but here it cannot move (pinned, or on no cycle): give the network "
        "and --pinned it was made with",
        path, network.file_index(static_cast<LocalIndex>(moved - h.begin())), *moved));
  });
}

/// Collective. The h of a result file, checked as far as that goes.
std::vector<double> stored_h(const Comm& comm, const GraphOptions& options, const Network& network,
                             const BalanceProblem& problem) {
  auto stored = read_result(comm, network, options.at);
  if (stored.provenance.input_checksum != network.facts.checksum) {
    log_warning("{} was not made from {} (checksums differ): its h is taken all the same", options.at,
                options.input.path);
  }
  if (stored.provenance.power != options.input.power) {
    log_warning("{} was made with --power {:g}, but here it is {:g}: its h does not balance these costs", options.at,
                stored.provenance.power, options.input.power);
  }
  check_still(comm, options.at, network, problem, stored.h);
  return problem.from_network(stored.h);
}

bool was_given(const GraphOptions& options, const char* name) { return options.given.given(name); }

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
    for (const auto* name : {"--at", "--power", "--gain"}) {
      if (!was_given(options, name)) continue;
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
  ids_ = neuron_ids(network_);
  number_columns();
}

void GraphSource::make_problem(const GraphOptions& options, PhaseTimes& times) {
  problem_ = std::make_unique<BalanceProblem>(*comm_, network_, components_, options.input.power);
  if (options.at_equilibrium()) {
    equilibrium_ = timed(*comm_, times.solve, [&] { return balanced(*problem_); });
    if (converged()) return;
    log_warning("the balance stopped ({}) at an imbalance of {:.2e}: what follows belongs to that state",
                to_string(equilibrium_->solver.reason), equilibrium_->imbalance.l1);
  } else if (options.at_result()) {
    problem_->rebase(stored_h(*comm_, options, network_, *problem_));
  }
}

void GraphSource::number_columns() {
  node_ = graph_->node_of_row(network_.local_size());
  const auto& pinned = network_.nodes.pinned;
  for (std::size_t i = 0; i < node_.size(); ++i) {
    if (node_[i] < 0) node_[i] = !pinned.empty() && pinned[i] != 0 ? kGround : kNoNode;
  }
  const auto owned = node_.size();
  node_.resize(owned + network_.halo.ghosts().size());
  HaloExchange<GlobalIndex>(network_.halo).forward(std::span(node_).first(owned), std::span(node_).subspan(owned));
}

std::vector<GlobalIndex> GraphSource::nodes_of(std::span<const GlobalIndex> neurons) const {
  const auto& rows = network_.rows;
  std::vector<std::size_t> order(neurons.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t k) { return neurons[k]; });
  std::vector<GlobalIndex> asked;
  std::vector<std::int64_t> counts(at(comm_->size()), 0);
  for (const auto k : order) {
    asked.push_back(neurons[k]);
    ++counts[at(rows.owner(neurons[k]))];
  }
  auto questions = comm_->exchange<GlobalIndex>(asked, counts);
  for (auto& q : questions.values) q = node_[at(q - rows.first())];
  const auto answers = comm_->exchange<GlobalIndex>(questions.values, questions.counts);
  std::vector<GlobalIndex> nodes(neurons.size());
  for (std::size_t k = 0; k < order.size(); ++k) nodes[order[k]] = answers.values[k];
  return nodes;
}

std::vector<std::int64_t> GraphSource::ids_of_columns() const {
  std::vector<std::int64_t> ids(ids_.size() + network_.halo.ghosts().size());
  const auto ghosts = std::copy(ids_.begin(), ids_.end(), ids.begin());
  HaloExchange<std::int64_t>(network_.halo).forward(ids_, std::span(ghosts, ids.end()));
  return ids;
}

std::vector<std::int64_t> GraphSource::places() const {
  std::vector<std::int64_t> places(at(network_.local_size()));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = network_.file_index(static_cast<LocalIndex>(i));
  return places;
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

Json report_graph(const GraphSource& source, const GraphOptions& options) {
  const auto& graph = source.graph();
  const auto& comm = source.comm();
  const ComponentSums parts(graph);
  const bool any_ground = comm.any(std::ranges::count(graph.component(), graph.grounded_component()) > 0);
  const auto to_ground = std::ranges::count_if(graph.ground(), [](double g) { return g > 0; });
  const auto neurons = std::span(source.node_of_column()).first(at(source.network().local_size()));
  Json report{{"source", options.conductances ? "conductances" : options.at}};
  if (source.problem() != nullptr) report["power"] = options.input.power;
  report["nodes"] = graph.global_size();
  report["edges"] = graph.edges();
  report["components"] = parts.nullity() + (any_ground ? 1 : 0);
  report["edges_to_ground"] = comm.sum(static_cast<std::int64_t>(to_ground));
  report["neurons_outside"] = comm.sum(static_cast<std::int64_t>(std::ranges::count(neurons, kNoNode)));
  report["unit"] = graph.unit();
  if (source.equilibrium()) {
    report["equilibrium"] = {{"converged", source.converged()},
                             {"l1_relative", number(source.equilibrium()->imbalance.l1)}};
  }
  return report;
}

void print_graph(const Json& report) {
  const auto& in = report["input"];
  const auto& g = report["graph"];
  const auto source = g["source"].get<std::string>();
  fmt::print("network      {}: {} neurons, {} synapses, {} pinned\n", in["path"].get<std::string>(),
             in["n"].get<std::int64_t>(), in["nnz"].get<std::int64_t>(), in["pinned"].get<std::int64_t>());
  const auto made = source == "conductances"  ? std::string("the weights themselves")
                    : source == "current"     ? std::string("costs as they are")
                    : source == "equilibrium" ? std::string("costs at the equilibrium")
                                              : "costs at the h of " + source;
  fmt::print("graph        {} nodes, {} edges, {} {}; conductances: {}\n", g["nodes"].get<std::int64_t>(),
             g["edges"].get<std::int64_t>(), g["components"].get<std::int64_t>(),
             g["components"] == 1 ? "component" : "components", made);
  if (g["edges_to_ground"] > 0) {
    fmt::print("             {} nodes are joined with ground, the pinned neurons\n",
               g["edges_to_ground"].get<std::int64_t>());
  }
  if (g["neurons_outside"] > 0) {
    fmt::print("             {} neurons are on no cycle and therefore no nodes\n",
               g["neurons_outside"].get<std::int64_t>());
  }
  if (g["unit"] != 1.0) fmt::print("             held in units of {:g}\n", g["unit"].get<double>());
}

}  // namespace synbal::app
