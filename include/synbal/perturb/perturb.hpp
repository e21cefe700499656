// How a balanced network answers a changed synapse: at once, finally by the Laplacian, and truly by balancing again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/balance/synapse_costs.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/resistance/resistance.hpp"

namespace synbal {

struct PerturbParams {
  double factor = 1.01;        ///< F = 1 + eta > 0 multiplies a synapse's weight, and so F^p its cost
  double tolerance = 1e-11;    ///< relative residual of the solves behind predictions
  ResistanceParams pairs;      ///< of resistances and their brackets
  double largest_step = 1e-6;  ///< Newton step (in h) that a point may be away from its equilibrium
};

/// What happens when synapses (i <- j) are changed. Values of all neurons: [network rows, then ghosts], 0 for pinned
/// ones and those on no cycle. A synapse (k <- l) changes by log J_kl = value_l - value_k.
struct Response {
  std::vector<double> rate;       ///< g = p eta c_ij (e_i - e_j), in the user's unit: d/dt log J_kl = g_l - g_k at once
                                  ///< (Stock et al. 2022, eq. 45, 46)
  std::vector<double> predicted;  ///< h = eta c_ij L^+ (e_i - e_j) (eq. 47), L and c at the equilibrium before
  std::vector<double> quadratic;  ///< h = L'^+ g' / p of the changed network, exact g' and L' at the old equilibrium:
                                  ///< the minimum of the quadratic model of its cost; empty until predict_quadratic()
  std::vector<double> actual;     ///< h of the new equilibrium relative to the old one; empty until rebalance()
  double residual = 0;            ///< of the solve behind the prediction, relative
  bool converged = true;          ///< that one is as small as asked, and balancing again converged
  double uncertainty = 0;         ///< of `actual`: the Newton steps left at both equilibria, maximum norm
  std::int64_t newton_steps = 0;
};

/// An entry of this rank among the network's weights, changed in one column of a block.
struct Perturbed {
  std::int64_t entry = 0;
  int column = 0;
};

/// A network at its equilibrium, whose synapses can be changed and whose answers be looked at. Nothing is kept of the
/// size of more than a few vectors.
class SynapsePerturbation {
 public:
  /// Collective. All must outlive it; `graph` is graph_of(problem) and `solver` its solver. Balances the problem, which
  /// must be near its equilibrium, as far as rounding allows, from its present base, and leaves it there.
  /// @throws Error bad_input when the Newton step there exceeds params.largest_step (the linear theory is one around an
  /// equilibrium) and for a factor that is not positive and finite, or is 1.
  SynapsePerturbation(Network& network, const Components& components, BalanceProblem& problem,
                      const ConductanceGraph& graph, LaplacianSolver& solver, const PerturbParams& params);
  SynapsePerturbation(const SynapsePerturbation&) = delete;
  SynapsePerturbation& operator=(const SynapsePerturbation&) = delete;

  [[nodiscard]] double eta() const noexcept { return params_.factor - 1; }
  [[nodiscard]] double power() const noexcept { return problem_->power(); }
  [[nodiscard]] const Network& network() const noexcept { return *network_; }
  [[nodiscard]] const Comm& comm() const noexcept { return problem_->comm(); }
  /// Newton step in h that was left where the costs were given, and where they are now.
  [[nodiscard]] double first_step() const noexcept { return first_step_; }
  [[nodiscard]] double equilibrium_step() const noexcept { return equilibrium_step_; }

  /// Whether an entry in an owned row takes part in balancing: it lies inside a component and is no self-loop. Changing
  /// another one changes nothing else.
  [[nodiscard]] bool takes_part(LocalIndex row, LocalIndex column) const noexcept;
  /// c_ij at the equilibrium, in the user's unit.
  [[nodiscard]] double cost(LocalIndex row, std::int64_t entry) const noexcept;
  /// Row of an entry of this rank.
  [[nodiscard]] LocalIndex row_of(std::int64_t entry) const noexcept;

  /// Collective. The resistance between the ends of entries of this rank, in the user's unit: infinite where they do
  /// not take part; `conductance` and `leverage` are those of the synapse alone, c_ij and c_ij R_ij (not of the edge,
  /// which holds c_ji, too).
  [[nodiscard]] std::vector<PairResistance> resistances(std::span<const std::int64_t> entries);
  /// The same for one entry, given what was found otherwise about the resistance between its ends, in the graph's unit.
  [[nodiscard]] PairResistance of_synapse(std::int64_t entry, PairResistance between) const noexcept;

