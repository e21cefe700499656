// synbal laplacian solve FILE [--rhs FILE[:/dataset]] -o OUT
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/laplacian/laplacian_run.hpp"
#include "synbal/io/neuron_vectors.hpp"

namespace synbal::app {

namespace {

struct SolveOptions : LaplacianOptions {
  std::string rhs;
  LaplacianSolveParams params;
};

/// Right-hand sides in the graph's unit, and how much of them no node sees.
struct Sides {
  int columns = 1;
  std::vector<double> b;                // [nodes * columns]
  std::vector<double> outside, square;  // [columns] |b|^2 of neurons that are no nodes, and of all; over all ranks
};

// Collective. Without --rhs: the imbalance of the costs, so that x = p h* of the heat equation around this state.
Sides sides_of(LaplacianRun& run, const SolveOptions& options) {
  auto& source = run.source();
  if (options.rhs.empty()) return {1, source.imbalance_of_nodes(), {0.0}, {0.0}};
  const auto read = read_neuron_vectors(run.comm(), source.network(), "--rhs", options.rhs);
  const auto m = at(read.columns);
  Sides sides{read.columns, source.to_nodes(read.values, read.columns), std::vector<double>(m), std::vector<double>(m)};
  for (auto& value : sides.b) value /= run.unit();
  for (std::size_t e = 0; e < read.values.size(); ++e) {
    const double square = read.values[e] * read.values[e];
    sides.square[e % m] += square;
    if (source.node_of_column()[e / m] < 0) sides.outside[e % m] += square;
  }
  run.comm().sum(std::span(sides.square));
  run.comm().sum(std::span(sides.outside));
  return sides;
}

/// The share of a right-hand side that lies outside the range of L, neurons that are no nodes included.
double projected_share(const LaplacianColumn& column, double outside, double square) {
  if (!(square > 0)) return column.projected;
  const double within = (1 - outside / square) * column.projected * column.projected;
  return std::sqrt(outside / square + within);
}

/// One right-hand side, in the user's unit.
struct ColumnSection {
  LaplacianColumn solved;
  double projected = 0, energy = 0;
};

void describe(ReportWriter& report, const ColumnSection& column) {
  report("iterations", column.solved.iterations)("true_residual", column.solved.residual);
  report("projected", column.projected)("energy", column.energy)("converged", column.solved.converged);
}

struct SolveSection {
  const LaplacianSolve& solved;
  std::string source;
  double tolerance = 0, largest_residual = 0, largest_projected = 0;
  std::vector<ColumnSection> columns = {};
};

SolveSection section_of(const LaplacianSolve& solved, const Sides& sides, const SolveOptions& options, double unit) {
  SolveSection section{solved, options.rhs.empty() ? "imbalance" : options.rhs, options.params.tolerance};
  for (std::size_t k = 0; k < solved.columns.size(); ++k) {
    const auto& c = solved.columns[k];
    const double projected = projected_share(c, sides.outside[k], sides.square[k]);
    section.largest_residual = std::max(section.largest_residual, c.residual);
    section.largest_projected = std::max(section.largest_projected, projected);
    section.columns.push_back({c, projected, c.energy * unit});
  }
  return section;
}

void describe(ReportWriter& report, const SolveSection& s) {
  report("right_hand_sides", s.columns.size())("source", s.source)("preconditioner", s.solved.preconditioner);
  report("tolerance", s.tolerance)("all_converged", s.solved.converged)("most_iterations", s.solved.iterations);
  report("largest_residual", s.largest_residual)("largest_projected", s.largest_projected);
  report("matrix_passes", s.solved.matrix_passes)("setup_seconds", s.solved.setup_seconds);
  report("solve_seconds", s.solved.solve_seconds)("columns", s.columns);
}

void print(const SolveSection& s) {
  fmt::print("solve        {} right-hand {} ({}) with {}: {}, {} iterations, true residual {} (asked for: {:g})\n",
             s.columns.size(), s.columns.size() == 1 ? "side" : "sides", s.source, s.solved.preconditioner,
             converged_text(s.solved.converged), s.solved.iterations, text_of(s.largest_residual, "{:.2e}"),
             s.tolerance);
  fmt::print("projection   at most {} of a right-hand side lies outside the range of L and was left out\n",
             text_of(s.largest_projected, "{:.2e}"));
}

Table table_of(const GraphSource& source, const std::vector<double>& x, const LaplacianSolve& solved, int columns) {
  auto table = source.table_of_neurons();
  const auto value = [&](std::int64_t e) { return x[at(e)]; };
  table.columns.push_back(real_column("x", value, columns == 1 ? 0 : columns));
  TableNote residual{"residual", {}}, converged{"converged", {}};
  for (const auto& c : solved.columns) {
    residual.values.push_back(c.residual), converged.values.push_back(c.converged ? 1 : 0);
  }
  table.notes = {residual, converged};
  return table;
}

ExitCode run_solve(const Context& context, const SolveOptions& options) {
  if (options.graph.conductances && options.rhs.empty()) {
    throw usage_error("--conductances has no costs and so no imbalance to start from: give --rhs");
  }
  LaplacianRun run(context, options, OutputKind::table, {options.rhs});
  const auto sides = sides_of(run, options);
  std::vector<double> x(sides.b.size());
  const auto solved = timed(run.comm(), run.times().solve,
                            [&] { return run.solver().solve(sides.b, x, sides.columns, options.params); });
  const auto all = run.source().to_neurons(x, sides.columns, 0, 0);
  const auto table = table_of(run.source(), all, solved, sides.columns);
  return run.finish({solved.converged, options.params.tolerance, &table}, "solve",
                    section_of(solved, sides, options, run.unit()));
}

}  // namespace

Command add_laplacian_solve(const OptionSet& laplacian) {
  const auto command = laplacian.add_command("solve", "x = L^+ b for one or many right-hand sides");
  auto o = std::make_shared<SolveOptions>();
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz").required();
  command
      .add("--rhs", o->rhs,
           "right-hand sides: a dataset of shape [N] or [N, m], or text with a line for every neuron; without: "
           "the imbalance in - out")
      .shown_as("FILE[:/dataset]");
  command.add("--tolerance", o->params.tolerance, "on |b - L x| / |b|, b projected onto the range of L")
      .within({1e-16, 1})
      .with_default();
  command.add("--max-iterations", o->params.max_iterations, "of conjugate gradients, for each right-hand side")
      .positive()
      .with_default();
  command.footer(
      "Every component without ground leaves a constant free: b is projected, x has the mean 0 there. Neurons that\n"
      "are no nodes (pinned, or on no cycle) get 0. With the imbalance as right-hand side, x = p h*, h* being where\n"
      "the heat equation around this state ends (Stock et al. 2022).");
  command.examples({"synbal laplacian solve net.h5 -o x.h5", "synbal laplacian solve net.h5 --rhs b.txt -o x.csv"});
  return {command, [o](const Context& context) { return run_solve(context, *o); }};
}

}  // namespace synbal::app
