// What `flow` tells when it has ended.
#pragma once

#include <string>

#include "app/command.hpp"
#include "app/flow_options.hpp"
#include "app/flow_recording.hpp"
#include "app/report.hpp"

namespace synbal::app {

/// Everything a finished run knows.
struct Flowed {
  const Context& context;
  const FlowOptions& options;
  const Network& network;
  const Components& components;
  const BalanceProblem& problem;
  const FlowResult& found;
  const std::optional<Assessment>& judgement;  ///< of an end at equilibrium of the cost
  const std::vector<Invariant>& invariants;
  const Companions& companions;
  const Recording& recording;
  int signal;  ///< that stopped the run, 0 without one
  std::string started;
  PhaseTimes times;

  [[nodiscard]] ExitCode code() const;
  /// Why it ended, as the file and the report say it.
  [[nodiscard]] std::string reason() const;
};

/// Collective. As that of `balance`, with a section for the flow and one for each thing watched.
[[nodiscard]] Json flow_report(const Flowed& run);
/// Root only. What a newcomer wants to know, from the report.
void print_flow_summary(const Json& report, const FlowOptions& options);
/// In the log: why an unfinished run ended, and how to go on.
void tell_how_to_go_on(const Flowed& run);

}  // namespace synbal::app
