// The resistance of every synapse: that of the edge between its neurons.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "app/edge_of_synapse.hpp"
#include "app/resistance_options.hpp"
#include "app/resistance_report.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kBridge = 1 - 1e-9;  // leverage of an edge that nothing goes around

/// Costs of single synapses at the state that the problem holds.
class SynapseCosts {
 public:
  /// Collective.
  explicit SynapseCosts(const GraphSource& source) : network_(&source.network()), power_(source.problem()->power()) {
    const auto& problem = *source.problem();
    h_ = with_ghosts(problem.to_network(problem.base(), 0));
    if (source.comm().any(!network_->nodes.gain.empty())) {
      auto gain = network_->nodes.gain;
      gain.resize(at(network_->local_size()), 1.0);
      gain_ = with_ghosts(std::move(gain));
    }
  }
  /// c_ij = sigma_j^2 |J_ij|^p e^{p(h_j - h_i)}.
  [[nodiscard]] double operator()(LocalIndex row, LocalIndex column, double weight) const {
    const double gain = gain_.empty() ? 1.0 : gain_[at(column)];
    return gain * gain * std::pow(std::abs(scaled_weight(weight, h_[at(column)] - h_[at(row)])), power_);
  }

 private:
  [[nodiscard]] std::vector<double> with_ghosts(std::vector<double> values) const {
    const auto owned = values.size();
    values.resize(owned + network_->halo.ghosts().size());
    HaloExchange<double>(network_->halo).forward(std::span(values).first(owned), std::span(values).subspan(owned));
    return values;
  }

  const Network* network_;
  double power_;
  std::vector<double> h_, gain_;  // [network rows, then ghosts]
};

/// What is written of the synapses of this rank, in the user's unit; self-loops are left out.
struct SynapseRows {
  std::vector<std::int64_t> postsynaptic, presynaptic;
  std::vector<double> cost, conductance, resistance;
};

// Collective.
SynapseRows rows_of(const GraphSource& source, const EdgeResistances& found) {
  const auto& network = source.network();
  const double unit = source.graph().unit();
  const EdgeOfSynapse edge_of(source, found);
  const auto ids = source.ids_of_columns();
  std::optional<SynapseCosts> costs;
  if (source.problem() != nullptr) costs.emplace(source);
  SynapseRows rows;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      const auto j = network.column[e];
      if (j == i) continue;
      const auto edge = edge_of(i, j);
      rows.postsynaptic.push_back(ids[at(i)]), rows.presynaptic.push_back(ids[at(j)]);
      rows.conductance.push_back(edge.conductance * unit), rows.resistance.push_back(edge.resistance / unit);
      if (costs) rows.cost.push_back((*costs)(i, j, network.weight[e]));
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

// Collective.
Json report_rows(const Comm& comm, const SynapseRows& rows) {
  std::array<std::int64_t, 3> counts{static_cast<std::int64_t>(rows.resistance.size()), 0, 0};
  std::array<double, 2> extremes{-kInfinity, -kInfinity};  // of -R and R
  for (std::size_t k = 0; k < rows.resistance.size(); ++k) {
    const double r = rows.resistance[k];
    if (std::isinf(r)) {
      ++counts[1];
      continue;
    }
    counts[2] += rows.conductance[k] * r >= kBridge ? 1 : 0;
    extremes[0] = std::max(extremes[0], -r), extremes[1] = std::max(extremes[1], r);
  }
  comm.sum(std::span<std::int64_t>(counts));
  comm.max(std::span<double>(extremes));
  return {{"count", counts[0]},
          {"unreachable", counts[1]},
          {"bridges", counts[2]},
          {"smallest", number(-extremes[0])},
          {"largest", number(extremes[1])}};
}

void report_method(Json& report, const EdgeResistances& found, EdgeMethod method) {
  report["method"] = name_of(method);
  report["solves"] = found.solves;
  report["all_converged"] = found.converged;
  report["foster_sum"] = number(found.foster_sum);
  report["foster_exact"] = number(found.foster_exact);
  report["largest_leverage"] = number(found.largest_leverage);
  report["above_one"] = found.above_one;
  report["seconds"] = {{"walks", found.walk_seconds},
                       {"solves", found.solve_seconds},
                       {"combine", found.combine_seconds},
                       {"check", found.check_seconds}};
  if (method == EdgeMethod::estimate) report["quality"] = report_quality(found.quality);
}

void print(const Json& report) {
  const auto& s = report["synapses"];
  fmt::print("resistance   {} synapses by {} ({} solves): {}; from {} to {}\n", s["count"].get<std::int64_t>(),
             s["method"].get<std::string>(), s["solves"].get<std::int64_t>(),
             s["all_converged"].get<bool>() ? "converged" : "TOLERANCE NOT REACHED", text_of(s["smallest"], "{:.6g}"),
             text_of(s["largest"], "{:.6g}"));
  if (s["unreachable"] > 0) {
    fmt::print("             {} of them lead from one component to another: infinite\n",
               s["unreachable"].get<std::int64_t>());
  }
  fmt::print("leverage     {} synapses are all that joins two parts (conductance times resistance is 1)\n",
             s["bridges"].get<std::int64_t>());
  fmt::print("             sum over all edges {}, must be {} (Foster)\n", text_of(s["foster_sum"], "{:.12g}"),
             text_of(s["foster_exact"], "{:.12g}"));
  if (s.contains("quality")) print_quality(s["quality"]);
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
  auto section = report_rows(comm, rows);
  report_method(section, found, params.method);
  run.report()["synapses"] = section;
  const auto table = table_of(rows);
  return run.finish({found.converged, params.tolerance,
                     [&](const Provenance& about) { write_table(comm, table, about, options.output); }, print});
}

}  // namespace synbal::app
