// The options of `flow`: their words, the times at which it records, and what of them does not go together.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "app/flow/flow.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

void add_physics(const OptionSet& command, FlowOptions& o) {
  command.add_choice("--rule", o.rule, local_rule_names(),
                     "what drives a neuron: its sums of costs, their maxima, or their products");
  command.add_choice("--components", o.all_components, "balance", "all",
                     "balance: synapses between components drive nothing; all: they do, and fall for ever");
  command
      .add("--initial", o.initial, "start from a result, or go on from the end of a trajectory; else h = 0 at time 0")
      .shown_as("FILE.h5");
  command.add_flag("--heat", o.heat, "also follow the heat equation around the start, and compare");
  command
      .add("--shake", o.shake,
           "change synapses at random meanwhile: RATE changes in a unit of time, each multiplies a weight by 1 + ETA; "
           "tells how far from balance the network stays and how much of a change is taken back (h belongs to the "
           "changed weights then)")
      .shown_as("RATE,ETA");
  command.add("--seed", o.seed, "of --shake").with_default();
  command.add_flag("--weights", o.weights,
                   "also integrate the weights themselves, and compare (small and middle-sized networks)");
}

void add_numerics(const OptionSet& command, FlowOptions& o) {
  auto& integrator = o.params.integrator;
  const auto integrate = [&integrator](std::size_t k) {
    integrator.integration = k == 0 ? Integration::bdf : Integration::adams;
  };
  command.add_choice("--integration", {to_string(Integration::bdf), to_string(Integration::adams)}, 0, integrate,
                     "bdf (stiff, the usual case) or adams (well mixed networks)");
  command.add("--relative-tolerance", integrator.relative_tolerance, "of the local error, with respect to h")
      .within({1e-30, 0.1})
      .with_default();
  command.add("--absolute-tolerance", integrator.absolute_tolerance, "of the local error, in h")
      .within({1e-30, 1e3})
      .with_default();
}

void add_ends(const OptionSet& command, FlowOptions& o) {
  command.add("--end-time", o.params.end_time, "where the flow ends at the latest (without: at equilibrium)")
      .within({0, 1e300})
      .shown_as("T");
  command
      .add("--tolerance", o.params.tolerance,
           "equilibrium: sum |in - out| / sum cost; other rules: largest gradient over that at h = 0; 0: never "
           "stop there")
      .within({0, 1})
      .with_default();
  command.add("--max-steps", o.params.integrator.max_steps, "steps of the integrator at most (0: no limit)")
      .not_negative();
  command.add("--max-walltime", o.walltime, "stop this long after the start and keep what there is")
      .shown_as("HH:MM:SS");
}

void add_recording(const OptionSet& command, FlowOptions& o) {
  command
      .add("--output-times", o.output_times,
           "besides start and end: linear:COUNT, log:PER_DECADE[:FIRST], T1,T2,..., none, or a file with one a "
           "line (without: linear:100 with an end time, else log:10)")
      .shown_as("TIMES");
  command.add("--record", o.record, "neurons whose h is recorded: all, none, ids I,J,... or a file of ids")
      .shown_as("IDS")
      .with_default();
  command
      .add("--record-synapses", o.record_synapses,
           "synapses whose weight and cost are recorded: I,J;I,J;... (postsynaptic neuron first) or a file of "
           "pairs")
      .shown_as("PAIRS");
}

bool has_end(const FlowOptions& o) { return std::isfinite(o.params.end_time); }

ShakeParams parse_shake(const FlowOptions& o) {
  const auto parts = parts_of(o.shake, ',');
  const auto rate = number_in<double>(parts[0]);
  const auto eta = parts.size() == 2 ? number_in<double>(parts[1]) : std::nullopt;
  if (!rate || !eta) {
    throw usage_error(
        fmt::format("--shake '{}': give RATE,ETA, as in 10,0.05: ten changes in a unit of time, each by "
                    "5 %",
                    o.shake));
  }
  return {*rate, *eta, o.seed};
}

void check_shake(const FlowOptions& o) {
  if (o.shake.empty()) return refuse_given(o.given, {"--seed"}, "--shake");
  if (!has_end(o)) throw usage_error("--shake goes on for ever: give --end-time, too");
  if (!o.is_cost_flow() || o.heat || o.weights) {
    throw usage_error("--shake changes the costs under the flow of the cost: leave out --rule, --heat and --weights");
  }
}

