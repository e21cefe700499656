// Resistances from one neuron to all others, and between all neurons of a small network.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/resistance/resistance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/resistance/diagonal.hpp"

namespace synbal::app {

namespace {

constexpr GlobalIndex kMostNeurons = 20'000;  // of a whole matrix: 3 GiB

/// The neuron where paths begin.
struct FromNeuron {
  GlobalIndex neuron = 0;  ///< global index in the network
  GlobalIndex node = 0;
};

// Collective.
FromNeuron find_origin(const LaplacianRun& run, const GraphSource& source, const std::string& id) {
  const auto found = select_pairs(run.comm(), source.network(), "--from", fmt::format("{0},{0}", id));
  const auto neuron = run.comm().broadcast(found.first.empty() ? GlobalIndex{0} : found.first[0], 0);
  const std::vector<GlobalIndex> asked{neuron};
  return {neuron, source.nodes_of(asked)[0]};
}

/// Resistances to all neurons of this rank, in the user's unit, and what is known about their errors.
struct FromOne {
  std::vector<double> resistance, error;
  bool converged = true, by_elimination = false;
  std::int64_t solves = 0;
  std::optional<EstimateQuality> quality;
  EdgeMethod method = EdgeMethod::columns;
};

// Collective. One pair for every neuron, each to its own accuracy.
FromOne by_pairs(LaplacianRun& run, const ResistanceOptions& options, const FromNeuron& from) {
  const auto& network = run.source().network();
  std::vector<NodePair> pairs;
  std::vector<bool> same;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    pairs.push_back({from.node, run.source().node_of_column()[at(i)]});
    same.push_back(network.rows.first() + i == from.neuron);
  }
  const auto answers = solve_pairs(run, options, pairs, same);
  FromOne result;
  for (const auto& p : answers.pairs) {
    result.resistance.push_back(p.value);
    result.error.push_back(std::isfinite(p.upper) ? (p.upper - p.lower) / 2 : 0.0);
  }
  result.converged = answers.converged;
  result.solves = std::max<std::int64_t>(answers.count - answers.unreachable - 1, 0);
  return result;
}

// Collective. Value of a node on all ranks; `otherwise` for what is none.
double value_at(const ConductanceGraph& graph, std::span<const double> values, GlobalIndex node, double otherwise) {
  if (node < 0) return otherwise;
  const bool own = graph.nodes().owns(node);
  return graph.comm().sum(own ? values[at(node - graph.nodes().first())] : 0.0);
}

// Collective. Whether a node (or ground) is joined with ground.
bool is_grounded(const ConductanceGraph& graph, GlobalIndex node) {
  if (node < 0) return node == kGround;
  const bool own = graph.nodes().owns(node);
  return graph.comm().any(own && graph.component()[at(node - graph.nodes().first())] == graph.grounded_component());
}

// Collective. Exact, by elimination or from the diagonal of L^+ and one solve.
FromOne by_columns(LaplacianRun& run, const ResistanceOptions& options, const FromNeuron& from) {
  auto found = exact_resistances_from(run.graph(), run.solver(), from.node, options.tolerance);
  for (auto& r : found.resistance) r /= run.unit();
  FromOne result;
  result.resistance = run.source().to_neurons(found.resistance, 1, found.to_ground / run.unit(), kInfinity);
  result.error.assign(result.resistance.size(), 0.0);
  result.converged = found.converged, result.by_elimination = found.by_elimination;
  result.solves = run.graph().global_size();
  return result;
}

// Collective. From an estimate of the diagonal of L^+ and one solve.
FromOne by_estimate(LaplacianRun& run, const ResistanceOptions& options, const FromNeuron& from) {
  const auto& graph = run.graph();
  DiagonalParams params;
  params.seed = options.seed, params.tolerance = options.tolerance;
  options.edges.estimate.apply_to(params);
  const auto diagonal = pseudoinverse_diagonal(graph, run.solver(), params);
  auto resistance = resistances_from(graph, run.solver(), from.node, diagonal.value);
  auto error = diagonal.error;
  const double own_error = value_at(graph, diagonal.error, from.node, 0);
  for (std::size_t i = 0; i < error.size(); ++i) {
    error[i] = std::isfinite(resistance[i]) ? std::hypot(error[i], own_error) / run.unit() : 0.0;
    resistance[i] /= run.unit();
  }
  const double to_ground = value_at(graph, diagonal.value, from.node, 0) / run.unit();
  FromOne result;
  result.resistance =
      run.source().to_neurons(resistance, 1, is_grounded(graph, from.node) ? to_ground : kInfinity, kInfinity);
  result.error = run.source().to_neurons(error, 1, own_error / run.unit(), 0);
  result.converged = diagonal.converged, result.solves = diagonal.solves, result.quality = diagonal.quality;
  return result;
}

FromOne from_outside(const GraphSource& source) {
  const auto n = at(source.network().local_size());
  return {std::vector<double>(n, kInfinity), std::vector<double>(n, 0.0), true, false, 0, {}, {}};
}

// Collective.
FromOne find_from(LaplacianRun& run, const ResistanceOptions& options, const FromNeuron& from) {
  const auto method = options.edges.for_nodes(run.graph().global_size());
  auto found = method == EdgeMethod::pairs     ? by_pairs(run, options, from)
               : from.node == kNoNode          ? from_outside(run.source())
               : method == EdgeMethod::columns ? by_columns(run, options, from)
                                               : by_estimate(run, options, from);
  found.method = method;
  const auto& rows = run.source().network().rows;
  if (!rows.owns(from.neuron)) return found;
  const auto own = at(from.neuron - rows.first());
  found.resistance[own] = 0, found.error[own] = 0;
  return found;
}

struct FromSection {
  const FromOne& found;
  std::string neuron;  ///< as the user calls it
  std::int64_t count = 0, unreachable = 0;
  double largest = 0;
};

// Collective.
FromSection section_of(const Comm& comm, const FromOne& found, const std::string& neuron) {
  FromSection section{found, neuron};
  for (const double r : found.resistance) {
    if (std::isinf(r))
      ++section.unreachable;
    else
      section.largest = std::max(section.largest, r);
  }
  section.count = std::max<std::int64_t>(comm.sum(static_cast<std::int64_t>(found.resistance.size())) - 1, 0);
  section.unreachable = comm.sum(section.unreachable), section.largest = comm.max(section.largest);
  return section;
}

void describe(ReportWriter& report, const FromSection& f) {
  if (const auto id = number_in<std::int64_t>(f.neuron)) report("neuron", *id);
  if (!number_in<std::int64_t>(f.neuron)) report("neuron", f.neuron);
  report("count", f.count)("method", to_string(f.found.method))("solves", f.found.solves);
  report("all_converged", f.found.converged)("unreachable", f.unreachable)("largest", f.largest);
  if (f.found.quality) report("quality", *f.found.quality);
}

void print(const FromSection& f) {
  fmt::print("resistance   from neuron {} to {} others by {}: {}; up to {}, {} cannot be reached\n", f.neuron, f.count,
             method_text(f.found.method, f.found.solves, f.found.by_elimination), converged_text(f.found.converged),
             text_of(f.largest, "{:.6g}"), f.unreachable);
  if (f.found.quality) print_quality(*f.found.quality);
}

// ---- all

/// Writes the rows of a matrix of neurons; those of nodes come in blocks of columns, which symmetry makes rows.
class AllPairs {
 public:
  /// Collective.
  AllPairs(LaplacianRun& run, const ResistanceOptions& options, const Provenance& about)
      : run_(&run),
        places_(run.source().places()),
        writer_(run.comm(), options.output, "resistance", places_, run.source().ids(), about) {}

