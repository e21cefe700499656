// synbal laplacian modes FILE --count K -o OUT
#include <fmt/format.h>

#include <algorithm>

#include "app/laplacian_run.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal::app {

namespace {

struct Options : LaplacianOptions {
  ModesParams params;
};

/// Eigenvalues in the user's unit; those of the normalised problem are plain numbers.
std::vector<double> user_values(const Modes& modes, double unit) {
  auto values = modes.value;
  for (auto& v : values) v *= modes.normalised ? 1.0 : unit;
  return values;
}

Json report_modes(const Modes& modes, const Options& options, double unit) {
  Json values = Json::array(), residuals = Json::array();
  for (const double v : user_values(modes, unit)) values.push_back(number(v));
  for (const double r : modes.residual) residuals.push_back(number(r));
  const auto worst = modes.residual.empty() ? 0.0 : *std::ranges::max_element(modes.residual);
  return {{"asked", options.params.count},
          {"found", modes.count},
          {"normalised", modes.normalised},
          {"method", modes.method},
          {"tolerance", options.params.tolerance},
          {"converged", modes.converged},
          {"iterations", modes.iterations},
          {"largest_residual", number(worst)},
          {"seconds", modes.seconds},
          {"value", values},
          {"residual", residuals}};
}

void print(const Json& report) {
  const auto& m = report["modes"];
  fmt::print("modes        {} slowest{} by {}: {}, residuals up to {} (asked for: {:g})\n", m["found"].get<int>(),
             m["normalised"].get<bool>() ? ", normalised," : "", m["method"].get<std::string>(),
             m["converged"].get<bool>() ? "converged" : "TOLERANCE NOT REACHED",
             text_of(m["largest_residual"], "{:.2e}"), m["tolerance"].get<double>());
  if (m["found"] < m["asked"]) {
    fmt::print("             {}\n", m["converged"].get<bool>() ? "L has no more positive eigenvalues than that"
                                                               : "no more were found: rounding hides them");
  }
  std::string line;
  for (std::size_t k = 0; k < std::min<std::size_t>(m["value"].size(), 8); ++k)
    line += " " + text_of(m["value"][k], "{:.6g}");
  if (!line.empty()) fmt::print("eigenvalues {}{}\n", line, m["value"].size() > 8 ? " ..." : "");
}

Table table_of(const GraphSource& source, const Modes& modes, const std::vector<double>& vectors, double unit) {
  Table table;
  table.rows = source.network().local_size(), table.place = source.places();
  table.columns = {integer_column("id", [&](std::int64_t r) { return source.ids()[at(r)]; })};
  if (modes.count > 0) {
    table.columns.push_back(real_column(
        "vector", [&](std::int64_t e) { return vectors[at(e)]; }, modes.count));
  }
  table.notes = {{"value", user_values(modes, unit)}, {"residual", modes.residual}};
  return table;
}

ExitCode run_modes(const Context& context, const Options& options) {
  LaplacianRun run(context, options, OutputKind::table, {});
  const auto modes =
      timed(run.comm(), run.times().solve, [&] { return slowest_modes(run.graph(), run.solver(), options.params); });
  run.report()["modes"] = report_modes(modes, options, run.unit());
  const auto vectors = run.source().to_neurons(modes.vector, modes.count, 0, 0);
  const auto table = table_of(run.source(), modes, vectors, run.unit());
  return run.finish({modes.converged, options.params.tolerance,
                     [&](const Provenance& about) { write_table(run.comm(), table, about, options.output); }, print});
}

}  // namespace

Command add_laplacian_modes(const OptionSet& laplacian) {
  const auto command =
      laplacian.add_command("modes", "the slowest modes: eigenpairs with the smallest positive eigenvalues");
  auto o = std::make_shared<Options>();
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz").required();
  command.add("--count", o->params.count, "how many").within_integers(1, 10'000).with_default();
  command.add_flag("--normalised", o->params.normalised,
                   "L v = lambda D v with the degrees D: the modes of the random walk");
  command.add("--tolerance", o->params.tolerance, "on |L v - lambda v| / lambda").within({1e-15, 0.1}).with_default();
  command.add("--max-iterations", o->params.max_iterations, "of the eigensolver").positive().with_default();
  command.add("--seed", o->params.seed, "of the start vectors").with_default();
  command.footer(
      "/value and /residual have an entry, /vector a column for each mode (csv: the values are in the report alone).\n"
      "The sign of a vector is arbitrary. Neurons that are no nodes have 0.");
  return {command, [o](const Context& context) { return run_modes(context, *o); }};
}

}  // namespace synbal::app
