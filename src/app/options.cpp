// Shared options and their checks.
#include "app/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <string_view>

#include "app/command.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/checkpoint.hpp"
#include "synbal/io/stream.hpp"
#include "synbal/io/table.hpp"
#include "synbal/io/target.hpp"

namespace synbal::app {

namespace {

bool same_file(const std::string& a, const std::string& b) {
  std::error_code absent;
  if (std::filesystem::equivalent(a, b, absent)) return true;
  return std::filesystem::weakly_canonical(a, absent) == std::filesystem::weakly_canonical(b, absent);
}

/// What is wrong with the name of a file that is to become an HDF5 file, if anything.
const char* reason_for_hdf5(OutputKind kind) {
  switch (kind) {
    case OutputKind::result:
      return "a result is an HDF5 file: give a name that ends in .h5 (`synbal apply` writes networks in other formats)";
    case OutputKind::trajectory:
      return "a trajectory is an HDF5 file: give a name that ends in .h5";
    case OutputKind::checkpoint:
      return "a checkpoint is an HDF5 file: give a name that ends in .h5";
    case OutputKind::matrix:
      return "a whole matrix goes to an HDF5 file: give a name that ends in .h5";
    case OutputKind::network:
    case OutputKind::table:
    case OutputKind::report:
      return nullptr;
  }
  return nullptr;
}

void check_extension(const std::string& path, OutputKind kind) {
  if (is_stream(path)) {
    if (kind == OutputKind::table || kind == OutputKind::report) return;
    throw usage_error(
        fmt::format("{}: is no file, and only reports and tables are written to pipes and devices: give "
                    "the name of a file",
                    path));
  }
  if (kind == OutputKind::network) check_writable_format(path);
  const auto* reason = reason_for_hdf5(kind);
  if (reason != nullptr && !path.ends_with(".h5")) throw usage_error(fmt::format("{}: {}", path, reason));
  if (kind == OutputKind::table && !is_table_path(path)) {
    throw usage_error(fmt::format("{}: a table is written as .h5, .csv or .csv.gz: give a name that ends so", path));
  }
}

/// Whether something stands there that this output is not to replace.
bool is_foreign(const std::string& path, OutputKind kind) {
  const bool kept = path.ends_with(".checkpoint.h5") || path.ends_with(".checkpoint.previous.h5");
  if (kind == OutputKind::checkpoint && kept) return false;                           // its own, though damaged
  if (kind == OutputKind::trajectory && path.ends_with(".growing.h5")) return false;  // likewise
  const auto target = target_at(path);
  const auto own = kind == OutputKind::network ? Target::network : Target::data;
  return target != Target::nothing && target != own;
}

}  // namespace

std::vector<std::string_view> parts_of(std::string_view words, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= words.size();) {
    const auto end = std::min(words.find(separator, begin), words.size());
    parts.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

namespace {

/// Seconds of D-HH[:MM[:SS]], HH:MM:SS, MM:SS, or a number with its unit (s, m, h, d): what SLURM takes, but for a bare
/// number, which is minutes there and seconds elsewhere. Nothing for other words.
std::optional<double> seconds_in(std::string_view text) {
  constexpr double longest = 1e15;  // seconds: far beyond any run, and far within doubles
  const auto amount = [](std::string_view word) -> std::optional<double> {
    const auto number = number_in<double>(word);
    return number && *number >= 0 && *number < longest ? number : std::nullopt;  // NaN is not
  };
  constexpr std::string_view units = "smhd";
  constexpr std::array<double, 4> lengths{1, 60, 3600, 86400};
  const auto unit = text.empty() ? units.npos : units.find(text.back());
  if (unit != units.npos) {
    const auto number = amount(text.substr(0, text.size() - 1));
    return number ? std::optional(*number * lengths[unit]) : std::nullopt;
  }
  const auto dash = text.find('-');
  const auto days = dash == text.npos ? std::optional(0.0) : amount(text.substr(0, dash));
  const auto parts = parts_of(dash == text.npos ? text : text.substr(dash + 1), ':');
  if (!days || parts.size() > 3 || (dash == text.npos && parts.size() < 2)) return {};
  double total = 0;
  for (const auto word : parts) {
    const auto part = amount(word);
    if (!part) return {};
    total = total * 60 + *part;
  }
  const bool hours_first = dash != text.npos;  // D-HH, D-HH:MM
  for (auto k = parts.size(); hours_first && k < 3; ++k) total *= 60;
  return *days * 86400 + total;
}

}  // namespace

double duration_of(const std::string& option, const std::string& text) {
  const auto found = seconds_in(text);
  if (!found) {
    const auto* why = number_in<double>(text) ? " (seconds or minutes? a bare number does not say)" : "";
    throw usage_error(fmt::format("{} '{}' is not a time{}: write HH:MM:SS, MM:SS, D-HH:MM:SS, or 90s, 30m, 12h, 2d",
                                  option, text, why));
  }
  const auto total = *found;
  if (total <= 0) throw usage_error(fmt::format("{} leaves no time at all: give at least a second", option));
  return total;
}

std::vector<double> times_of(const std::string& option, const std::string& words) {
  std::vector<double> times;
  for (const auto word : parts_of(words, ',')) {
    const auto time = number_in<double>(word);
    if (!time || !std::isfinite(*time) || *time < 0) {
      throw usage_error(fmt::format("{}: '{}' is no time: write numbers from 0 up, T1,T2,...", option, word));
    }
    times.push_back(*time);
  }
  return times;
}

void refuse_given(const OptionSet& command, std::initializer_list<const char*> names, const std::string& belongs_to) {
  for (const auto* name : names) {
    if (!command.given(name)) continue;
    throw usage_error(fmt::format("{} belongs to {}: leave it out, or choose that", name, belongs_to));
  }
}

static void add_array_options(const OptionSet& command, ReadOptions& read) {
  const auto arrays = command.add_group("Whole networks", "arrays of .npz and .safetensors, populations of SONATA");
  const auto named = [&](const char* option, auto& value, const char* help) {
    arrays.add(option, value, help).shown_as("NAME").one_value_each();
  };
  arrays.add("--recurrent", read.arrays.recurrent, "array of the recurrent weights (usual names are found)")
      .shown_as("NAME");
  named("--input", read.arrays.input, "array of input weights; may be given several times; none: there is none");
  named("--output-weights", read.arrays.output_weights, "array of output weights, likewise");
  named("--bias", read.arrays.bias, "array of biases, likewise");
  named("--initial-state", read.arrays.initial_state, "array of initial states, likewise");
  arrays.add("--population", read.population, "SONATA: the population of neurons that is meant").shown_as("NAME");
  arrays.add("--edge-types", read.edge_types, "SONATA: table of edge types, for weights that are there")
      .shown_as("FILE");
}

namespace {
void add_edge_list_options(const OptionSet& command, EdgeListOptions& edges) {
  const auto group = command.add_group("Edge lists (.csv, .tsv, .txt, and these .gz)",
                                       "a column is named as in the header, or by its number from 1");
  group.add("--source-column", edges.source, "the presynaptic neuron (recognised by usual names; else the first)")
      .shown_as("COLUMN");
  group.add("--target-column", edges.target, "the postsynaptic neuron (likewise; else the second)").shown_as("COLUMN");
  group.add("--weight-column", edges.weight, "the weight (likewise); none: every row weighs 1").shown_as("COLUMN");
  group
      .add("--where", edges.where,
           "rows to take: column=value, column!=value, column>=number, column<=number; of one column any of several =, "
           "of different columns all")
      .one_value_each()
      .shown_as("CONDITION");
  group.add("--sign-column", edges.sign_column, "weights are negative where it says inhibitory (I, -, -1, inhibitory)")
      .shown_as("COLUMN");
  group.add("--sign", edges.sign, "signs of presynaptic neurons: `neuron sign` a line, or inhibitory neurons alone")
      .shown_as("FILE");
  group.add("--inhibitory", edges.inhibitory, "the words that mean inhibitory there, e.g. GABA,GLUT; all others do not")
      .one_value_each()
      .shown_as("WORDS");
  group.add("--neurons", edges.neurons, "the neurons, one a line: rows with others are left out").shown_as("FILE");
  group.add("--separator", edges.separator, "one character, or tab or blank (recognised)").shown_as("CHAR");
  group.add_choice("--header", edges.header, "whether the first row names the columns");
}
}  // namespace

void add_reading_options(const OptionSet& command, InputOptions& options) {
  command
      .add("FILE", options.path,
           "network: see the README for formats; FILE.h5:/group; 'part-*.csv' (in quotes): parts of one edge list; "
           "random:nodes=1e6,degree=20,seed=3 and the like: what generate makes, without a file")
      .required()
      .shown_as("");
  add_reading_choices(command, options);
}

void add_reading_choices(const OptionSet& command, InputOptions& options) {
  auto& read = options.read;
  command.add_choice("--orientation", read.orientation,
                     "what rows and columns are: row postsynaptic, or row presynaptic");
  command.add_choice("--duplicates", read.duplicates, "several entries at one place");
  command
      .add_choice("--partition", read.partition,
                  "which rank gets which neurons: equal numbers, equal synapses, or few synapses between ranks")
      .expert();
  command
      .add("--pinned", read.pinned,
           "neurons that keep h = 0: ids or names I,J,..., a file with one a line, or a 0/1 dataset")
      .shown_as("IDS|FILE[:/dataset]");
  add_edge_list_options(command, read.edges);
  add_array_options(command, read);
}

void add_factor_options(const OptionSet& command, ReadOptions& read) {
  const auto group = command.add_group(
      "Costs", "cost = alpha_ij sigma_j^2 |J_ij|^p; one number a line or a dataset; none: not those that FILE holds");
  const auto add = [&](const char* name, auto& value, const char* help) {
    group.add(name, value, help).shown_as("FILE[:/dataset]");
  };
  add("--gain", read.gain, "presynaptic gains sigma_j >= 0, one for each neuron; 0: its synapses cost nothing");
  add("--alpha", read.alpha, "factors alpha_ij >= 0, one for each entry of FILE in its order; 0: costs nothing");
  add("--exponent", read.exponent, "homogeneity exponents k_j > 0, one for each neuron: J_ij e^{k_j h_j - h_i}");
  add("--tie", read.tie, "a label for each neuron: those of one label share one h (-1: tied to none)");
}

void add_input_options(const OptionSet& command, InputOptions& options) {
  add_reading_options(command, options);
  add_factor_options(command, options.read);
  command.add("--power,-p", options.power, "p in the cost |J|^p").within({1e-3, 1e3}).shown_as("P").with_default();
}

void add_report_option(const OptionSet& command, std::string& report, const std::string& help) {
  command.add("--report", report, help).shown_as("FILE.json");
}

std::vector<std::string> input_files(const InputOptions& options) {
  auto files = files_of(options.path);
  for (const auto& more : {options.read.pinned, options.read.gain, options.read.edges.sign, options.read.edges.neurons,
                           options.read.edge_types, options.read.alpha, options.read.exponent, options.read.tie}) {
    if (more && more != "none") files.push_back(*more);
  }
  return files;
}

void check_outputs(const Context& context, std::vector<OutputFile> outputs, std::vector<std::string> inputs) {
  const auto& comm = context.world;
  for (std::size_t k = 0, count = outputs.size(); k < count; ++k) {
    if (outputs[k].kind != OutputKind::checkpoint || outputs[k].path.empty()) continue;
    outputs.push_back({previous_checkpoint(outputs[k].path), OutputKind::checkpoint});  // is replaced and removed, too
  }
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    for (const auto& [path, kind] : outputs) {
      if (path.empty()) continue;
      check_extension(path, kind);
      const auto clash = [&path = path](const std::string& other) {
        // A checkpoint and the one before it are two names of one file where a run was killed between two renames.
        return same_file(path, Hdf5Path(other).file) && path != previous_checkpoint(other);
      };
      if (std::ranges::any_of(inputs, clash)) {
        throw usage_error(
            fmt::format("{}: this run reads or writes it already, and would destroy it: give another name", path));
      }
      check_can_write(path);
      if (!context.force && is_foreign(path, kind)) context.foreign.push_back(path);
      if (!is_stream(path)) context.locks.take(path);
      inputs.push_back(path);
    }
  });
}

void refuse_foreign(const Context& context) {
  agreed(context.world, [&] {
    if (context.foreign.empty()) return;
    throw usage_error(
        fmt::format("{}: stands there already and is not of the kind that would replace it (a network, or not made by "
                    "synbal, or in a format that cannot tell): give another name, or --force to replace it",
                    context.foreign.front()));
  });
}

}  // namespace synbal::app