void check_checkpoint(FlowOptions& o) {
  if (!o.weights) return;
  for (const auto* option : {"--checkpoint", "--checkpoint-interval", "--resume", "--resume-if-exists"}) {
    if (!o.given.given(option)) continue;
    throw usage_error(fmt::format("{} does not go with --weights, which keeps no state: leave one out", option));
  }
  o.checkpoint.interval = 0;
}

void check_together(const FlowOptions& o) {
  check_shake(o);
  if (o.heat && !o.is_cost_flow()) {
    throw usage_error(
        fmt::format("--heat approximates the flow of the cost, not --rule {}: leave one of them out", o.rule));
  }
  const bool bounded = has_end(o) || o.given.given("--max-walltime") || o.params.integrator.max_steps > 0;
  if (o.params.tolerance == 0 && !bounded) {
    throw usage_error("--tolerance 0 never stops: give --end-time, --max-steps or --max-walltime, too");
  }
  if (o.all_components && !bounded) {
    throw usage_error(
        "--components all has no equilibrium to stop at where synapses lead from one component to another: give "
        "--end-time, --max-steps or --max-walltime, too");
  }
}

// ---- the words of --output-times

constexpr const char* kWays =
    "write linear:COUNT, log:PER_DECADE, log:PER_DECADE:FIRST, times with commas between them, none, or the name of a "
    "file with one a line";

bool is_time(const std::optional<double>& t) { return t && std::isfinite(*t) && *t >= 0; }

Error odd(const std::string& words, std::string_view word) {
  return usage_error(fmt::format("--output-times {}: '{}' makes no sense there: {}", words, word, kWays));
}

