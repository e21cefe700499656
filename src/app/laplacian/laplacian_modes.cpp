// synbal laplacian modes FILE --count K -o OUT
// synbal laplacian diagonal FILE [--exact | --solves M] -o OUT
#include <fmt/format.h>

#include <algorithm>

#include "app/laplacian/laplacian_run.hpp"
#include "app/resistance/resistance.hpp"
#include "synbal/resistance/diagonal.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal::app {

namespace {

struct ModesOptions : LaplacianOptions {
  ModesParams params;
};

/// Eigenvalues in the user's unit; those of the normalised problem are plain numbers.
std::vector<double> user_values(const Modes& modes, double unit) {
  auto values = modes.value;
  for (auto& v : values) v *= modes.normalised ? 1.0 : unit;
  return values;
}

struct ModesSection {
  const Modes& found;
  const ModesParams& params;
  std::vector<double> values;  ///< in the user's unit

  [[nodiscard]] double largest_residual() const {
    return found.residual.empty() ? 0.0 : *std::ranges::max_element(found.residual);
  }
};

void describe(ReportWriter& report, const ModesSection& m) {
  report("asked", m.params.count)("found", m.found.count)("normalised", m.found.normalised)("method", m.found.method);
  report("tolerance", m.params.tolerance)("converged", m.found.converged)("iterations", m.found.iterations);
  report("largest_residual", m.largest_residual())("seconds", m.found.seconds);
  report("value", m.values)("residual", m.found.residual);
}

void print(const ModesSection& m) {
  fmt::print("modes        {} slowest{} by {}: {}, residuals up to {} (asked for: {:g})\n", m.found.count,
             m.found.normalised ? ", normalised," : "", m.found.method, converged_text(m.found.converged),
             text_of(m.largest_residual(), "{:.2e}"), m.params.tolerance);
  if (m.found.count < m.params.count) {
    fmt::print("             {}\n", m.found.converged ? "L has no more positive eigenvalues than that"
                                    : m.found.limited ? "--max-iterations ended the search"
                                                      : "no more were found: rounding hides them");
  }
  constexpr std::size_t shown = 8;
  std::string line;
  for (std::size_t k = 0; k < std::min(m.values.size(), shown); ++k) line += " " + text_of(m.values[k], "{:.6g}");
  if (!line.empty()) fmt::print("eigenvalues {}{}\n", line, m.values.size() > shown ? " ..." : "");
}

std::string remedy_of(const Modes& modes) {
  if (modes.limited) return "--max-iterations ended the search for modes: allow more";
  return "not all modes are as accurate as asked: try a larger --tolerance, or a smaller --count";
}

ExitCode run_modes(const Context& context, const ModesOptions& options) {
  LaplacianRun run(context, options, OutputKind::table);
  const auto modes =
      timed(run.comm(), run.times().solve, [&] { return slowest_modes(run.graph(), run.solver(), options.params); });
  const ModesSection section{modes, options.params, user_values(modes, run.unit())};
  const auto vectors = run.source().to_neurons(modes.vector, modes.count, 0, 0);
  auto table = run.source().table_of_neurons();
  const auto value = [&](std::int64_t e) { return vectors[at(e)]; };
  if (modes.count > 0) table.columns.push_back(real_column("vector", value, modes.count));
  table.notes = {{"value", section.values}, {"residual", modes.residual}};
  return run.finish({modes.converged, options.params.tolerance, &table, remedy_of(modes)}, "modes", section);
}

}  // namespace

Command add_laplacian_modes(const OptionSet& laplacian) {
  const auto command =
      laplacian.add_command("modes", "the slowest modes: eigenpairs with the smallest positive eigenvalues");
  auto o = std::make_shared<ModesOptions>();
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
  command.examples({"synbal laplacian modes net.h5 --count 6 -o modes.h5",
                    "synbal laplacian modes net.h5 --at equilibrium --count 2 -o modes.csv"});
  return {command, [o](const Context& context) { return run_modes(context, *o); }};
}

// ---- diagonal

namespace {

struct DiagonalOptions : LaplacianOptions {
  bool exact = false;
  EstimateOptions estimate;
  double tolerance = 0;
  std::uint64_t seed = 1;
};

DiagonalParams params_of(const DiagonalOptions& options, GlobalIndex nodes) {
  DiagonalParams params;
  params.exact = options.exact || (!options.estimate.given() && nodes <= kFewNodes);
  options.estimate.apply_to(params);
  params.tolerance = options.tolerance, params.seed = options.seed;
  return params;
}

struct DiagonalSection {
  const DiagonalResult& found;
  bool exact;

  [[nodiscard]] const char* method() const { return exact ? "exact" : "estimate"; }
};

void describe(ReportWriter& report, const DiagonalSection& d) {
  report("method", d.method())("solves", d.found.solves)("converged", d.found.converged)("seconds", d.found.seconds);
  if (!d.exact) report("quality", d.found.quality);
}

void print(const DiagonalSection& d) {
  fmt::print("diagonal     {} from {} solves{}: {}\n", d.method(), d.found.solves,
             d.found.by_elimination ? " in one elimination" : "", converged_text(d.found.converged));
  if (!d.exact) print_quality(d.found.quality);
}

ExitCode run_diagonal(const Context& context, const DiagonalOptions& options) {
  LaplacianRun run(context, options, OutputKind::table);
  const auto params = params_of(options, run.graph().global_size());
  auto found =
      timed(run.comm(), run.times().solve, [&] { return pseudoinverse_diagonal(run.graph(), run.solver(), params); });
  for (auto& v : found.value) v /= run.unit();
  for (auto& v : found.error) v /= run.unit();
  const auto& source = run.source();
  const auto value = source.to_neurons(found.value, 1, 0, 0), error = source.to_neurons(found.error, 1, 0, 0);
  auto table = source.table_of_neurons();
  table.columns.push_back(real_column("diagonal", [&](std::int64_t r) { return value[at(r)]; }));
  table.columns.push_back(real_column("error", [&](std::int64_t r) { return error[at(r)]; }));
  return run.finish({found.converged, options.tolerance, &table}, "diagonal", DiagonalSection{found, params.exact});
}

}  // namespace

Command add_laplacian_diagonal(const OptionSet& laplacian) {
  const auto command = laplacian.add_command("diagonal", "the diagonal of L^+, exact or estimated with error bars");
  auto o = std::make_shared<DiagonalOptions>();
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz").required();
  const auto exact = command.add_flag(
      "--exact", o->exact, fmt::format("one solve for every node; what is done up to {} nodes by itself", kFewNodes));
  for (auto option : add_estimate_options(command, o->estimate, DiagonalParams{}, "nodes")) option.excludes(exact);
  command
      .add("--tolerance", o->tolerance,
           "relative residual of exact solves (0: 1e-12, or 1e-10 where rounding allows no more); of an estimate, what "
           "random solves may lack (0: 1e-5)")
      .within({0, 0.1})
      .with_default();
  command.add("--seed", o->seed, "of the estimate").with_default();
  command.footer(
      "L^+_ii is the mean resistance of a node to the nodes of its component, up to a constant of the component; in\n"
      "a component with ground it is the resistance to ground. Neurons that are no nodes have 0.");
  command.examples({"synbal laplacian diagonal net.h5 -o diagonal.h5",
                    "synbal laplacian diagonal net.h5 --at balanced.h5 -o diagonal.csv"});
  return {command, [o](const Context& context) { return run_diagonal(context, *o); }};
}

}  // namespace synbal::app
