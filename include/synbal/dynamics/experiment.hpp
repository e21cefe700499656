// An experiment: one network, or two side by side, driven by the same inputs and the same noise, and what is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "synbal/dynamics/dynamics.hpp"
#include "synbal/dynamics/sensitivity.hpp"
#include "synbal/dynamics/signal.hpp"
#include "synbal/io/checkpoint.hpp"

namespace synbal {

struct ExperimentParams {
  TimeGrid grid;
  std::int64_t every = 1;            ///< steps between the times at which outputs and states are recorded
  std::vector<LocalIndex> recorded;  ///< owned neurons whose states are recorded
  double perturbation = 0;           ///< of states, to see it amplified at every step; 0: not
};

/// Means over time, outputs, conditions and trials, of one level of noise.
struct LevelErrors {
  double loss = 0;       ///< of (y - target)^2; 0 without targets
  double deviation = 0;  ///< of (y - y without noise)^2; 0 where no level is without noise
};

/// <|f(x + d) - f(x)|^2> / size^2, which is the sensitivity to first order.
struct Amplification {
  double size = 0, mean = 0;
  double standard_error = 0;  ///< of the mean, from its scatter over steps and runs
  std::int64_t samples = 0;
};

/// What was measured of a network. Gains, outputs, states and amplification are those of the first level.
struct Measured {
  Gains gains;
  std::vector<LevelErrors> levels;
  std::optional<Amplification> amplification;
  double output_power = 0;      ///< mean of y^2 where there is no noise (of the first level otherwise)
  std::vector<double> outputs;  ///< [times * outputs * runs], the same on all ranks
  std::vector<double> states;   ///< [times * recorded * runs], of the recorded neurons
};

class NetworkRun;

class Experiment {
 public:
  /// Collective. All must outlive it. `networks`: one or two of the same size, distributed alike. The target may be
  /// none. @throws Error usage when inputs or targets do not fit the network.
  Experiment(const Comm& comm, const std::vector<const Network*>& networks, const DynamicsParams& dynamics,
             const Ensemble& ensemble, Protocol& protocol, const ExperimentParams& params);
  Experiment(const Experiment&) = delete;
  Experiment& operator=(const Experiment&) = delete;
  ~Experiment();

  /// Collective. One step of all. @throws Error bad_input when a state leaves the doubles (looked for now and then, and
  /// at the last step).
  void advance();
  /// Collective. Puts all that changes into the numbers and neurons of a checkpoint, for any number of ranks; states
  /// recorded of all neurons on every rank.
  void keep(Checkpoint& checkpoint) const;
  /// Collective. The way back, for an experiment made alike. @throws Error bad_input.
  void go_on_from(const Checkpoint& checkpoint);
  /// Collective. The numbers that keep() gathers of recorded states when the run is over.
  [[nodiscard]] double recorded_in_the_end() const;

  /// Steps made.
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
  [[nodiscard]] bool is_over() const noexcept { return steps_ >= params_.grid.count; }
  [[nodiscard]] std::int64_t outputs() const noexcept;
  /// The times at which outputs and states were recorded.
  [[nodiscard]] std::vector<double> times() const;
  /// Collective. Of network number `k`, up to now.
  [[nodiscard]] Measured measured(std::size_t k) const;
  /// The level without noise, if there is one.
  [[nodiscard]] std::optional<std::int64_t> clean_level() const noexcept { return clean_; }
  /// The largest |y - y'| between the two networks, and the largest |y|, without noise; 0 where that was not run.
  [[nodiscard]] double largest_difference() const noexcept { return difference_; }
  [[nodiscard]] double largest_output() const noexcept { return largest_; }

 private:
  void check_fit() const;
  void check_finite() const;
  void compare();

  const Comm* comm_;
  Ensemble ensemble_;
  Protocol* protocol_;
  ExperimentParams params_;
  std::vector<std::unique_ptr<NetworkRun>> runs_;
  std::optional<std::int64_t> clean_;
  std::int64_t steps_ = 0;
  double difference_ = 0, largest_ = 0;
};

}  // namespace synbal