  // Collective.
  bool write(double tolerance) {
    const auto& graph = run_->graph();
    std::vector<double> to_ground(at(graph.size()), kInfinity);
    bool converged = true;
    if (graph.comm().any(graph.grounded_component() >= 0)) converged = find_ground(to_ground);
    CountProgress progress("resistance", graph.global_size(), "rows");
    const auto take = [&](GlobalIndex first, int columns, std::span<const double> values) {
      for (int k = 0; k < columns; ++k) write_node(first + k, k, columns, values, to_ground);
      progress.update(first + columns);
    };
    converged = resistance_matrix(graph, run_->solver(), take, tolerance) && converged;
    write_others(to_ground);
    writer_.finish(converged);
    return converged;
  }

 private:
  // Collective. Resistances to ground are the diagonal of L^+, where there is ground.
  bool find_ground(std::vector<double>& to_ground) {
    const auto& graph = run_->graph();
    DiagonalParams params;
    params.exact = true;
    const auto diagonal = pseudoinverse_diagonal(graph, run_->solver(), params);
    for (std::size_t i = 0; i < to_ground.size(); ++i) {
      if (graph.component()[i] == graph.grounded_component()) to_ground[i] = diagonal.value[i];
    }
    return diagonal.converged;
  }

  // Collective. Place in the file of a node's neuron.
  [[nodiscard]] std::int64_t place_of(GlobalIndex node) const {
    const auto& graph = run_->graph();
    const bool own = graph.nodes().owns(node);
    return graph.comm().sum(own ? places_[at(graph.network_row()[at(node - graph.nodes().first())])] : std::int64_t{0});
  }