std::int64_t count_in(const std::string& words, std::string_view word) {
  const auto count = number_in<std::int64_t>(word);
  if (!count || *count < 1 || *count > 1'000'000'000) throw odd(words, word);
  return *count;
}

LogarithmicTimes parse_logarithmic(const std::string& words, std::string_view rest) {
  LogarithmicTimes times;
  const auto colon = rest.find(':');
  times.per_decade = count_in(words, rest.substr(0, colon));
  if (colon == rest.npos) return times;
  times.first = number_in<double>(rest.substr(colon + 1));
  if (!is_time(times.first) || *times.first == 0) throw odd(words, rest.substr(colon + 1));
  return times;
}

std::vector<double> parse_list(const std::string& words) {
  std::vector<double> times;
  for (const auto word : parts_of(words, ',')) {
    const auto time = number_in<double>(word);
    if (!is_time(time)) throw odd(words, word);
    times.push_back(*time);
  }
  return times;
}

/// Root only: every rank needs all times.
std::string read_file(const std::string& path) {
  if (!std::filesystem::exists(path)) throw odd(path, path);
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (!failed && size > (std::uintmax_t{1} << 28)) {
    throw bad_input(fmt::format("{}: has {} bytes, too many for a list of output times: shorten it", path, size));
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (failed || !in) throw io_failure(fmt::format("{}: output times cannot be read: check the file", path));
  return text.str();
}

std::vector<double> parse_file(const std::string& path, const std::string& text) {
  std::vector<double> times;
  std::istringstream lines(text);
  std::string line;
  for (std::int64_t number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word, more;
    if (!(words >> word)) continue;
    const auto time = number_in<double>(word);
    if (!is_time(time) || words >> more) {
      throw bad_input(
          fmt::format("{}: line {}: '{}' is no time: write one finite number >= 0 a line", path, number, line));
    }
    times.push_back(*time);
  }
  return times;
}

bool is_file(const std::string& words) {
  for (const auto* word : {"", "none", "log", "linear"}) {
    if (words == word) return false;
  }
  const bool is_list = words.find(',') != words.npos || number_in<double>(words).has_value();
  return !is_list && !words.starts_with("log:") && !words.starts_with("linear:");
}

TimesWanted parse_words(const std::string& words, bool has_end) {
  if (words.empty()) return has_end ? TimesWanted(LinearTimes{}) : LogarithmicTimes{};
  if (words == "none") return std::vector<double>{};
  if (words == "log") return LogarithmicTimes{};
  if (words.starts_with("log:")) return parse_logarithmic(words, std::string_view(words).substr(4));
  if (words != "linear" && !words.starts_with("linear:")) return parse_list(words);
  if (!has_end) throw usage_error("--output-times linear needs to know where the end is: give --end-time, too");
  if (words == "linear") return LinearTimes{};
  return LinearTimes{count_in(words, std::string_view(words).substr(7))};
}

}  // namespace

void add_flow_options(const OptionSet& command, FlowOptions& o) {
  o.given = command;
  add_input_options(command, o.input);
  command.add("-o,--output", o.output, "trajectory file (.h5), readable while it grows")
      .required()
      .shown_as("TRAJECTORY.h5");
  add_report_option(command, o.report);
  add_physics(command, o);
  add_numerics(command, o);
  add_ends(command, o);
  add_recording(command, o);
  add_checkpoint_options(command, o.checkpoint);
}

RunFacts facts_of(const Comm& comm, const FlowOptions& o, const Network& network) {
  const auto& sum = network.facts.checksum;
  const auto& p = o.params;
  RunFacts facts{{"the input", sum.empty() ? o.input.path : sum},
                 {"--orientation", to_string(o.input.read.orientation)},
                 {"--duplicates", to_string(o.input.read.duplicates)},
                 {"the hash of pinned neurons and gains", neuron_facts(comm, network)},
                 {"--power", fmt::format("{}", o.input.power)},
                 {"--rule", o.rule},
                 {"--components", o.all_components ? "all" : "balance"},
                 {"--initial", o.initial},
                 {"--heat", o.heat ? "given" : "not given"},
                 {"--shake", o.shake},
                 {"--integration", to_string(p.integrator.integration)}};
  const auto number = [&](const char* name, auto value) { facts.emplace_back(name, fmt::format("{}", value)); };
  number("--seed", o.seed), number("--relative-tolerance", p.integrator.relative_tolerance);
  number("--absolute-tolerance", p.integrator.absolute_tolerance), number("--end-time", p.end_time);
  number("--tolerance", p.tolerance), number("--output-times", o.output_times);
  number("--record", o.record), number("--record-synapses", o.record_synapses);
  return facts;
}

std::vector<std::string> input_files(const FlowOptions& options) {
  auto files = input_files(options.input);
  for (const auto& more : {options.initial, options.record, options.record_synapses, options.output_times}) {
    if (!more.empty()) files.push_back(more);  // lists name no file that exists
  }
  return files;
}

void check_flow_options(const Comm& comm, FlowOptions& o) {
  agreed(comm, [&] {
    check_together(o);
    check_checkpoint(o);
    if (!o.shake.empty()) o.shaken = parse_shake(o);
    o.params.stop_at_equilibrium = o.params.tolerance > 0;
    if (o.given.given("--max-walltime")) o.params.max_seconds = duration_of("--max-walltime", o.walltime);
    if (!comm.is_root()) return;
    check_selection("--record", o.record, Selection::neurons);
    check_selection("--record-synapses", o.record_synapses, Selection::synapses);
  });
}

TimesWanted parse_output_times(const Comm& comm, const FlowOptions& options) {
  const auto& words = options.output_times;
  if (is_file(words)) {
    const auto own = agreed(comm, [&] { return comm.is_root() ? read_file(words) : std::string(); });
    const auto text = comm.broadcast(own, 0);
    return agreed(comm, [&] { return TimesWanted(parse_file(words, text)); });
  }
  return agreed(comm, [&] { return parse_words(words, has_end(options)); });
}

OutputTimes output_times(const TimesWanted& wanted, double start, double end, double first) {
  if (const auto* list = std::get_if<std::vector<double>>(&wanted)) return OutputTimes::listed(*list);
  if (end <= start) return OutputTimes::listed({});
  if (const auto* log = std::get_if<LogarithmicTimes>(&wanted)) {
    return OutputTimes::logarithmic(log->first.value_or(first), end, log->per_decade);
  }
  return OutputTimes::linear(end, std::get<LinearTimes>(wanted).count, start);
}

}  // namespace synbal::app
