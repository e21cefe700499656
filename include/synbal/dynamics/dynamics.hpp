// The network alive: tau x' = -x + J phi(x) + W_in u + b + noise, y = W_out phi(x), many runs at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "synbal/dynamics/activation.hpp"
#include "synbal/dynamics/ensemble.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

struct DynamicsParams {
  Activation phi;
  double step = 0.1;  ///< dt
  double tau = 1;     ///< time constant, in the unit of time
  std::uint64_t seed = 1;
  bool reads_states = false;  ///< y = W_out x (Stock et al. 2022, eq. 2) instead of W_out phi(x)
};

/// The states of all runs of a network, and what moves them: x += dt (-x + J phi(x) + W_in u + b) / tau
/// + sqrt(dt) eps xi, from x = 0 or the network's initial states. Columns go by blocks of up to 16, for which the
/// weights are read once and the ghosts exchanged once a step. The noise xi is keyed by (seed, neuron's place in the
/// file, step, condition and trial): the same bits at any rank count, at every level of noise, and in any network of
/// this size. Holds 8 bytes a neuron and column.
class Dynamics {
 public:
  /// Collective. The network must outlive it.
  Dynamics(const Comm& comm, const Network& network, const DynamicsParams& params, const Ensemble& ensemble);
  Dynamics(const Dynamics&) = delete;
  Dynamics& operator=(const Dynamics&) = delete;
  ~Dynamics();

  [[nodiscard]] const Network& network() const noexcept;
  [[nodiscard]] const Ensemble& ensemble() const noexcept;
  [[nodiscard]] std::int64_t inputs() const noexcept;
  [[nodiscard]] std::int64_t outputs() const noexcept;

  /// Collective. One step of all columns; `input`: [inputs * runs], the run running fastest.
  void advance(std::int64_t step, std::span<const double> input);
  /// Collective. [outputs * columns] of the states as they are.
  [[nodiscard]] std::vector<double> read_out() const;
  /// [runs] The state of an owned neuron in the runs of the first level.
  void copy_state(LocalIndex neuron, std::span<double> state) const;
  /// Adds phi'(x) and its square over the runs of the first level; [n_local] each.
  void add_slopes(std::span<double> slopes, std::span<double> squares) const;
  /// Whether all states of this rank are finite.
  [[nodiscard]] bool is_finite() const;

  /// Collective. [runs] |f(x + d) - f(x)|^2 / size^2 of the runs of the first level, f = -x + J phi(x) + ..., with d
  /// normal of standard deviation `size`: what a small perturbation becomes (Stock et al. 2022, before eq. 6).
  /// `draw`: another number, another perturbation.
  [[nodiscard]] std::vector<double> response(double size, std::uint32_t draw);

  /// Column `column` of the states, [n_local], and back: for those who keep them.
  [[nodiscard]] std::vector<double> column(std::int64_t column) const;
  void set_column(std::int64_t column, std::span<const double> values);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
