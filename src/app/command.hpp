// What a command of the program is: options put into a parser, and a body that runs on every rank.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/session.hpp"

namespace synbal::app {

/// What every command is given.
struct Context {
  const Comm& world;
  const Session& session;
  std::string command_line;  ///< as the user typed it, for the provenance
  int verbosity = 0;         ///< -1 quiet, 0 normal, 1 verbose
};

/// Collective. The body of a command; throws Error on all ranks together.
using Body = std::function<ExitCode(const Context&)>;

/// A parsed subcommand and what it runs.
struct Command {
  CLI::App* parser;
  Body body;
};

/// Each adds its subcommand to `root`; the options live as long as the body.
Command add_generate(CLI::App& root);
Command add_info(CLI::App& root);
Command add_balance(CLI::App& root);
Command add_flow(CLI::App& root);
Command add_apply(CLI::App& root);
Command add_verify(CLI::App& root);
Command add_laplacian(CLI::App& root);
Command add_resistance(CLI::App& root);
Command add_perturb(CLI::App& root);

}  // namespace synbal::app
