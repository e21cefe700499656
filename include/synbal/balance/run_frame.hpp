// The frame of a solver's run: limits and history, a forecast of how far there is to go, and when the base moves.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

/// |log| of the factors e^{p k delta}, e^{-p delta} at which the base moves: products of a cost with two of them, and
/// of what one more iteration makes of them, stay within the range of doubles.
inline constexpr double kRebaseExponent = 50;
inline const double kRebaseFactor = std::exp(kRebaseExponent);
/// Sweeps, rounds or what else a method counts, unless there is a limit: those that get on at all end earlier.
inline constexpr std::int64_t kDefaultSweeps = 1'000'000;
/// Imbalance (l1) that visits of single neurons cannot improve: each sums its costs to a few eps.
inline constexpr double kVisitRounding = 1e-14;
/// What neurons meet on the way through an iteration exceeds the imbalance at its end by about this; exact looks at
/// the state wait until then.
inline constexpr double kMetOverImbalance = 4;

/// Collective. max steepness |delta|, the |log| of the farthest factor at base + delta ([n]).
double largest_exponent(const BalanceProblem& problem, std::span<const double> delta);

/// How far h still has to go, from how the largest steps shrink from one period to the next: the tail of a geometric
/// series. A period is as many iterations as it takes until every neuron can be expected to have moved.
class ConvergenceForecast {
 public:
  explicit ConvergenceForecast(std::int64_t period = 1) : period_(period) {}

  /// Takes an iteration: its largest change of h, and the imbalance met. @return true at the end of a period.
  bool update(double step, double l1);
  /// [h] As the last period foretells.
  [[nodiscard]] double remaining() const noexcept { return remaining_; }
  /// The largest imbalance of the last period.
  [[nodiscard]] double met() const noexcept { return met_; }
  /// All that it knows, for another one to go on with.
  [[nodiscard]] std::vector<double> state() const;
  /// As it was when state() was asked; anything else is left out.
  void set_state(std::span<const double> state);

 private:
  std::int64_t period_, iterations_ = 0;
  double step_ = 0, l1_ = 0, previous_ = 0, rate_ = 0.5, remaining_ = 0, met_ = 0;
};

/// What a run has done and when it has to end.
class RunFrame {
 public:
  /// `iterations`: the limit where the criteria have none. All but `method` must outlive the frame.
  RunFrame(const Comm& comm, std::string method, const StopCriteria& stop, std::int64_t iterations,
           const ProgressCallback& report);

  /// Appends to the history and reports; later figures of the same iteration replace those that were met on the way.
  /// `cost` in the user's unit.
  void record(std::int64_t iteration, double cost, double l1);
  /// Collective where there is a limit in seconds or a keeper, which keeps the state where that is asked for. True when
  /// a limit is reached; the result's reason then says which. @throws Error stopped.
  [[nodiscard]] bool out_of_limits(std::int64_t iterations);
  /// Of iterations.
  [[nodiscard]] std::int64_t limit() const noexcept { return limit_; }
  [[nodiscard]] double seconds() const { return timer_.seconds() + earlier_; }

  /// Counts and history into a part of the state; and a run that goes on from it.
  void tell(RunPart& part) const;
  void go_on_from(const RunPart& part);

  SolverResult result;

 private:
  const Comm* comm_;
  const StopCriteria* stop_;
  std::int64_t limit_;
  const ProgressCallback* report_;
  Timer timer_;
  double earlier_ = 0;  // seconds of the runs before this one
};

/// What two solvers in turn did, as one.
void append(SolverResult& first, SolverResult&& second);

}  // namespace synbal
