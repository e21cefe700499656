// The methods that `balance` offers, with the options and the report that belong to a single one.
#pragma once

#include <string>

#include "app/report.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/stochastic/asynchronous.hpp"
#include "synbal/stochastic/schedule.hpp"

namespace synbal::app {

/// --method, and what only some methods look at.
struct MethodOptions {
  std::string method = "auto";
  std::string schedule = "asynchronous", transport = "one-sided", order = "permutation";
  std::optional<double> step;  ///< of both kinds of schedules
  AsynchronousParams asynchronous;
  ScheduleParams reference;
};

void add_method_options(const OptionSet& command, MethodOptions& options);

/// Refuses options of one method that were given with another, which would silently do nothing. @throws Error usage.
void check_method_options(const OptionSet& command, const MethodOptions& options);

/// An equilibrium, and sections of the report beyond those that every method has.
struct Solved {
  Equilibrium found;
  Json sections = Json::object();
};

/// Collective. `network` is the one the problem was made of.
Solved solve(const MethodOptions& options, BalanceProblem& problem, const Network& network, BalanceParams params,
             const ProgressCallback& report);

/// Root only. The sections as lines of the summary.
void print_method_summary(const Json& report);

}  // namespace synbal::app
