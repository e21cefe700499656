// synbal laplacian heat FILE --times T1,T2,... [--initial FILE[:/dataset]] -o OUT
#include <fmt/format.h>

#include <algorithm>

#include "app/laplacian/laplacian_run.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/io/neuron_vectors.hpp"
#include "synbal/spectral/heat.hpp"

namespace synbal::app {

static void describe(ReportWriter& report, const HeatTime& t) {
  report("time", t.time)("error", t.error)("converged", t.converged)("steps", t.steps);
}

namespace {

struct HeatOptions : LaplacianOptions {
  std::string times, initial;
  HeatParams params;
};

/// @throws Error usage for what is no ascending list of times.
std::vector<double> ascending_times(const std::string& words) {
  auto times = times_of("--times", words);
  const auto falls = std::ranges::adjacent_find(times, std::ranges::greater_equal{});
  if (falls == times.end()) return times;
  throw usage_error(
      fmt::format("--times: {:g} comes after {:g}: write times in ascending order", *(falls + 1), *falls));
}

// Collective. [network rows * columns] In the user's unit. Without --initial: the imbalance of the costs.
NeuronVectors initial_of(LaplacianRun& run, const HeatOptions& options) {
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

struct HeatSection {
  const HeatResult& found;
  const HeatParams& params;
  std::string initial;

  [[nodiscard]] double largest_error() const {
    double error = 0;
    for (const auto& t : found.times) error = std::max(error, t.error);
    return error;
  }
};

void describe(ReportWriter& report, const HeatSection& h) {
  report("initial", h.initial)("power", h.params.power)("tolerance", h.params.tolerance);
  report("all_converged", h.found.converged)("largest_error", h.largest_error())("spaces", h.found.spaces);
  report("solves", h.found.solves)("most_iterations", h.found.iterations)("seconds", h.found.seconds);
  report("times", h.found.times);
}

void print(const HeatSection& h) {
  fmt::print("heat         exp(-p L t) of {} (p = {:g}) at {} times: {}, error about {} (asked for: {:g})\n", h.initial,
             h.params.power, h.found.times.size(), converged_text(h.found.converged),
             text_of(h.largest_error(), "{:.2e}"), h.params.tolerance);
}

/// Values of all neurons at all times: neuron i of column k at time t at [k][i * times + t].
class Course {
 public:
  Course(const GraphSource& source, const NeuronVectors& initial, std::size_t times)
      : source_(&source),
        initial_(&initial),
        times_(times),
        columns_(at(initial.columns)),
        value_(columns_, std::vector<double>(initial.values.size() / columns_ * times)) {}

  /// Values [nodes * columns] at time number `number`. Where there is no node there is no diffusion.
  void take(std::size_t number, std::span<const double> nodes) {
    auto now = initial_->values;
    const auto row = source_->graph().network_row();
    const auto m = columns_;
    for (std::size_t e = 0; e < nodes.size(); ++e) now[at(row[e / m]) * m + e % m] = nodes[e];
    for (std::size_t e = 0; e < now.size(); ++e) value_[e % m][e / m * times_ + number] = now[e];
  }

  [[nodiscard]] Table table(const std::vector<double>& times) const {
    auto table = source_->table_of_neurons();
    for (std::size_t k = 0; k < columns_; ++k) {
      const auto value = [this, k](std::int64_t e) { return value_[k][at(e)]; };
      table.columns.push_back(
          real_column(columns_ == 1 ? "u" : fmt::format("u{}", k + 1), value, static_cast<std::int64_t>(times_)));
    }
    table.notes = {{"time", times}};
    return table;
  }

 private:
  const GraphSource* source_;
  const NeuronVectors* initial_;
  std::size_t times_, columns_;
  std::vector<std::vector<double>> value_;
};

HeatParams params_of(const HeatOptions& options) {
  auto params = options.params;
  params.power = options.graph.conductances ? 1 : options.graph.input.power;
  params.solver = options.solver;
  return params;
}

ExitCode run_heat(const Context& context, const HeatOptions& options) {
  const auto times = ascending_times(options.times);
  if (options.graph.conductances && options.initial.empty()) {
    throw usage_error("--conductances has no costs and so no imbalance to start from: give --initial");
  }
  LaplacianRun run(context, options, OutputKind::table, {options.initial});
  const auto params = params_of(options);
  const auto initial = initial_of(run, options);
  Course course(run.source(), initial, times.size());
  const auto found = timed(run.comm(), run.times().solve, [&] {
    return heat(
        run.graph(), run.source().to_nodes(initial.values, initial.columns), initial.columns, times,
        [&](std::size_t number, double, std::span<const double> nodes) { course.take(number, nodes); }, params);
  });
  const auto table = course.table(times);
  return run.finish({found.converged, params.tolerance, &table}, "heat",
                    HeatSection{found, params, options.initial.empty() ? "imbalance" : options.initial});
}

}  // namespace

Command add_laplacian_heat(const OptionSet& laplacian) {
  const auto command = laplacian.add_command("heat", "exp(-p L t) v: heat diffusing on the graph");
  auto o = std::make_shared<HeatOptions>();
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
  command.examples({"synbal laplacian heat net.h5 --times 0.1,1,10 -o heat.h5",
                    "synbal laplacian heat net.h5 --at equilibrium --times 1 -o heat.csv"});
  return {command, [o](const Context& context) { return run_heat(context, *o); }};
}

}  // namespace synbal::app
