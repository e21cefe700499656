// synbal laplacian heat FILE --times T1,T2,... [--initial FILE[:/dataset]] -o OUT
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "app/laplacian_run.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/io/neuron_vectors.hpp"
#include "synbal/spectral/heat.hpp"

namespace synbal::app {

namespace {

struct Options : LaplacianOptions {
  std::string times, initial;
  HeatParams params;
};

/// @throws Error usage for what is no ascending list of times.
std::vector<double> parse_times(const std::string& words) {
  std::vector<double> times;
  for (std::size_t begin = 0; begin <= words.size();) {
    const auto end = std::min(words.find(',', begin), words.size());
    const auto word = words.substr(begin, end - begin);
    double time = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), time);
    if (error != std::errc() || rest != word.data() + word.size() || !std::isfinite(time) || time < 0) {
      throw usage_error(fmt::format("--times: '{}' is no time: write numbers from 0 up, T1,T2,...", word));
    }
    if (!times.empty() && time <= times.back()) {
      throw usage_error(fmt::format("--times: {} comes after {}: write times in ascending order", word, times.back()));
    }
    times.push_back(time);
    begin = end + 1;
  }
  return times;
}

// Collective. [network rows * columns] In the user's unit. Without --initial: the imbalance of the costs.
NeuronVectors initial_of(LaplacianRun& run, const Options& options) {
  auto& source = run.source();
  if (options.initial.empty()) {
    auto g = source.imbalance_of_nodes();
    for (auto& v : g) v *= run.unit();
    return {1, source.to_neurons(g, 1, 0, 0)};
  }
  auto read = read_neuron_vectors(run.comm(), source.network(), "--initial", options.initial);
  agreed(run.comm(), [&] {
    if (read.columns <= LaplacianOperator::kMaxColumns) return;
    throw bad_input(fmt::format("{}: {} initial vectors: give at most {} at once", options.initial, read.columns,
                                LaplacianOperator::kMaxColumns));
  });
  const auto m = at(read.columns);
  for (std::size_t e = 0; e < read.values.size(); ++e) {
    if (source.node_of_column()[e / m] == kGround) read.values[e] = 0;
  }
  return read;
}

Json report_heat(const HeatResult& found, const HeatParams& params, const Options& options) {
  Json times = Json::array();
  double error = 0;
  for (const auto& t : found.times) {
    error = std::max(error, t.error);
    times.push_back({{"time", t.time}, {"error", number(t.error)}, {"converged", t.converged}, {"steps", t.steps}});
  }
  return {{"initial", options.initial.empty() ? "imbalance" : options.initial},
          {"power", params.power},
          {"tolerance", params.tolerance},
          {"all_converged", found.converged},
          {"largest_error", number(error)},
          {"spaces", found.spaces},
          {"solves", found.solves},
          {"most_iterations", found.iterations},
          {"seconds", found.seconds},
          {"times", times}};
}

void print(const Json& report) {
  const auto& h = report["heat"];
  fmt::print("heat         exp(-p L t) of {} (p = {:g}) at {} times: {}, error about {} (asked for: {:g})\n",
             h["initial"].get<std::string>(), h["power"].get<double>(), h["times"].size(),
             h["all_converged"].get<bool>() ? "converged" : "TOLERANCE NOT REACHED",
             text_of(h["largest_error"], "{:.2e}"), h["tolerance"].get<double>());
}

/// Values of all neurons at all times: neuron i of column k at time t at [k][i * times + t].
using Course = std::vector<std::vector<double>>;

Table table_of(const GraphSource& source, const Course& course, const std::vector<double>& times) {
  Table table;
  table.rows = source.network().local_size(), table.place = source.places();
  table.columns = {integer_column("id", [&](std::int64_t r) { return source.ids()[at(r)]; })};
  for (std::size_t k = 0; k < course.size(); ++k) {
    table.columns.push_back(real_column(
        course.size() == 1 ? "u" : fmt::format("u{}", k + 1), [&course, k](std::int64_t e) { return course[k][at(e)]; },
        static_cast<std::int64_t>(times.size())));
  }
  table.notes = {{"time", times}};
  return table;
}

ExitCode run_heat(const Context& context, const Options& options) {
  const auto times = parse_times(options.times);
  if (options.graph.conductances && options.initial.empty()) {
    throw usage_error("--conductances has no costs and so no imbalance to start from: give --initial");
  }
  LaplacianRun run(context, options, OutputKind::table, {options.initial});
  const auto& source = run.source();
  auto params = options.params;
  params.power = options.graph.conductances ? 1 : options.graph.input.power;
  params.solver = run.solver_params();
  const auto initial = initial_of(run, options);
  const auto m = at(initial.columns);
  Course course(m, std::vector<double>(initial.values.size() / m * times.size()));
  const auto take = [&](std::size_t number, double, std::span<const double> nodes) {
    // Where there is no node there is no diffusion.
    auto now = initial.values;
    const auto row = run.graph().network_row();
    for (std::size_t e = 0; e < nodes.size(); ++e) now[at(row[e / m]) * m + e % m] = nodes[e];
    for (std::size_t e = 0; e < now.size(); ++e) course[e % m][e / m * times.size() + number] = now[e];
  };
  const auto found = timed(run.comm(), run.times().solve, [&] {
    return heat(run.graph(), source.to_nodes(initial.values, initial.columns), initial.columns, times, take, params);
  });
  run.report()["heat"] = report_heat(found, params, options);
  const auto table = table_of(source, course, times);
  return run.finish({found.converged, params.tolerance,
                     [&](const Provenance& about) { write_table(run.comm(), table, about, options.output); }, print});
}

}  // namespace

Command add_laplacian_heat(const OptionSet& laplacian) {
  const auto command = laplacian.add_command("heat", "exp(-p L t) v: heat diffusing on the graph");
  auto o = std::make_shared<Options>();
  add_laplacian_options(command, *o, ".h5, .csv, .csv.gz").required();
  command.add("--times", o->times, "ascending, from 0 up").required().shown_as("T1,T2,...");
  command
      .add("--initial", o->initial,
           "v: a dataset of shape [N] or [N, m], or text with a line for every neuron; without: the imbalance "
           "in - out")
      .shown_as("FILE[:/dataset]");
  command.add("--tolerance", o->params.tolerance, "on |error| / |v|").within({1e-14, 0.1}).with_default();
  command.footer(
      "Near equilibrium the imbalance g = in - out relaxes like this (Stock et al. 2022): --initial left out. p is "
      "the\n"
      "--power of the costs, 1 with --conductances. /time has an entry, /u a column for each time. Pinned neurons are\n"
      "held at 0; neurons on no cycle keep what they have.");
  return {command, [o](const Context& context) { return run_heat(context, *o); }};
}

}  // namespace synbal::app
