// Options that several commands share.
#pragma once

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/option_set.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::app {

struct Context;

/// How a network is read and costed.
struct InputOptions {
  std::string path;
  ReadOptions read;
  double power = 2;
};

/// Adds FILE and the options of reading, partitioning and costing.
void add_input_options(const OptionSet& command, InputOptions& options);
/// What multiplies costs, and which neurons are tied.
void add_factor_options(const OptionSet& command, ReadOptions& read);
/// Only FILE and how it is read, for commands without costs.
void add_reading_options(const OptionSet& command, InputOptions& options);
/// How it is read alone, for commands that name files in their own way.
void add_reading_choices(const OptionSet& command, InputOptions& options);
/// The number that a whole word is, if it is one.
template <class T>
[[nodiscard]] std::optional<T> number_in(std::string_view word) {
  T value{};
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || rest != word.data() + word.size()) return std::nullopt;
  return value;
}

/// A whole number, which may be written as 1e6.
[[nodiscard]] inline std::optional<std::int64_t> count_in(std::string_view word) {
  if (const auto plain = number_in<std::int64_t>(word)) return plain;
  const auto value = number_in<double>(word);
  if (!value || std::abs(*value) >= 9e15 || *value != std::floor(*value)) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}
/// What stands between separators, empty parts included.
[[nodiscard]] std::vector<std::string_view> parts_of(std::string_view words, char separator);

/// Adds --report.
void add_report_option(const OptionSet& command, std::string& report,
                       const std::string& help = "all figures of the run as JSON");

/// Seconds of HH:MM:SS, MM:SS, D-HH:MM:SS and other times that SLURM takes, or of a number with its unit (90s, 30m,
/// 12h, 2d), as the named option was given. @throws Error usage.
[[nodiscard]] double duration_of(const std::string& option, const std::string& text);
/// Numbers from 0 up with commas between them, as the named option was given. @throws Error usage.
[[nodiscard]] std::vector<double> times_of(const std::string& option, const std::string& words);

/// Refuses those of the named options that were given and belong to something else, which would silently do nothing.
/// @throws Error usage.
void refuse_given(const OptionSet& command, std::initializer_list<const char*> names, const std::string& belongs_to);

/// All files that the options name as inputs, for check_outputs.
[[nodiscard]] std::vector<std::string> input_files(const InputOptions& options);

/// What an output file is: its extension must say so.
enum class OutputKind { network, result, trajectory, table, matrix, checkpoint, report };

/// A file to write, and its kind; without a path none.
struct OutputFile {
  std::string path;
  OutputKind kind = OutputKind::table;
};

/// Collective. Looks on one rank for all, before any work: the extensions fit, the files can be created, no other run
/// is about to write them (they are locked from now on), and writing them destroys neither each other, nor the `inputs`
/// of this run. @throws Error usage or io_failure.
void check_outputs(const Context& context, std::vector<OutputFile> outputs, std::vector<std::string> inputs);

/// Collective. Refuses to replace what check_outputs() saw and this program did not make (unless --force says so). Once
/// the inputs are read, so that of two mistakes a bad input is told. @throws Error usage.
void refuse_foreign(const Context& context);

}  // namespace synbal::app