  /// Collective. Immediate and predicted response in each of `columns` <= LaplacianOperator::kMaxColumns cases; the
  /// entries of one column, on all ranks, are changed together. Those that take no part change nothing.
  [[nodiscard]] std::vector<Response> predict(std::span<const Perturbed> entries, int columns);
  /// Collective. Fills in the quadratic prediction for the entries (of this rank, all ranks' together).
  void predict_quadratic(std::span<const std::int64_t> entries, Response& response);
  /// Collective. Fills in the true response to the entries (of this rank, all ranks' together): their weights are
  /// multiplied, the network is balanced again by Newton's method from where the prediction leads, and everything is
  /// put back.
  void rebalance(std::span<const std::int64_t> entries, Response& response);

 private:
  void converge();
  void check_equilibrium();
  void number_columns();
  [[nodiscard]] std::vector<std::int64_t> that_take_part(std::span<const std::int64_t> entries) const;
  [[nodiscard]] std::vector<double> start_of(const Response& response, double& largest) const;
  [[nodiscard]] double cost_in_unit(LocalIndex row, std::int64_t entry) const noexcept;
  [[nodiscard]] std::vector<double> sources(std::span<const Perturbed> entries, int columns,
                                            std::span<double> scale) const;
  [[nodiscard]] std::vector<double> spread(std::span<const double> nodes, int columns) const;

  Network* network_;
  const Components* components_;
  BalanceProblem* problem_;
  const ConductanceGraph* graph_;
  LaplacianSolver* solver_;
  PerturbParams params_;
  FusedKernel kernel_;
  ComponentSums sums_;
  SynapseCosts costs_;  // at the equilibrium
  ResistanceSolver pairs_;
  std::vector<double> h_;             // [nodes] the equilibrium
  std::vector<std::uint8_t> pinned_;  // [network rows, then ghosts]
  std::vector<GlobalIndex> node_;     // likewise: the node, kGround, or -2 for none
  double first_step_ = 0, equilibrium_step_ = 0;
};

/// The log change of a synapse that is changed alone, c_ij R_ij being its leverage, by the quadratic model (see
/// Response::quadratic): -q c R / (p (1 + q c R)), q = F^p - 1.
[[nodiscard]] double quadratic_log_change(double power, double factor, double leverage) noexcept;

/// 2-norms over the synapses that take part: log changes predicted, true, and their difference.
struct ResponseNorms {
  double predicted = 0, actual = 0, difference = 0;
  double quadratic_difference = 0;  ///< of the quadratic prediction; 0 where that is not known
  [[nodiscard]] double quadratic_error() const noexcept { return actual > 0 ? quadratic_difference / actual : 0.0; }
  /// Of the prediction; 0 where nothing moves.
  [[nodiscard]] double relative_error() const noexcept { return actual > 0 ? difference / actual : 0.0; }
};

/// Collective. Zeros for the truth where it is not known.
ResponseNorms response_norms(const SynapsePerturbation& study, const Response& response);

/// [network rows] What a response means for every neuron, over its synapses that take part.
struct NeuronTotals {
  std::vector<double> input_log, output_log;    ///< sums of log changes over its inputs, over its outputs: the response
                                                ///< alone, without the change that was made
  std::vector<double> input_cost, output_cost;  ///< changes of its in-cost and its out-cost from equilibrium to
                                                ///< equilibrium, the change that was made included, in the user's unit:
                                                ///< the two are equal, but for pinned neurons
};

/// Collective. Of the prediction (costs to first order: p c (log change)) or of the truth (exact). `entries`: those of
/// this rank that were changed.
NeuronTotals neuron_totals(const SynapsePerturbation& study, const Response& response,
                           std::span<const std::int64_t> entries, bool actual);

/// A synapse that answers although neither of its ends is an end of a changed one.
struct DistantResponse {
  GlobalIndex postsynaptic = 0, presynaptic = 0;  ///< global indices
  double cost = 0;
  double predicted = 0, actual = 0;  ///< log changes; the second is 0 where it is not known
};

/// Collective. The `count` largest of them in absolute value (of the truth where it is known), largest first, the same
/// on all ranks; no rank ever holds more than `count` of each.
std::vector<DistantResponse> largest_at_distance(const SynapsePerturbation& study, const Response& response,
                                                 std::span<const std::int64_t> entries, std::int64_t count);

}  // namespace synbal
