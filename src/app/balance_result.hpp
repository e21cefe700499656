// What `balance` leaves behind: the report, the summary on the terminal, the result file.
#pragma once

#include <optional>
#include <string>

#include "app/balance_methods.hpp"
#include "app/command.hpp"
#include "app/report.hpp"
#include "synbal/balance/balance.hpp"

namespace synbal::app {

/// The options of `balance`.
struct BalanceOptions {
  OptionSet given;
  InputOptions input;
  MethodOptions method;
  std::string output, report;
  std::string components = "balance", cost_scope = "recurrent", write = "weights";
  std::optional<std::string> walltime;
  std::string checkpoint, resume;
  double checkpoint_interval = 600;
  BalanceParams params;
};

/// Everything a finished run knows.
struct Balanced {
  const Context& context;
  const BalanceOptions& options;
  const Network& network;
  const Components& components;
  const BalanceProblem& problem;
  const Equilibrium& found;
  const Json& sections;  ///< what the method adds to the report
  std::string started;
  PhaseTimes times;

  [[nodiscard]] ExitCode code() const { return found.solver.converged() ? ExitCode::done : ExitCode::not_converged; }
};

/// Collective. The report of CONTRACT.md.
[[nodiscard]] Json balance_report(const Balanced& run);
/// Root only. What a newcomer wants to know, from the report.
void print_balance_summary(const Json& report, const std::string& output);
/// Collective. The network's weights become the balanced ones. @throws Error io_failure.
void write_balanced(const Balanced& run, Network& network);

}  // namespace synbal::app
