// The balance problem in its normal form: all that a solver sees, C(h) with its costs c, a, b and exponents k as below.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "synbal/balance/active_neurons.hpp"
#include "synbal/balance/cost_layout.hpp"
#include "synbal/balance/cost_units.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

class Prices;

/// minimise C(h) = sum c_ij e^{p(k_j h_j - h_i)} + sum a_i e^{-p h_i} + sum b_j e^{p k_j h_j} over the active neurons:
/// those that are free and lie on a cycle (through other neurons or through the pinned ones). Self-loops never change
/// and are left out, but those of neurons with an exponent k other than 1, which become J_ii e^{(k - 1) h_i}. Costs are
/// held at a `base` point h = base + delta and are recomputed from the weights whenever the base moves, so nothing
/// drifts and squares neither overflow nor cut the graph where they underflow: too small costs are raised to
/// smallest_cost(). A problem that has taken the synapses over moves their costs instead, by factors of rows and
/// columns.
class BalanceProblem {
 public:
  /// Whether synapses whose costs are in the problem stay in the network, too.
  enum class Synapses { stay, taken_over };

  /// Collective. `comm` and `network` must outlive the problem. c_ij = alpha_ij gain_j^2 |J_ij|^power; synapses that
  /// cost nothing take no part.
  /// @throws Error bad_input for an exponent other than 1 on a neuron whose component has no
  /// pinned neuron (no finite minimum exists there).
  BalanceProblem(const Comm& comm, const Network& network, const Components& components, double power);
  /// Collective. Of Synapses::taken_over, the network is left with the others (self-loops, those of pinned neurons and
  /// between components; `nnz` stays as it was) and with the ghosts that these have, and `components` with the same
  /// ghosts: memory is given back while costs are laid out, so that 12 bytes a synapse are held in the end instead of
  /// 24. Each move of the base then rounds every cost once. Networks whose costs span too much for that, or whose
  /// neurons have exponents, keep all: see has_synapses().
  BalanceProblem(const Comm& comm, Network& network, Components& components, double power, Synapses synapses);
  /// Collective. From now on everything that is summed is summed in a way that does not depend on where neurons lie:
  /// the same bits at any rank count. To be called before kernels and sums are made of the problem.
  void make_reproducible();
  [[nodiscard]] bool reproducible() const noexcept { return reproducible_; }
  [[nodiscard]] bool has_synapses() const noexcept { return taken_from_ == nullptr; }
  /// Stored entries of the network on this rank, as it came.
  [[nodiscard]] std::int64_t network_entries() const noexcept { return network_entries_; }

  [[nodiscard]] const Comm& comm() const noexcept { return *comm_; }
  [[nodiscard]] double power() const noexcept { return power_; }
  [[nodiscard]] LocalIndex size() const noexcept { return active_.size(); }
  [[nodiscard]] GlobalIndex global_size() const noexcept { return active_.neurons().size(); }
  [[nodiscard]] const Ownership& neurons() const noexcept { return active_.neurons(); }
  [[nodiscard]] const Halo& halo() const noexcept { return layout_.halo(); }
  /// Costs whose columns are this rank's neurons, and those whose columns are ghosts, in the units that follow.
  [[nodiscard]] const CostTiles& local() const noexcept { return layout_.local(); }
  [[nodiscard]] const CostTiles& remote() const noexcept { return layout_.remote(); }
  /// None where the problem is not reproducible: costs are held as they are.
  [[nodiscard]] const CostUnits& units() const noexcept { return units_; }
  /// Cost that enters active neuron i from, and leaves it to, pinned neurons, at the base.
  [[nodiscard]] double from_pinned(LocalIndex i) const noexcept { return value_of(from_pinned_, i); }
  [[nodiscard]] double to_pinned(LocalIndex i) const noexcept { return value_of(to_pinned_, i); }
  /// [n] The costs of self-loops, which are among the edges; empty where all exponents are 1 and self-loops are none.
  [[nodiscard]] std::span<const double> self_loops() const noexcept { return loop_; }
  /// Collective. visit(row, column, cost) with the network's indices for the synapses of this rank's rows between an
  /// active neuron and a pinned one, at the base: what from_pinned(i) and to_pinned(i) are the sums of.
  void for_each_pinned_synapse(const std::function<void(LocalIndex, LocalIndex, double)>& visit) const;
  /// Collective. visit(i, j, log c_ij) at h = 0, whatever the range, for the synapses of this rank's rows that take
  /// part; i and j are global indices of active neurons, -1 a pinned neuron. @pre has_synapses()
  void for_each_log_cost(const std::function<void(GlobalIndex, GlobalIndex, double)>& visit) const;
  /// True where costs span so much (some 200 decades) that small ones may be raised to smallest_cost().
  [[nodiscard]] bool wide() const noexcept { return wide_; }
  /// log2 of the largest over the smallest cost that the ranges of weights and gains allow at h = 0.
  [[nodiscard]] double log2_span() const noexcept { return log2_span_; }
  /// [n] or empty: homogeneity exponents, where some differ from 1.
  [[nodiscard]] std::span<const double> exponent() const noexcept { return active_.exponent(); }
  [[nodiscard]] double exponent(LocalIndex i) const noexcept { return active_.exponent(i); }
  /// p max(1, k): |log| of the farthest factor of a cost, for each unit that h_i moves by.
  [[nodiscard]] double steepness(LocalIndex i) const noexcept { return power_ * std::max(1.0, exponent(i)); }
  /// [n] Row of the network that each active neuron is.
  [[nodiscard]] std::span<const LocalIndex> network_row() const noexcept { return active_.network_row(); }
  /// Place in the order of the network's file.
  [[nodiscard]] GlobalIndex file_index(LocalIndex i) const noexcept {
    return network_->file_index(network_row()[static_cast<std::size_t>(i)]);
  }
  /// Ownership of the network's rows, by which component leaders have owners.
  [[nodiscard]] const Ownership& component_rows() const noexcept { return network_->rows; }
  /// [n] Leader of each neuron's component (Components::leader).
  [[nodiscard]] std::span<const GlobalIndex> component() const noexcept { return active_.component(); }
  /// Leader of the component that holds the pinned neurons; -1 without one.
  [[nodiscard]] GlobalIndex grounded_component() const noexcept { return active_.pinned_component(); }
  /// Bands of rows that the tiles have (CostTiles::kBandRows each).
  [[nodiscard]] LocalIndex bands() const noexcept { return layout_.bands(); }
  /// The costs of a band will not be read again; their memory is someone else's.
  void give_back_costs(LocalIndex band) noexcept { layout_.give_back(band); }
  /// [n] The point at which the costs are held.
  [[nodiscard]] std::span<const double> base() const noexcept { return base_; }
  /// Collective. All costs at a new base. @throws Error usage where that takes costs of synapses that were taken over
  /// out of the range of doubles.
  void rebase(std::span<const double> base);
  /// Collective. The same where what enters and leaves the neurons there is known: a reproducible problem is spared a
  /// look at all costs.
  void rebase(std::span<const double> base, const KnownSums& sums);

