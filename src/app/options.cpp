// Shared options and their checks.
#include "app/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>

#include "synbal/core/agree.hpp"
#include "synbal/io/table.hpp"

namespace synbal::app {

namespace {
const std::map<std::string, Orientation> kOrientations{{"post-pre", Orientation::post_pre},
                                                       {"pre-post", Orientation::pre_post}};
const std::map<std::string, Duplicates> kDuplicates{
    {"sum", Duplicates::sum}, {"keep", Duplicates::keep}, {"error", Duplicates::error}};
const std::map<std::string, PartitionKind> kPartitions{
    {"contiguous", PartitionKind::contiguous}, {"nnz", PartitionKind::nnz}, {"ptscotch", PartitionKind::ptscotch}};

/// One of a few words.
template <class T>
void add_choice(const OptionSet& command, const std::string& name, T& value, const std::map<std::string, T>& choices,
                const std::string& fallback, const std::string& help) {
  std::vector<std::string> words;
  for (const auto& [word, unused] : choices) words.push_back(word);
  const auto initial = static_cast<std::size_t>(std::ranges::find(words, fallback) - words.begin());
  const auto choose = [&value, &choices, words](std::size_t k) { value = choices.at(words[k]); };
  command.add_choice(name, words, initial, choose, help);
}

/// FILE of FILE.h5:/group.
std::string file_of(const std::string& path) {
  const auto colon = path.rfind(".h5:");
  return colon == path.npos ? path : path.substr(0, colon + 3);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code absent;
  if (std::filesystem::equivalent(a, b, absent)) return true;
  return std::filesystem::weakly_canonical(a, absent) == std::filesystem::weakly_canonical(b, absent);
}
}  // namespace

double duration_of(const std::string& option, const std::string& text) {
  double total = 0;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(':', begin), text.size());
    double part = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, part);
    const bool good = error == std::errc() && rest == text.data() + end && part >= 0 && part < 1e15;  // NaN is not
    if (!good || std::count(text.begin(), text.end(), ':') > 2) {
      throw usage_error(fmt::format("{} '{}' is not a time: write HH:MM:SS", option, text));
    }
    total = total * 60 + part;
    begin = end + 1;
  }
  if (total <= 0) throw usage_error(fmt::format("{} leaves no time at all: give at least a second", option));
  return total;
}

void add_reading_options(const OptionSet& command, InputOptions& options) {
  command.add("FILE", options.path, "network: .mtx, .mtx.gz, .h5 or FILE.h5:/group").required().shown_as("");
  add_choice(command, "--orientation", options.read.orientation, kOrientations, "post-pre",
             "what rows and columns are: row postsynaptic, or row presynaptic");
  add_choice(command, "--duplicates", options.read.duplicates, kDuplicates, "sum", "several entries at one place");
  add_choice(command, "--partition", options.read.partition, kPartitions, "nnz",
             "which rank gets which neurons: equal numbers, equal synapses, or few synapses between ranks");
  command.add("--pinned", options.read.pinned, "neurons that keep h = 0: ids one a line, or a 0/1 dataset")
      .shown_as("FILE[:/dataset]");
}

void add_input_options(const OptionSet& command, InputOptions& options) {
  add_reading_options(command, options);
  command.add("--gain", options.read.gain, "presynaptic gains sigma_j: cost sigma_j^2 |J_ij|^p")
      .shown_as("FILE[:/dataset]");
  command.add("--power,-p", options.power, "p in the cost |J|^p").within({1e-3, 1e3}).shown_as("P").with_default();
}

std::string name_of(Orientation orientation) { return orientation == Orientation::post_pre ? "post-pre" : "pre-post"; }

Orientation orientation_of(const std::string& name) {
  const auto found = kOrientations.find(name);
  return found == kOrientations.end() ? Orientation::post_pre : found->second;
}

std::vector<std::string> input_files(const InputOptions& options) {
  std::vector<std::string> files{options.path};
  for (const auto& more : {options.read.pinned, options.read.gain}) {
    if (more) files.push_back(*more);
  }
  return files;
}

void check_output(const Comm& comm, const std::string& path, OutputKind kind, const std::vector<std::string>& others) {
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (kind == OutputKind::network) check_writable_format(path);
    if (kind == OutputKind::result && !path.ends_with(".h5")) {
      throw usage_error(
          fmt::format("{}: a result is an HDF5 file: give a name that ends in .h5 (`synbal apply` writes networks in "
                      "other formats)",
                      path));
    }
    if (kind == OutputKind::trajectory && !path.ends_with(".h5")) {
      throw usage_error(fmt::format("{}: a trajectory is an HDF5 file: give a name that ends in .h5", path));
    }
    if (kind == OutputKind::matrix && !path.ends_with(".h5")) {
      throw usage_error(fmt::format("{}: a whole matrix goes to an HDF5 file: give a name that ends in .h5", path));
    }
    if (kind == OutputKind::table && !is_table_path(path)) {
      throw usage_error(fmt::format("{}: a table is written as .h5, .csv or .csv.gz: give a name that ends so", path));
    }
    for (const auto& other : others) {
      if (!same_file(path, file_of(other))) continue;
      throw usage_error(
          fmt::format("{}: this run reads or writes it already, and would destroy it: give another name", path));
    }
    check_can_write(path);
  });
}

}  // namespace synbal::app
