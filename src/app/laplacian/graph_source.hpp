// The graph of conductances that the Laplacian commands work on: where it comes from, and what its nodes are called.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/report.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/io/table.hpp"
#include "synbal/resistance/resistance.hpp"

namespace synbal::app {

/// What a graph is made of: FILE, and at which h its costs are taken.
struct GraphOptions {
  InputOptions input;
  std::string at = "current";  ///< current, equilibrium, or a result file; the members below say which
  bool conductances = false;   ///< the weights are conductances themselves
  OptionSet given;

  [[nodiscard]] bool at_equilibrium() const { return at == "equilibrium"; }
  [[nodiscard]] bool at_result() const { return !conductances && at != "current" && at != "equilibrium"; }
};

/// Adds FILE, the options of reading and costing, and --at (whose default is what `options` holds).
void add_graph_options(const OptionSet& command, GraphOptions& options);
/// Adds --conductances, for commands that need no costs.
void add_conductances_option(const OptionSet& command, GraphOptions& options);

/// All files that the options name as inputs.
[[nodiscard]] std::vector<std::string> input_files(const GraphOptions& options);

/// Not collective. Refuses what does not go together, before any work. @throws Error usage.
void check_graph_options(const GraphOptions& options);

/// A node of the graph, or what else a neuron is.
inline constexpr GlobalIndex kNoNode = -2;  ///< no node: on no cycle, joined to nothing; kGround for pinned neurons

/// The network, what was made of it, and the way between neurons and nodes. Nodes are with the ranks that own their
/// neurons, in the same order.
class GraphSource {
 public:
  /// Collective. Reads, balances if wanted, makes the graph; warns of a result file that does not fit, and of a balance
  /// that did not converge. @throws Error bad_input, io_failure.
  GraphSource(const Comm& comm, const GraphOptions& options, PhaseTimes& times);
  GraphSource(const GraphSource&) = delete;
  GraphSource& operator=(const GraphSource&) = delete;

  [[nodiscard]] const Comm& comm() const noexcept { return *comm_; }
  [[nodiscard]] const Network& network() const noexcept { return network_; }
  /// For those who change weights, and put them back.
  [[nodiscard]] Network& network() noexcept { return network_; }
  [[nodiscard]] const Components& components() const noexcept { return components_; }
  /// Strongly connected; null where the weights are conductances.
  [[nodiscard]] BalanceProblem* problem() noexcept { return problem_.get(); }
  [[nodiscard]] const BalanceProblem* problem() const noexcept { return problem_.get(); }
  [[nodiscard]] const ConductanceGraph& graph() const noexcept { return *graph_; }
  /// What balancing first gave, with --at equilibrium.
  [[nodiscard]] const std::optional<Equilibrium>& equilibrium() const noexcept { return equilibrium_; }
  /// Where the costs are what was asked for.
  [[nodiscard]] bool converged() const noexcept { return !equilibrium_ || equilibrium_->solver.converged(); }

  /// [network rows] Ids of the owned neurons as the user knows them.
  [[nodiscard]] std::span<const std::int64_t> ids() const noexcept { return ids_; }
  /// Collective. [network rows, then ghosts] The same for all columns.
  [[nodiscard]] std::vector<std::int64_t> ids_of_columns() const;
  /// [network rows, then ghosts] Global index of the node that each neuron is, kGround or kNoNode.
  [[nodiscard]] std::span<const GlobalIndex> node_of_column() const noexcept { return node_; }
  /// Collective. The same for neurons anywhere (global indices of the network).
  [[nodiscard]] std::vector<GlobalIndex> nodes_of(std::span<const GlobalIndex> neurons) const;
  /// [network rows] Place of every owned neuron in the file.
  [[nodiscard]] std::vector<std::int64_t> places() const;
  /// A table with a row for every neuron in the order of the file, and so far a column with their ids.
  [[nodiscard]] Table table_of_neurons() const;

  /// [network rows * columns] A block of values of nodes, spread to all neurons of this rank. `ground` and `elsewhere`:
  /// what pinned neurons and those that are no node get.
  [[nodiscard]] std::vector<double> to_neurons(std::span<const double> nodes, int columns, double ground,
                                               double elsewhere) const;
  /// [nodes * columns] The values of nodes among those of this rank's neurons.
  [[nodiscard]] std::vector<double> to_nodes(std::span<const double> neurons, int columns) const;

  /// Collective. [nodes] The imbalance g = in - out (Stock et al. 2022, eq. 17), in the graph's unit. @pre problem()
  [[nodiscard]] std::vector<double> imbalance_of_nodes() const;

 private:
  void make_problem(const GraphOptions& options, PhaseTimes& times);
  void number_columns();

  const Comm* comm_;
  Network network_;
  Components components_;
  std::unique_ptr<BalanceProblem> problem_;
  std::optional<Equilibrium> equilibrium_;
  std::unique_ptr<ConductanceGraph> graph_;
  std::vector<GlobalIndex> node_;
  std::vector<std::int64_t> ids_;
};

/// The columns of a table with a row for each record: members of the record, or functions of it.
template <class Record>
class RecordTable {
 public:
  /// The records have to outlive the table.
  explicit RecordTable(const std::vector<Record>& records) : records_(&records) {
    table.rows = static_cast<std::int64_t>(records.size());
  }
  template <class Get>
  RecordTable& real(const char* name, Get get) {
    return add(real_column(name, [r = records_, get](std::int64_t k) { return std::invoke(get, (*r)[at(k)]); }));
  }
  template <class Get>
  RecordTable& integer(const char* name, Get get) {
    return add(integer_column(
        name, [r = records_, get](std::int64_t k) { return std::int64_t{std::invoke(get, (*r)[at(k)])}; }));
  }
  template <class Get>
  RecordTable& neuron(const char* name, Get get) {
    return add(neuron_column(
        name, [r = records_, get](std::int64_t k) { return std::int64_t{std::invoke(get, (*r)[at(k)])}; }));
  }

  Table table;

 private:
  RecordTable& add(TableColumn column) {
    table.columns.push_back(std::move(column));
    return *this;
  }

  const std::vector<Record>* records_;
};

/// What a report says about the graph.
struct GraphSection {
  std::string source;           ///< conductances, or what --at says
  std::optional<double> power;  ///< of costs
  GlobalIndex nodes = 0;
  std::int64_t edges = 0, components = 0, edges_to_ground = 0, neurons_outside = 0;
  double unit = 1;
  std::optional<bool> converged;  ///< the equilibrium that was computed first
  double imbalance = 0;           ///< of that
};
/// Collective.
[[nodiscard]] GraphSection graph_section_of(const GraphSource& source, const GraphOptions& options);
void describe(ReportWriter& report, const GraphSection& graph);

/// The lines of a summary about the network and the graph.
void print_graph(const InputSection& input, const GraphSection& graph);

}  // namespace synbal::app
