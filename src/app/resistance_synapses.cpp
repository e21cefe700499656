// The resistance of every synapse: that of the edge between its neurons.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "app/resistance.hpp"
#include "synbal/balance/synapse_costs.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kBridge = 1 - 1e-9;  // leverage of an edge that nothing goes around

/// What is written of the synapses of this rank, in the user's unit; self-loops are left out.
struct SynapseRows {
  std::vector<std::int64_t> postsynaptic, presynaptic;
  std::vector<double> cost, conductance, resistance;
};

// Collective. Costs at the state that the problem holds; nothing where weights are conductances.
std::optional<SynapseCosts> costs_of(const GraphSource& source) {
  const auto* problem = source.problem();
  if (problem == nullptr) return {};
  SynapseCosts costs(source.comm(), source.network(), problem->power());
  costs.scale(problem->to_network(problem->base(), 0));
  return costs;
}

// Collective.
SynapseRows rows_of(const GraphSource& source, const EdgeResistances& found) {
  const auto& network = source.network();
  const double unit = source.graph().unit();
  const EdgeOfSynapse edge_of(source, found);
  const auto ids = source.ids_of_columns();
  const auto costs = costs_of(source);
  SynapseRows rows;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      if (j == i) continue;
      const auto edge = edge_of(i, j);
      rows.postsynaptic.push_back(ids[at(i)]), rows.presynaptic.push_back(ids[at(j)]);
      rows.conductance.push_back(edge.conductance * unit), rows.resistance.push_back(edge.resistance / unit);
      if (costs) rows.cost.push_back(costs->cost(i, e));
    }
  }
  return rows;
}

Table table_of(const SynapseRows& rows) {
  const auto integer = [](const char* name, const std::vector<std::int64_t>& values) {
    return integer_column(name, [&values](std::int64_t r) { return values[at(r)]; });
  };
  const auto real = [](const char* name, const std::vector<double>& values) {
    return real_column(name, [&values](std::int64_t r) { return values[at(r)]; });
  };
  Table table;
  table.rows = static_cast<std::int64_t>(rows.resistance.size());
  table.columns = {integer("postsynaptic", rows.postsynaptic), integer("presynaptic", rows.presynaptic)};
  if (!rows.cost.empty() || rows.resistance.empty()) table.columns.push_back(real("cost", rows.cost));
  table.columns.push_back(real("conductance", rows.conductance));
  table.columns.push_back(real("resistance", rows.resistance));
  table.columns.push_back(real_column("leverage", [&rows](std::int64_t r) {
    const double c = rows.conductance[at(r)];
    return c > 0 ? c * rows.resistance[at(r)] : 0.0;
  }));
  return table;
}

struct SynapsesSection {
  const EdgeResistances& found;
  EdgeMethod method;
  std::int64_t count = 0, unreachable = 0, bridges = 0;
  double smallest = kInfinity, largest = -kInfinity;
};

// Collective.
SynapsesSection section_of(const Comm& comm, const SynapseRows& rows, const EdgeResistances& found, EdgeMethod method) {
  std::array<std::int64_t, 3> counts{static_cast<std::int64_t>(rows.resistance.size()), 0, 0};
  std::array<double, 2> extremes{-kInfinity, -kInfinity};  // of -R and R
  for (std::size_t k = 0; k < rows.resistance.size(); ++k) {
    const double r = rows.resistance[k];
    counts[1] += std::isinf(r) ? 1 : 0;
    if (std::isinf(r)) continue;
    counts[2] += rows.conductance[k] * r >= kBridge ? 1 : 0;
    extremes[0] = std::max(extremes[0], -r), extremes[1] = std::max(extremes[1], r);
  }
  comm.sum(std::span<std::int64_t>(counts));
  comm.max(std::span<double>(extremes));
  return {found, method, counts[0], counts[1], counts[2], -extremes[0], extremes[1]};
}

void describe(ReportWriter& report, const SynapsesSection& s) {
  const auto& f = s.found;
  report("count", s.count)("unreachable", s.unreachable)("bridges", s.bridges);
  report("smallest", s.smallest)("largest", s.largest)("method", to_string(s.method))("solves", f.solves);
  report("all_converged", f.converged)("foster_sum", f.foster_sum)("foster_exact", f.foster_exact);
  report("largest_leverage", f.largest_leverage)("above_one", f.above_one);
  report.object("seconds", [&](ReportWriter& r) {
    r("walks", f.walk_seconds)("solves", f.solve_seconds)("combine", f.combine_seconds)("check", f.check_seconds);
  });
  if (s.method == EdgeMethod::estimate) report("quality", f.quality);
}

void print(const SynapsesSection& s) {
  fmt::print("resistance   {} synapses by {} ({} solves): {}; from {} to {}\n", s.count, to_string(s.method),
             s.found.solves, converged_text(s.found.converged), text_of(s.smallest, "{:.6g}"),
             text_of(s.largest, "{:.6g}"));
  if (s.unreachable > 0) {
    fmt::print("             {} of them lead from one component to another: infinite\n", s.unreachable);
  }
  fmt::print("leverage     {} synapses are all that joins two parts (conductance times resistance is 1)\n", s.bridges);
  fmt::print("             sum over all edges {}, must be {} (Foster)\n", text_of(s.found.foster_sum, "{:.12g}"),
             text_of(s.found.foster_exact, "{:.12g}"));
  if (s.method == EdgeMethod::estimate) print_quality(s.found.quality);
}

EdgeResistanceParams params_of(const ResistanceOptions& options, GlobalIndex nodes) {
  auto params = options.edges.params(options.edges.for_nodes(nodes));
  params.seed = options.seed;
  if (options.tolerance > 0) params.tolerance = options.tolerance;
  return params;
}

}  // namespace

ExitCode resistance_of_synapses(LaplacianRun& run, const ResistanceOptions& options) {
  const auto& comm = run.comm();
  const auto params = params_of(options, run.graph().global_size());
  if (params.method != EdgeMethod::estimate) {
    log_info("{} solves are ahead: an estimate takes {}",
             params.method == EdgeMethod::pairs ? run.graph().edges() : run.graph().global_size(), params.solves);
  }
  const auto found =
      timed(comm, run.times().solve, [&] { return edge_resistances(run.graph(), run.solver(), params); });
  const auto rows = rows_of(run.source(), found);
  const auto table = table_of(rows);
  return run.finish({found.converged, params.tolerance, &table}, "synapses",
                    section_of(comm, rows, found, params.method));
}

}  // namespace synbal::app
