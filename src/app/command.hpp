// What a command of the program is: options put into a parser, and a body that runs on every rank.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/option_set.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/session.hpp"
#include "synbal/io/output_lock.hpp"

namespace synbal::app {

/// What every command is given.
struct Context {
  const Comm& world;
  const Session& session;
  std::string command_line;  ///< as the user typed it, for the provenance
  int verbosity = 0;         ///< -1 quiet, 0 normal, 1 verbose
  const InterruptGuard& signals;
  OutputLocks& locks;                 ///< of what this run is going to write
  std::vector<std::string>& foreign;  ///< outputs that stand there already and were not made by this program
  bool force = false;                 ///< replace these

  /// Whether this rank prints results. Being quiet does not hide an `answer`: what was asked for and goes to no file.
  [[nodiscard]] bool speaks(bool answer = false) const { return world.is_root() && (answer || verbosity >= 0); }
};

/// Collective. The body of a command; throws Error on all ranks together.
using Body = std::function<ExitCode(const Context&)>;

/// A subcommand and what it runs.
struct Command {
  OptionSet options;
  Body body;
};

/// Each adds its subcommand to `root`; the options live as long as the body.
Command add_generate(const OptionSet& root);
Command add_info(const OptionSet& root);
Command add_balance(const OptionSet& root);
Command add_flow(const OptionSet& root);
Command add_convert(const OptionSet& root);
Command add_apply(const OptionSet& root);
Command add_verify(const OptionSet& root);
Command add_laplacian(const OptionSet& root);
Command add_resistance(const OptionSet& root);
Command add_perturb(const OptionSet& root);
Command add_simulate(const OptionSet& root);

}  // namespace synbal::app
