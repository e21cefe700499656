// From a name or a file to layouts, and forecasts in words.
#include "app/outcome/prediction.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>

#include "app/report.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::app {

namespace {

/// Where a layout is from, as the report says and as people read it.
struct Origin {
  const char *word, *words;
};
constexpr Origin kOfFamily{"expected", "blocks of rows as the family has them on average"};
constexpr Origin kAnywhere{"anywhere", "partners taken to be anywhere"};
constexpr Origin kCounted{"counted", "blocks of rows were counted"};
constexpr std::int64_t kMostCounted = 65'536;  // blocks, each of which is looked at

/// What is predicted for, and how much of it is known.
struct Subject {
  NetworkSizes sizes;
  double neurons = 0;
  std::string family;  ///< whose solves it is taken to have
  const Origin* origin = &kAnywhere;
  std::function<Layout(std::int64_t)> layout_on;
};

struct PredictionReport {
  RunHead head;
  const std::string& path;
  const Subject& subject;
  const Machine& machine;
  std::vector<Forecast> forecasts;
  BestRanks best;
};

std::vector<std::int64_t> ranks_of(const std::string& words) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  std::vector<std::int64_t> ranks;
  for (const auto word : parts_of(words, ',')) {
    const auto number = count_in(word);
    if (!number || *number < 1 || *number > most) {
      throw usage_error(
          fmt::format("--predict: '{}' is no number of ranks: write numbers from 1 to {}, such as 1,8,64", word, most));
    }
    ranks.push_back(*number);
  }
  return ranks;
}

std::int64_t most_ranks(const Subject& subject) {
  const auto neurons = std::max<std::int64_t>(1, std::llround(subject.neurons));
  return subject.origin == &kCounted ? std::min(neurons, kMostCounted) : neurons;
}

void check_ranks(const std::vector<std::int64_t>& ranks, const Subject& subject) {
  const auto most = most_ranks(subject);
  for (const auto count : ranks) {
    if (count <= most) continue;
    throw usage_error(fmt::format("--predict: {} ranks for {} neurons ({}): give {} at most", count, subject.neurons,
                                  subject.origin->words, most));
  }
}

Machine machine_in(const std::string& path) {
  if (path.empty()) return measured_machine();
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw io_failure(fmt::format("{}: cannot be read: check the path and its permissions", path));
  return machine_of(text, path);
}

// ---- subjects

double neurons_of(const NetworkSizes& sizes) {
  constexpr double synapses_a_neuron = 10;  // where nobody knows
  return sizes.neurons ? static_cast<double>(*sizes.neurons) : static_cast<double>(sizes.entries) / synapses_a_neuron;
}

Subject described(const NetworkSizes& sizes) {
  const auto& made = sizes.generated;
  return {sizes, neurons_of(sizes), made ? made->kind : "random", made ? &kOfFamily : &kAnywhere,
          [sizes](std::int64_t ranks) { return layout_by_sizes(sizes, ranks); }};
}

/// Collective. Reads the network, which has to be on one rank as a whole.
Subject counted(const Comm& comm, const InputOptions& input) {
  if (comm.size() > 1) {
    throw usage_error(
        "--predict counts the blocks of a file's rows on one rank: leave mpirun out, or add --header-only");
  }
  PhaseTimes times;
  const auto network = std::make_shared<const Network>(load_network(comm, input, times));
  const NetworkSizes sizes{network->facts.format, network->size(), network->nnz, false, {}};
  return {sizes, neurons_of(sizes), "random", &kCounted,
          [network](std::int64_t ranks) { return counted_layout(*network, blocks_by_synapses(*network, ranks)); }};
}

/// Collective.
Subject subject_of(const Comm& comm, const InputOptions& input, const PredictionOptions& options, bool header) {
  const auto sizes = network_sizes(comm, input.path, input.read);
  auto subject = sizes.generated || header ? described(sizes) : counted(comm, input);
  if (options.like != kOwnFamily) subject.family = options.like;
  return subject;
}

