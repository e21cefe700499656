// synbal laplacian diagonal FILE [--exact | --solves M] -o OUT
#include <fmt/format.h>

#include <optional>

#include "app/edge_method.hpp"
#include "app/laplacian_run.hpp"
#include "app/resistance_report.hpp"
#include "synbal/resistance/diagonal.hpp"

namespace synbal::app {

namespace {

struct Options : LaplacianOptions {
  bool exact = false;
  std::optional<int> solves;  // whoever gives this one or the next wants an estimate
  std::optional<std::int64_t> checked;
  double tolerance = 0;
  std::uint64_t seed = 1;
};

DiagonalParams params_of(const Options& options, GlobalIndex nodes) {
  DiagonalParams params;
  params.exact = options.exact || (!options.solves && !options.checked && nodes <= kFewNodes);
  params.solves = options.solves.value_or(params.solves), params.checked = options.checked.value_or(params.checked);
  params.tolerance = options.tolerance, params.seed = options.seed;
  return params;
}

Json report_diagonal(const DiagonalResult& found, bool exact) {
  Json report{{"method", exact ? "exact" : "estimate"},
              {"solves", found.solves},
              {"converged", found.converged},
              {"seconds", found.seconds}};
  if (!exact) report["quality"] = report_quality(found.quality);
  return report;
}

void print(const Json& report) {
  const auto& d = report["diagonal"];
  fmt::print("diagonal     {} from {} solves: {}\n", d["method"].get<std::string>(), d["solves"].get<std::int64_t>(),
             d["converged"].get<bool>() ? "converged" : "TOLERANCE NOT REACHED");
  if (d.contains("quality")) print_quality(d["quality"]);
}

ExitCode run_diagonal(const Context& context, const Options& options) {
  LaplacianRun run(context, options, OutputKind::table, {});
  const auto params = params_of(options, run.graph().global_size());
  auto found =
      timed(run.comm(), run.times().solve, [&] { return pseudoinverse_diagonal(run.graph(), run.solver(), params); });
  run.report()["diagonal"] = report_diagonal(found, params.exact);
  for (auto& v : found.value) v /= run.unit();
  for (auto& v : found.error) v /= run.unit();
  const auto& source = run.source();
  const auto value = source.to_neurons(found.value, 1, 0, 0), error = source.to_neurons(found.error, 1, 0, 0);
  Table table;
  table.rows = source.network().local_size(), table.place = source.places();
  table.columns = {integer_column("id", [&](std::int64_t r) { return source.ids()[at(r)]; }),
                   real_column("diagonal", [&](std::int64_t r) { return value[at(r)]; }),
                   real_column("error", [&](std::int64_t r) { return error[at(r)]; })};
  return run.finish({found.converged, options.tolerance,
                     [&](const Provenance& about) { write_table(run.comm(), table, about, options.output); }, print});
}

}  // namespace

Command add_laplacian_diagonal(const OptionSet& laplacian) {
  const auto command = laplacian.add_command("diagonal", "the diagonal of L^+, exact or estimated with error bars");
  auto o = std::make_shared<Options>();
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz").required();
  const DiagonalParams standard;
  const auto exact = command.add_flag(
      "--exact", o->exact, fmt::format("one solve for every node; what is done up to {} nodes by itself", kFewNodes));
  command.add("--solves", o->solves, "random solves of an estimate; asks for one")
      .within_integers(2, 1'000'000)
      .shown_as("INT")
      .with_default(std::to_string(standard.solves))
      .excludes(exact);
  command.add("--checked", o->checked, "nodes solved exactly to measure the error of an estimate; asks for one")
      .not_negative()
      .shown_as("INT")
      .with_default(std::to_string(standard.checked))
      .excludes(exact);
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
  return {command, [o](const Context& context) { return run_diagonal(context, *o); }};
}

}  // namespace synbal::app
