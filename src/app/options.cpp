// Shared options and their checks.
#include "app/options.hpp"

#include <fmt/format.h>

#include <map>

#include "synbal/core/agree.hpp"

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
void add_choice(CLI::App& command, const std::string& name, T& value, const std::map<std::string, T>& choices,
                const std::string& fallback, const std::string& help) {
  std::string words;
  for (const auto& [word, unused] : choices) words += (words.empty() ? "" : "|") + word;
  command
      .add_option_function<std::string>(
          name,
          [&value, &choices, name, words](const std::string& word) {
            const auto found = choices.find(word);
            if (found == choices.end())
              throw CLI::ValidationError(name, fmt::format("'{}' is none of {}", word, words));
            value = found->second;
          },
          help)
      ->type_name(words)
      ->default_str(fallback);
}
}  // namespace

void add_reading_options(CLI::App& command, InputOptions& options) {
  command.add_option("FILE", options.path, "network: .mtx, .mtx.gz, .h5 or FILE.h5:/group")->required()->type_name("");
  add_choice(command, "--orientation", options.read.orientation, kOrientations, "post-pre",
             "what rows and columns are: row postsynaptic, or row presynaptic");
  add_choice(command, "--duplicates", options.read.duplicates, kDuplicates, "sum", "several entries at one place");
  add_choice(command, "--partition", options.read.partition, kPartitions, "nnz",
             "which rank gets which neurons: equal numbers, equal synapses, or few synapses between ranks");
  command.add_option("--pinned", options.read.pinned, "neurons that keep h = 0: ids one a line, or a 0/1 dataset")
      ->type_name("FILE[:/dataset]");
}

void add_input_options(CLI::App& command, InputOptions& options) {
  add_reading_options(command, options);
  command.add_option("--gain", options.read.gain, "presynaptic gains sigma_j: cost sigma_j^2 |J_ij|^p")
      ->type_name("FILE[:/dataset]");
  command.add_option("--power,-p", options.power, "p in the cost |J|^p")
      ->check(CLI::Range(1e-3, 1e3))
      ->type_name("P")
      ->capture_default_str();
}

std::string name_of(Orientation orientation) { return orientation == Orientation::post_pre ? "post-pre" : "pre-post"; }

Orientation orientation_of(const std::string& name) {
  const auto found = kOrientations.find(name);
  return found == kOrientations.end() ? Orientation::post_pre : found->second;
}

void check_output(const Comm& comm, const std::string& path, bool network_format) {
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    if (network_format) check_writable_format(path);
    check_can_write(path);
  });
}

}  // namespace synbal::app
