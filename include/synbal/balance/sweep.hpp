// Cyclic one-neuron updates: exact Gauss-Seidel in the order of a colouring, at any rank count.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "synbal/balance/color_exchange.hpp"
#include "synbal/balance/coloring.hpp"
#include "synbal/balance/solver.hpp"

namespace synbal {

/// What one sweep saw: every neuron's imbalance just before it was balanced.
struct SweepView {
  double l1 = 0;              ///< sum |in - k out| / cost, as met: an estimate of l1_relative during the sweep
  double cost = 0;            ///< total cost as met
  double max_step = 0;        ///< largest change of h
  double largest_factor = 0;  ///< largest s or t: when it grows large the base should move
};

/// The sweeping machinery. A visit gathers a row for the in-cost, sets h_k to its optimum
/// (Baldi et al. 2024; e^{p(k+1)h} = in / (k out)) and scatters the change into the out-costs of the row's presynaptic
/// neurons, so that rows (CostRows, 12 bytes per synapse) suffice and no transposed matrix is kept. Out-costs are
/// summed anew in every sweep; a visit moves a neuron by at most kLargestStep / p, so that what the running sums lose
/// by cancellation stays below e^10 eps.
class Sweeper {
 public:
  /// Collective. The problem must outlive the sweeper. Colours the neurons (about ten passes over the pattern).
  Sweeper(const BalanceProblem& problem, std::uint64_t seed);

  /// Not collective. Starts from h = base + delta; call again after the problem was rebased.
  void start(std::span<const double> delta);
  /// Collective. Starts where another sweeper stood between two sweeps, of whose post() these are the values: what
  /// follows is then the same bit for bit.
  void go_on_from(std::span<const double> post);
  /// [n] e^{-p delta} of the neurons.
  [[nodiscard]] std::span<const double> post() const noexcept { return post_; }
  /// Collective. One visit of every neuron.
  SweepView sweep();
  /// [n] Where the sweeps have come to, relative to the base.
  [[nodiscard]] std::vector<double> delta() const;

  [[nodiscard]] std::int64_t coloring_rounds() const noexcept { return coloring_.rounds; }

 private:
  static constexpr double kLargestStep = 10;
  void share_pre();
  void scatter(LocalIndex i, double moved, double after);
  void visit(LocalIndex i, SweepView& view);
  [[nodiscard]] SweepView over_ranks(const SweepView& own) const;

  const BalanceProblem* problem_;
  CostRows rows_;
  Coloring coloring_;
  ColorExchange exchange_;
  std::vector<LocalIndex> members_;  // owned neurons by colour
  std::vector<LocalIndex> color_begin_;
  HugeVector<SweepSlot> slots_;
  std::vector<double> post_;        // [n] t = e^{-p delta}
  std::vector<double> remote_out_;  // [n] other ranks' shares of (C^T t)
};

/// The method `sweep`: sweeps until balanced. The step that remains is estimated from how the steps shrink.
class SweepSolver {
 public:
  /// Problem and kernel must outlive the solver. `seed`: of the colouring.
  SweepSolver(BalanceProblem& problem, FusedKernel& kernel, std::uint64_t seed)
      : problem_(&problem), kernel_(&kernel), seed_(seed) {}

  /// Collective. Improves h ([n], absolute). Neurons are coloured once, however often it is called.
  SolverResult operator()(std::vector<double>& h, const StopCriteria& stop, const ProgressCallback& report = {});

 private:
  struct Run;
  BalanceProblem* problem_;
  FusedKernel* kernel_;
  std::uint64_t seed_;
  std::optional<Sweeper> sweeper_;
};

}  // namespace synbal