  /// Costs are held divided by this power of two: 1, unless |J|^p nears over- or underflow; where it spans 200 decades
  /// the unit follows the largest cost as the base moves.
  [[nodiscard]] double cost_unit() const noexcept;
  /// Its decimal logarithm: the unit itself may lie beyond doubles.
  [[nodiscard]] double log10_cost_unit() const noexcept;
  /// Edges over all ranks, inside components and between active neurons.
  [[nodiscard]] std::int64_t edges() const noexcept { return edges_; }
  /// Edges between components and their cost at h = 0, in the user's unit.
  [[nodiscard]] std::int64_t edges_between() const noexcept { return edges_between_; }
  [[nodiscard]] double cost_between() const noexcept { return cost_between_; }
  /// What takes no part because it costs nothing.
  [[nodiscard]] const FreeSynapses& free_synapses() const noexcept { return active_.free_synapses(); }
  /// Their share of all costs that scaling could change, at h = 0; whatever the range. 0 where nothing costs.
  [[nodiscard]] double share_between() const noexcept { return share_between_; }

  static constexpr double smallest_cost() noexcept { return 1e-250; }

  /// The active neurons' values spread to the network's rows; other rows get `elsewhere`.
  [[nodiscard]] std::vector<double> to_network(std::span<const double> values, double elsewhere) const {
    return active_.to_network(values, elsewhere);
  }
  /// The values of the active neurons among the network's rows.
  [[nodiscard]] std::vector<double> from_network(std::span<const double> values) const {
    return active_.from_network(values);
  }

 private:
  struct Sums;
  [[nodiscard]] static double value_of(const std::vector<double>& values, LocalIndex i) noexcept {
    return values.empty() ? 0.0 : values[static_cast<std::size_t>(i)];
  }
  BalanceProblem(const Comm& comm, const Network& network, Network* taken_from, const Components& components,
                 double power);
  void choose_unit();
  std::vector<LocalIndex> lay_out();
  void follow_unit();
  [[nodiscard]] bool unit_moved();
  void move_to(std::span<const double> base);
  void move_costs(std::span<const double> from);
  void hold_as_they_are();
  void hold_in(CostUnits units);
  void compute_costs();
  [[nodiscard]] Prices prices() const;
  [[nodiscard]] Sums no_sums();
  void price(LocalIndex row, std::int64_t entry, LocalIndex column, SynapseRole role, std::int64_t place,
             const Prices& prices, Sums& sums);
  void add_up(Sums&& sums);
  void add_up_in_any_order(const Sums& sums);
  void count_edges(const Sums& sums);

  const Comm* comm_;
  const Network* network_;
  Network* taken_from_;  // the same where its synapses are taken over
  std::int64_t network_entries_;
  ActiveNeurons active_;
  CostLayout layout_;
  CostUnits units_;
  double power_;
  double log2_unit_ = 0, log2_span_ = 0;
  bool wide_ = false;  // costs span so much that the unit has to follow the base
  bool reproducible_ = false;
  std::vector<double> from_pinned_, to_pinned_;  // [n]; empty where nobody is pinned
  std::vector<double> loop_, base_;
  std::int64_t edges_ = 0, edges_between_ = 0;
  double cost_between_ = 0, share_between_ = 0;
};

}  // namespace synbal