/// Beyond, ranks have too little to do to be worth a look.
std::int64_t most_worth_a_look(const Subject& subject, std::int64_t asked) {
  constexpr double fewest_neurons = 64;
  constexpr std::int64_t counted_most = 1'024, most_anywhere = 1 << 24;  // more than any machine has cores
  const auto most = std::clamp<std::int64_t>(std::llround(subject.neurons / fewest_neurons), 1, most_anywhere);
  return subject.origin == &kCounted ? std::min(most, std::max(counted_most, asked)) : most;
}

// ---- in words

std::string human_seconds(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} us", 1e6 * seconds);
  if (seconds < 1) return fmt::format("{:.3g} ms", 1e3 * seconds);
  if (seconds < 600) return fmt::format("{:.3g} s", seconds);
  return seconds < 36'000 ? fmt::format("{:.3g} min", seconds / 60) : fmt::format("{:.3g} h", seconds / 3600);
}

}  // namespace

// Found by what they describe, which is of the library.
static void describe(ReportWriter& report, const Layout& layout) {
  report("neurons", layout.neurons)("synapses", layout.synapses)("nnz_max_over_mean", layout.synapses_max_over_mean);
  report("ghosts", layout.ghosts)("peers", layout.peers)("far", layout.far)("lines_fetched", lines_fetched(layout));
}

static void describe(ReportWriter& report, const PassTime& time) {
  report("total", time.total())("bandwidth", time.bandwidth)("compute", time.compute)("gather", time.gather);
  report("neurons", time.neurons)("ghosts", time.ghosts)("latency", time.latency);
}

static void describe(ReportWriter& report, const MemoryNeed& need) {
  report("rank", need.total())("process", need.process)("synapses", need.synapses)("neurons", need.neurons);
  report("ghosts", need.ghosts)("solver", need.solver);
}

static void describe(ReportWriter& report, const Forecast& f) {
  report("ranks", f.layout.ranks)("layout", f.layout)("pass", f.pass)("passes", f.passes());
  report("setup", f.setup)("solve", f.solve)("total", f.total());
  report("memory", f.with_weights)("memory_costs_alone", f.costs_alone);
}

static void describe(ReportWriter& report, const BestRanks& best) {
  report("fewest", best.fewest)("efficient", best.efficient)("fastest", best.fastest);
}

