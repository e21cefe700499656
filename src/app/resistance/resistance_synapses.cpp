// The resistance of every synapse: that of the edge between its neurons.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/resistance/resistance.hpp"
#include "synbal/balance/synapse_costs.hpp"
#include "synbal/core/log.hpp"
#include "synbal/laplacian/whole_graph.hpp"

namespace synbal::app {

namespace {

constexpr double kEstimateWork = 1'000;  // multiplications an edge, from below
constexpr double kBridge = 1 - 1e-9;     // leverage of an edge that nothing goes around

/// What is written of a synapse, in the user's unit; self-loops are left out.
struct SynapseRow {
  std::int64_t postsynaptic, presynaptic;
  double cost, conductance, resistance;

  [[nodiscard]] double leverage() const { return conductance > 0 ? conductance * resistance : 0.0; }
};

// Collective. Costs at the state that the problem holds; nothing where weights are conductances.
std::optional<SynapseCosts> costs_of(const GraphSource& source) {
  const auto* problem = source.problem();
  if (problem == nullptr) return {};
  SynapseCosts costs(source.comm(), source.network(), problem->power());
  costs.scale(problem->to_network(problem->base(), 0));
  return costs;
}

// Collective. Those of this rank.
std::vector<SynapseRow> rows_of(const GraphSource& source, const EdgeResistances& found) {
  const auto& network = source.network();
  const double unit = source.graph().unit();
  const EdgeOfSynapse edge_of(source, found);
  const auto ids = source.ids_of_columns();
  const auto costs = costs_of(source);
  std::vector<SynapseRow> rows;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      if (j == i) continue;
      const auto edge = edge_of(i, j);
      rows.push_back(
          {ids[at(i)], ids[at(j)], costs ? costs->cost(i, e) : 0.0, edge.conductance * unit, edge.resistance / unit});
    }
  }
  return rows;
}

Table table_of(const std::vector<SynapseRow>& rows, bool with_costs) {
  using R = SynapseRow;
  RecordTable columns(rows);
  columns.neuron("postsynaptic", &R::postsynaptic).neuron("presynaptic", &R::presynaptic);
  if (with_costs) columns.real("cost", &R::cost);
  columns.real("conductance", &R::conductance).real("resistance", &R::resistance).real("leverage", &R::leverage);
  return columns.table;
}

struct SynapsesSection {
  const EdgeResistances& found;
  EdgeMethod method;
  std::int64_t count = 0, unreachable = 0, bridges = 0;
  double smallest = kInfinity, largest = -kInfinity;
};

// Collective.
SynapsesSection section_of(const Comm& comm, const std::vector<SynapseRow>& rows, const EdgeResistances& found,
                           EdgeMethod method) {
  SynapsesSection section{found, method, static_cast<std::int64_t>(rows.size())};
  for (const auto& row : rows) {
    section.unreachable += std::isinf(row.resistance) ? 1 : 0;
    if (std::isinf(row.resistance)) continue;
    section.bridges += row.conductance * row.resistance >= kBridge ? 1 : 0;
    section.smallest = std::min(section.smallest, row.resistance);
    section.largest = std::max(section.largest, row.resistance);
  }
  for (auto* count : {&section.count, &section.unreachable, &section.bridges}) *count = comm.sum(*count);
  section.smallest = comm.min(section.smallest), section.largest = comm.max(section.largest);
  return section;
}

void describe(ReportWriter& report, const SynapsesSection& s) {
  const auto& f = s.found;
  report("count", s.count)("unreachable", s.unreachable)("bridges", s.bridges);
  report("smallest", s.smallest)("largest", s.largest)("method", to_string(s.method))("solves", f.solves);
  report("all_converged", f.converged)("foster_sum", f.foster_sum)("foster_exact", f.foster_exact);
  report("largest_leverage", f.largest_leverage)("above_one", f.above_one)("bridge_error", f.bridge_error)(
      "by_elimination", f.by_elimination);
  report.object("seconds", [&](ReportWriter& r) {
    r("walks", f.walk_seconds)("solves", f.solve_seconds)("combine", f.combine_seconds)("check", f.check_seconds);
  });
  if (s.method == EdgeMethod::estimate) report("quality", f.quality);
}

void print(const SynapsesSection& s) {
  fmt::print("resistance   {} synapses by {}: {}; from {} to {}\n", s.count,
             method_text(s.method, s.found.solves, s.found.by_elimination), converged_text(s.found.converged),
             text_of(s.smallest, "{:.6g}"), text_of(s.largest, "{:.6g}"));
  if (s.unreachable > 0) {
    fmt::print("             {} of them lead from one component to another: infinite\n", s.unreachable);
  }
  fmt::print("leverage     {} synapses are all that joins two parts (conductance times resistance is 1)\n", s.bridges);
  fmt::print("             sum over all edges {}, must be {} (Foster)\n", text_of(s.found.foster_sum, "{:.12g}"),
             text_of(s.found.foster_exact, "{:.12g}"));
  if (s.method == EdgeMethod::estimate) print_quality(s.found.quality);
}

// Collective. Exact ones cost less than an estimate where elimination is light.
EdgeMethod method_of(const LaplacianRun& run, const ResistanceOptions& options) {
  const auto chosen = options.edges.for_nodes(run.graph().global_size());
  if (options.edges.asked() || chosen == EdgeMethod::columns) return chosen;
  const double estimate = kEstimateWork * static_cast<double>(run.graph().edges());
  return whole_graph(run.graph(), estimate) ? EdgeMethod::columns : chosen;
}

EdgeResistanceParams params_of(const LaplacianRun& run, const ResistanceOptions& options) {
  auto params = options.edges.params(method_of(run, options));
  params.seed = options.seed;
  if (options.tolerance > 0) params.tolerance = options.tolerance;
  return params;
}

}  // namespace

AnswerKeeper* answers_for(LaplacianRun& run, EdgeMethod method) {
  if (method == EdgeMethod::estimate) return nullptr;
  return run.answers(method == EdgeMethod::pairs ? kPairAnswers : kColumnAnswers);
}

ExitCode resistance_of_synapses(LaplacianRun& run, const ResistanceOptions& options) {
  const auto& comm = run.comm();
  auto params = params_of(run, options);
  params.keeper = answers_for(run, params.method);
  if (params.method == EdgeMethod::pairs) {
    log_info("{} solves are ahead: an estimate takes {}", run.graph().edges(), params.solves);
  }
  const auto found =
      timed(comm, run.times().solve, [&] { return edge_resistances(run.graph(), run.solver(), params); });
  const auto rows = rows_of(run.source(), found);
  const auto table = table_of(rows, run.source().problem() != nullptr);
  return run.finish({found.converged, params.tolerance, &table}, "synapses",
                    section_of(comm, rows, found, params.method));
}

}  // namespace synbal::app