  // Collective.
  void write_node(GlobalIndex node, int k, int columns, std::span<const double> values,
                  std::span<const double> to_ground) {
    const auto& graph = run_->graph();
    std::vector<double> column(at(graph.size()));
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = values[i * at(columns) + at(k)] / run_->unit();
    const double ground =
        graph.comm().min(graph.nodes().owns(node) ? to_ground[at(node - graph.nodes().first())] : kInfinity);
    writer_.row(place_of(node), run_->source().to_neurons(column, 1, ground / run_->unit(), kInfinity));
  }

  // Collective. Pinned neurons and those that are no nodes.
  void write_others(std::vector<double> to_ground) {
    for (auto& r : to_ground) r /= run_->unit();
    const auto pinned = run_->source().to_neurons(to_ground, 1, 0, kInfinity);
    const std::vector<double> nothing(places_.size(), kInfinity);
    for (const auto kind : {kGround, kNoNode}) {
      std::vector<std::int64_t> own;
      for (std::size_t i = 0; i < places_.size(); ++i) {
        if (run_->source().node_of_column()[i] == kind) own.push_back(places_[i]);
      }
      for (const auto place : run_->comm().gather_all(std::span<const std::int64_t>(own))) {
        auto row = kind == kGround ? pinned : nothing;
        const auto self = std::ranges::find(places_, place);
        if (self != places_.end()) row[at(self - places_.begin())] = 0;
        writer_.row(place, row);
      }
    }
  }

  LaplacianRun* run_;
  std::vector<std::int64_t> places_;
  MatrixWriter writer_;
};

void check_size(const GraphSource& source) {
  const auto n = source.network().size();
  if (n <= kMostNeurons) return;
  const auto bytes = human_bytes(8.0 * static_cast<double>(n) * static_cast<double>(n));
  throw bad_input(
      fmt::format("--all: the matrix of {} neurons takes {} and {} solves (at most {} neurons are allowed): name "
                  "--pairs, or take --synapses or --from",
                  n, bytes, 2 * n, kMostNeurons));
}

struct AllSection {
  GlobalIndex neurons;
  double tolerance;
  bool converged;
};

void describe(ReportWriter& report, const AllSection& a) {
  report("neurons", a.neurons)("tolerance", a.tolerance)("all_converged", a.converged);
}

void print(const AllSection& a) {
  fmt::print("resistance   between all {} neurons: {}\n", a.neurons, converged_text(a.converged));
}

}  // namespace

ExitCode resistance_from_neuron(LaplacianRun& run, const ResistanceOptions& options) {
  const auto& comm = run.comm();
  const auto from = find_origin(run, run.source(), *options.from);
  const auto found = timed(comm, run.times().solve, [&] { return find_from(run, options, from); });
  auto table = run.source().table_of_neurons();
  table.columns.push_back(real_column("resistance", [&](std::int64_t r) { return found.resistance[at(r)]; }));
  table.columns.push_back(real_column("error", [&](std::int64_t r) { return found.error[at(r)]; }));
  return run.finish({found.converged, options.tolerance, &table}, "from", section_of(comm, found, *options.from));
}

ExitCode resistance_of_all(LaplacianRun& run, const ResistanceOptions& options) {
  const auto& comm = run.comm();
  agreed(comm, [&] { check_size(run.source()); });
  const auto solves = exact_solve(options.tolerance);
  const double tolerance = std::max(solves.tolerance, solves.acceptable);  // what is sure
  const bool converged = timed(comm, run.times().solve, [&] {
    auto about = run.provenance(tolerance);
    about.reason = "see /converged", about.exit_code = -1;
    return AllPairs(run, options, about).write(options.tolerance);
  });
  return run.finish({converged, tolerance}, "all", AllSection{run.source().network().size(), tolerance, converged});
}

}  // namespace synbal::app
