// Options that several commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

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
void add_input_options(CLI::App& command, InputOptions& options);
/// Only FILE and how it is read, for commands without costs.
void add_reading_options(CLI::App& command, InputOptions& options);

/// The name of an orientation as on the command line.
[[nodiscard]] std::string name_of(Orientation orientation);
/// The inverse; anything else is post_pre.
[[nodiscard]] Orientation orientation_of(const std::string& name);

/// Collective. check_can_write and the check of the format, on one rank for all.
void check_output(const Comm& comm, const std::string& path, bool network_format);

}  // namespace synbal::app
