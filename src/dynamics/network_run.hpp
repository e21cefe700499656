// One network of an experiment, with the sums of what is measured.
#pragma once

#include <string>

#include "synbal/dynamics/experiment.hpp"

namespace synbal {

class NetworkRun {
 public:
  /// Collective.
  NetworkRun(const Comm& comm, const Network& network, const DynamicsParams& dynamics, const Ensemble& ensemble,
             const ExperimentParams& params, std::optional<std::int64_t> clean);

  /// Collective. One step, and what is to be measured after it; an empty target is none.
  void advance(std::int64_t step, std::span<const double> input, std::span<const double> target);
  /// Collective. After `steps` steps.
  [[nodiscard]] Measured measured(std::int64_t steps) const;

  /// Collective. All that changes, under names that begin with `name`.
  void keep(Checkpoint& checkpoint, const std::string& name) const;
  /// Not collective. @throws Error bad_input where something is missing.
  void go_on_from(const Checkpoint& checkpoint, const std::string& name);

  [[nodiscard]] const Dynamics& dynamics() const noexcept { return dynamics_; }
  /// [outputs * columns] As they are now.
  [[nodiscard]] const std::vector<double>& outputs() const noexcept { return outputs_; }

 private:
  void add_errors(std::span<const double> target);
  void add_response(std::int64_t step);
  void record();

  [[nodiscard]] std::vector<double> all_states() const;
  void take_states(const std::vector<double>& all);

  const Comm* comm_;
  ExperimentParams params_;
  std::vector<std::int64_t> order_;  // places in the file of the neurons recorded by all ranks
  std::optional<std::int64_t> clean_;
  Dynamics dynamics_;
  std::vector<double> outputs_;
  std::vector<double> slopes_, squares_;     // [n_local] sums
  std::vector<double> losses_, deviations_;  // [levels] sums
  double power_ = 0;                         // sum of y^2
  double responses_ = 0, response_squares_ = 0;
  std::vector<double> recorded_outputs_, recorded_states_;
};

}  // namespace synbal