namespace {

void describe(ReportWriter& report, const PredictionReport& r) {
  describe(report, r.head);
  report.object("input", [&](ReportWriter& input) {
    const auto& s = r.subject.sizes;
    input("path", r.path)("format", s.format)("n", s.neurons)("nnz", s.entries)("estimated", s.estimated);
  });
  report.object("prediction", [&](ReportWriter& prediction) {
    prediction("family", r.subject.family)("layout", r.subject.origin->word)("measured_on", r.machine.measured_on);
    prediction("forecasts", r.forecasts)("best", r.best);
  });
}

std::string shares_of(const PassTime& time) {
  const std::array<std::pair<const char*, double>, 6> parts{{{"bandwidth", time.bandwidth},
                                                             {"computing", time.compute},
                                                             {"gathering", time.gather},
                                                             {"neurons", time.neurons},
                                                             {"ghosts", time.ghosts},
                                                             {"latency", time.latency}}};
  std::vector<std::string> words;
  words.reserve(parts.size());
  for (const auto& [name, seconds] : parts)
    words.push_back(fmt::format("{} {:.0f} %", name, 100 * seconds / time.total()));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string words_of(const Layout& layout) {
  auto text = fmt::format("{:.4g} neurons, {:.4g} synapses a rank", layout.neurons, layout.synapses);
  if (layout.synapses_max_over_mean > 1.005) {
    text += fmt::format(" ({:.3g} times that at most)", layout.synapses_max_over_mean);
  }
  if (layout.ranks > 1) text += fmt::format(", {:.4g} ghosts, owned by {:.4g} others", layout.ghosts, layout.peers);
  return text;
}

void print(const Forecast& f) {
  const auto ranks = static_cast<double>(f.layout.ranks);
  fmt::print("{:<12} {}\n", fmt::format("{} {}", f.layout.ranks, f.layout.ranks == 1 ? "rank" : "ranks"),
             words_of(f.layout));
  if (f.pass.total() > 0)
    fmt::print("             a pass takes {}: {}\n", human_seconds(f.pass.total()), shares_of(f.pass));
  fmt::print("             to solve takes about {} (as long as {:.3g} passes), with what comes before {}\n",
             human_seconds(f.solve), f.passes(), human_seconds(f.total()));
  fmt::print("             memory {} a rank, {} in all; with --write h {} and {}\n",
             human_bytes(f.with_weights.total()), human_bytes(f.with_weights.total() * ranks),
             human_bytes(f.costs_alone.total()), human_bytes(f.costs_alone.total() * ranks));
}

void print_best(const BestRanks& best, const Machine& machine) {
  const auto room = human_bytes(machine.memory / machine.cores);
  if (best.fewest == 0) return fmt::print("best         no number of ranks fits {} each\n", room);
  fmt::print("best         {} ranks: the most that are at least half as efficient as {}, the fewest that fit {} each\n",
             best.efficient, best.fewest, room);
  fmt::print("             {} would be fastest\n", best.fastest);
}

void print(const PredictionReport& r) {
  const auto& s = r.subject.sizes;
  fmt::print("network      {} ({}): {} neurons, {}{} synapses\n", r.path, s.format, r.subject.neurons,
             s.estimated ? "about " : "", s.entries);
  const bool known = r.machine.families.contains(r.subject.family);
  fmt::print("             solved like {} networks{}; {}\n", r.subject.family,
             known ? "" : " (not measured: random ones)", r.subject.origin->words);
  fmt::print("machine      {}\n", r.machine.measured_on);
  for (const auto& f : r.forecasts) print(f);
  print_best(r.best, r.machine);
}

}  // namespace

Layout layout_by_sizes(const NetworkSizes& sizes, std::int64_t ranks) {
  if (sizes.generated) return expected_layout(*sizes.generated, ranks);
  return anywhere_layout(neurons_of(sizes), static_cast<double>(sizes.entries), ranks);
}

void add_prediction_options(const OptionSet& command, PredictionOptions& options) {
  const auto group = command.add_group(
      "Prediction", "time and memory of `balance` by a model; what generate would make is not made for it");
  group.add("--predict", options.ranks, "on so many ranks: a pass, a solve, memory; and the best number of ranks")
      .shown_as("RANKS,...");
  group.add("--machine", options.machine, "another machine than the one measured (JSON: see the README)")
      .shown_as("FILE.json");
  auto families = generator_kinds();
  families.insert(families.begin(), kOwnFamily);
  group.add_choice("--like", options.like, families,
                   "the family whose solves to expect: its own is that of a network that generate makes, else random");
}

ExitCode tell_prediction(const Context& context, const InputOptions& input, const PredictionOptions& options,
                         bool header, const std::string& report) {
  const Beginning beginning;
  const auto& comm = context.world;
  const auto ranks = agreed(comm, [&] { return ranks_of(options.ranks); });
  const auto machine = agreed(comm, [&] { return machine_in(options.machine); });
  check_outputs(context, {{report, OutputKind::report}}, input_files(input));
  const auto subject = subject_of(comm, input, options, header);
  agreed(comm, [&] { check_ranks(ranks, subject); });
  refuse_foreign(context);
  const auto& family = machine.family(subject.family);
  PredictionReport all{head_of(context, beginning.date), input.path, subject, machine, {}, {}};
  for (const auto count : ranks) all.forecasts.push_back(forecast(subject.layout_on(count), family, machine));
  all.best = best_ranks(subject.layout_on, most_worth_a_look(subject, std::ranges::max(ranks)), family, machine);
  tell(context, all, report, true);
  return ExitCode::done;
}

}  // namespace synbal::app
