// The methods that `balance` offers, with the options and the report that belong to a single one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/report.hpp"
#include "synbal/io/checkpoint.hpp"
#include "synbal/stochastic/asynchronous.hpp"
#include "synbal/stochastic/mixed_cost.hpp"
#include "synbal/stochastic/schedule.hpp"

namespace synbal::app {

/// What --method says.
enum class BalanceMethod { automatic, newton, sweep, flow, stochastic };

/// What --schedule says: genuine asynchrony, the reference runs of ScheduleKind, which are the same at any rank count,
/// and orders that follow what the neurons are like.
enum class VisitSchedule { asynchronous, sequential, colored, random, poisson, block, simulated, greedy, subset };

/// --method, and what only some methods look at.
struct MethodOptions {
  BalanceMethod method = BalanceMethod::automatic;
  VisitSchedule schedule = VisitSchedule::asynchronous;
  std::optional<double> step;  ///< of the asynchronous and the reference runs
  std::string subset;          ///< the neurons that may move, of VisitSchedule::subset
  AsynchronousParams asynchronous;
  ScheduleParams reference;
  std::vector<CostTerm> terms;  ///< of a mixed cost; empty: |J|^power

  [[nodiscard]] std::optional<ScheduleKind> reference_kind() const;
  [[nodiscard]] bool is_subset() const {
    return method == BalanceMethod::stochastic && schedule == VisitSchedule::subset;
  }
  /// The reference schedule, complete. @pre reference_kind()
  [[nodiscard]] ScheduleParams schedule_params(std::uint64_t seed) const;
};

void add_method_options(const OptionSet& command, MethodOptions& options);

/// Refuses options of one method that were given with another, and impossible schedules. @throws Error usage.
void check_method_options(const OptionSet& command, const MethodOptions& options);

/// What has to be the same when a run is gone on with: options with their values.
[[nodiscard]] RunFacts method_facts(const MethodOptions& options);

/// What asynchronous balancing did, and how it was set up.
struct AsynchronySection {
  AsynchronyReport did;
  TransportKind transport;
  VisitOrder order;
};
void describe(ReportWriter& report, const AsynchronySection& asynchrony);

/// What a schedule other than the asynchronous one did.
struct ScheduleSection {
  std::string name;
  std::uint64_t seed = 1;
  bool reference = true;  ///< the same at any rank count
  std::int64_t relaxations = 0;
  std::vector<std::int64_t> reads_by_age = {};
  std::int64_t rebases = 0;
};
void describe(ReportWriter& report, const ScheduleSection& schedule);

/// An equilibrium, and what only its method has to report.
struct MethodRun {
  Equilibrium found;
  std::optional<AsynchronySection> asynchrony = {};
  std::optional<ScheduleSection> schedule = {};
};

/// Collective. `network` and `components` are those the problem was made of.
MethodRun run_method(const MethodOptions& options, BalanceProblem& problem, const Network& network,
                     const Components& components, BalanceParams params, const ProgressCallback& report);

/// The lines of the summary that only some methods have.
void print_method(const MethodRun& run);

}  // namespace synbal::app
