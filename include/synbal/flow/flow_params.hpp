// What a flow is told: how it is integrated, when it is recorded, where it ends; and what the integrator counts.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "synbal/core/enum_names.hpp"

namespace synbal {

class RunKeeper;

enum class Integration { bdf, adams };
template <>
inline constexpr auto enum_names<Integration> = std::to_array<EnumName<Integration>>({{Integration::bdf, "bdf"},
                                                                                      {Integration::adams, "adams"}});

struct IntegratorParams {
  Integration integration = Integration::bdf;
  double relative_tolerance = 1e-6;  ///< of the local error, with respect to |y|
  double absolute_tolerance = 1e-8;  ///< in h
  int krylov_dimension = 500;        ///< largest number of Krylov iterations in a linear solve (GMRES: at most 50)
  std::int64_t max_steps = 0;        ///< 0: no limit
  double initial_step = 0;           ///< 0: CVODE's estimate
};

/// Counters of CVODE since the start, and of our own calls.
struct IntegratorStatistics {
  std::int64_t steps = 0, derivatives = 0, nonlinear_iterations = 0, nonlinear_failures = 0, error_test_failures = 0,
               krylov_iterations = 0, linear_failures = 0, products = 0, preconditioner_setups = 0;
  int order = 0;
  double step = 0;  ///< last step taken
};
/// Counts of a stretch onto those of the stretches before it.
void add(IntegratorStatistics& all, const IntegratorStatistics& more);

/// Increasing times. The start and the end of a run are always recorded in addition.
class OutputTimes {
 public:
  /// `count` equal intervals of (start, end].
  static OutputTimes linear(double end, std::int64_t count, double start = 0);
  /// `per_decade` times in every decade from `first`, up to `end` (infinite: until the run ends).
  static OutputTimes logarithmic(double first, double end, std::int64_t per_decade);
  /// Any times >= 0; sorted, repeated ones once.
  static OutputTimes listed(std::vector<double> times);

  /// The first recorded time after `time`, if there is one. The last is exactly `end` for linear and finite
  /// logarithmic times.
  [[nodiscard]] std::optional<double> after(double time) const;
  /// How many there are at most, if that is known.
  [[nodiscard]] std::optional<std::int64_t> count() const;

 private:
  enum class Kind { linear, logarithmic, listed } kind_ = Kind::listed;
  double first_ = 0, end_ = 0;  // of linear times: the start, the end
  std::int64_t count_ = 0;
  std::vector<double> times_;
};

struct FlowParams {
  IntegratorParams integrator;
  double start_time = 0;
  double end_time = std::numeric_limits<double>::infinity();
  double tolerance = 1e-10;  ///< on l1_relative; the flow stops there
  bool stop_at_equilibrium = true;
  bool resolve_end =
      true;  ///< follow the last decades of the imbalance, too: for times, not for the equilibrium itself
  OutputTimes outputs = OutputTimes::listed({});
  double max_seconds = 0;             ///< 0: no limit
  std::function<bool()> interrupted;  ///< this rank was asked to stop; agreed upon at every step
  /// Keeps the state after steps where that is asked for, and before an end by walltime or an interruption; a run
  /// begins with what it hands out. CVODE's history is not kept: a run that goes on begins with small steps.
  RunKeeper* keeper = nullptr;
};

}  // namespace synbal
