// Options that several commands share.
#pragma once

#include <string>
#include <vector>

#include "app/option_set.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::app {

/// How a network is read and costed.
struct InputOptions {
  std::string path;
  ReadOptions read;
  double power = 2;
};

/// Adds FILE and the options of reading, partitioning and costing.
void add_input_options(const OptionSet& command, InputOptions& options);
/// Only FILE and how it is read, for commands without costs.
void add_reading_options(const OptionSet& command, InputOptions& options);

/// The name of an orientation as on the command line.
[[nodiscard]] std::string name_of(Orientation orientation);
/// The inverse; anything else is post_pre.
[[nodiscard]] Orientation orientation_of(const std::string& name);

/// Seconds of HH:MM:SS, MM:SS or seconds, as the named option was given. @throws Error usage.
[[nodiscard]] double duration_of(const std::string& option, const std::string& text);

/// All files that the options name as inputs, for check_output.
[[nodiscard]] std::vector<std::string> input_files(const InputOptions& options);

/// What an output file is: its extension must say so.
enum class OutputKind { network, result, trajectory, table, matrix, report };

/// Collective. Looks on one rank for all, before any work: the extension fits, the file can be created, and writing it
/// destroys none of the `others` that this run reads or writes. @throws Error usage or io_failure.
void check_output(const Comm& comm, const std::string& path, OutputKind kind, const std::vector<std::string>& others);

}  // namespace synbal::app
