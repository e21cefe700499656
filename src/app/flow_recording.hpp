// What of a flow is recorded, and how a moment becomes a row of the trajectory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/flow_options.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/flow/heat.hpp"
#include "synbal/flow/invariants.hpp"
#include "synbal/flow/weight_flow.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/io/trajectory.hpp"

namespace synbal::app {

/// Weights and costs of selected synapses at any h.
class SynapseValues {
 public:
  /// Collective. The network must outlive it.
  SynapseValues(const Network& network, SelectedSynapses selected, double power);

  /// Collective. `h`: [n_local] of the network's neurons.
  void update(std::span<const double> h);
  [[nodiscard]] const SelectedSynapses& selected() const noexcept { return selected_; }
  [[nodiscard]] std::span<const double> weight() const noexcept { return weight_; }
  [[nodiscard]] std::span<const double> cost() const noexcept { return cost_; }

 private:
  [[nodiscard]] std::vector<double> with_ghosts(std::span<const double> owned) const;

  const Network* network_;
  SelectedSynapses selected_;
  double power_;
  std::vector<double> gain_, exponent_;  // of the presynaptic neurons
  std::vector<double> weight_, cost_;
};

/// What goes along with the flow, where it was asked for.
struct Companions {
  std::unique_ptr<HeatFlow> heat_flow;
  std::unique_ptr<HeatCompanion> heat;
  std::unique_ptr<WeightFlow> weight_flow;
  std::unique_ptr<WeightCompanion> weights;
  HeatDifference heat_difference;  ///< at the last row
  double weight_difference = 0;    ///< at the last row
  double largest_weight_difference = 0;
};

/// Writes a row for every output.
class Recording {
 public:
  /// Collective. All must outlive the recording. @throws Error bad_input for neurons and synapses that are not there.
  Recording(const Comm& comm, const Network& network, const BalanceProblem& problem, const FlowOptions& options,
            InvariantMonitor& monitor, Companions& companions);

  /// Collective. Makes the file. @throws Error io_failure.
  void open(const FlowOptions& options, std::int64_t expected_rows, const Provenance& about);
  /// Collective. @throws Error io_failure.
  void row(const FlowMoment& moment);
  /// Collective. @throws Error io_failure; the rows stay readable.
  void finish(const Provenance& about);

  /// Seconds that writing rows took on this rank.
  [[nodiscard]] double writing() const noexcept { return writing_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return writer_ ? writer_->rows() : 0; }
  [[nodiscard]] std::int64_t neurons() const noexcept { return width_; }
  [[nodiscard]] std::int64_t synapses() const noexcept { return synapses_.selected().count; }
  /// Whether another run can start from this trajectory.
  [[nodiscard]] bool has_all_neurons() const noexcept { return width_ == network_.size(); }

 private:
  struct Scalar {
    std::string name;
    std::function<double(const FlowMoment&)> value;
  };
  void choose_neurons(const std::vector<std::uint8_t>& marked);
  void choose_scalars();
  [[nodiscard]] TrajectoryLayout layout(std::int64_t expected_rows) const;
  [[nodiscard]] TrajectoryLabel label(const std::string& name, std::int64_t width, std::span<const std::int64_t> place,
                                      std::span<const std::int64_t> value) const;
  void advance_companions(const FlowMoment& moment);
  [[nodiscard]] std::vector<double> of_recorded(std::span<const double> active) const;

  const Comm& comm_;
  const Network& network_;
  const BalanceProblem& problem_;
  InvariantMonitor& monitor_;
  Companions& companions_;
  Timer timer_;
  double writing_ = 0;
  std::vector<LocalIndex> neurons_;       // recorded ones of this rank
  std::vector<std::int64_t> place_, id_;  // their columns and ids
  std::int64_t width_ = 0;
  SynapseValues synapses_;
  std::vector<Scalar> scalars_;
  std::unique_ptr<TrajectoryWriter> writer_;
};

}  // namespace synbal::app
