// Which neurons take part in a balance problem, and what every synapse of the network is to them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/free_synapses.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Where a stored synapse belongs in the normal form: its cost never changes, or it is inside a component of active
/// neurons, comes from a pinned neuron or leads to one, or lies between components.
enum class SynapseRole : std::uint8_t { unchanging, inside, from_pinned, to_pinned, between };

/// The neurons that are free and lie on a cycle, through other neurons or through the pinned ones, numbered rank by
/// rank in the order of the network's rows.
class ActiveNeurons {
 public:
  /// Collective. `network` must outlive it. @throws Error bad_input for an exponent other than 1 on a neuron whose
  /// component has no pinned neuron (no finite minimum exists there).
  ActiveNeurons(const Comm& comm, const Network& network, const Components& components);

  [[nodiscard]] const Network& network() const noexcept { return *network_; }
  [[nodiscard]] const Ownership& neurons() const noexcept { return neurons_; }
  [[nodiscard]] LocalIndex size() const noexcept { return neurons_.count(); }
  /// [n] Row of the network that each one is, and the leader of its component (Components::leader).
  [[nodiscard]] std::span<const LocalIndex> network_row() const noexcept { return network_row_; }
  [[nodiscard]] std::span<const GlobalIndex> component() const noexcept { return component_; }
  /// Leader of the component that holds the pinned neurons; -1 without one.
  [[nodiscard]] GlobalIndex pinned_component() const noexcept { return pinned_component_; }
  /// [n] or empty: homogeneity exponents, where some differ from 1.
  [[nodiscard]] std::span<const double> exponent() const noexcept { return exponent_; }
  [[nodiscard]] double exponent(LocalIndex i) const noexcept {
    return exponent_.empty() ? 1.0 : exponent_[static_cast<std::size_t>(i)];
  }
  /// What takes no part because it costs nothing.
  [[nodiscard]] const FreeSynapses& free_synapses() const noexcept { return free_; }

  /// Place of a row of the network among the active neurons of this rank, or -1.
  [[nodiscard]] LocalIndex place_of(LocalIndex row) const noexcept { return place_[static_cast<std::size_t>(row)]; }
  /// Rows and ghosts of the network.
  [[nodiscard]] std::size_t columns() const noexcept { return label_.size(); }
  /// Of a synapse that costs something. @pre `column` counts rows of the network, then ghosts.
  [[nodiscard]] SynapseRole role(LocalIndex row, LocalIndex column) const noexcept;
  /// visit(row, entry, column, role) for every stored entry of a range of the network's rows.
  template <class Visit>
  void for_each_entry(LocalIndex begin, LocalIndex end, Visit&& visit) const;
  /// Collective. [columns()] Global index among the active neurons; -1 where a column is none.
  [[nodiscard]] std::vector<GlobalIndex> numbers() const;
  /// The network has these of its ghosts alone from now on.
  void keep_ghosts(std::span<const LocalIndex> ghosts);

  /// The active neurons' values spread to the network's rows; other rows get `elsewhere`.
  [[nodiscard]] std::vector<double> to_network(std::span<const double> values, double elsewhere) const;
  /// The values of the active neurons among the network's rows.
  [[nodiscard]] std::vector<double> from_network(std::span<const double> values) const;

 private:
  static constexpr std::int32_t kTrivial = -1;  // label of a free neuron on no cycle: none of its synapses is balanced

  void label_columns(const Comm& comm, const Components& components);
  void number(const Comm& comm);
  void check_exponents() const;
  [[nodiscard]] bool loop_costs(LocalIndex row) const noexcept;

  const Network* network_;
  FreeSynapses free_;
  Ownership neurons_;
  std::vector<LocalIndex> network_row_;
  std::vector<GlobalIndex> component_;
  std::vector<double> exponent_;
  std::vector<LocalIndex> place_;    // [network local]
  std::vector<std::int32_t> label_;  // [network local + ghosts] component on this rank: numbers of those seen here
  GlobalIndex pinned_component_ = -1;
  std::int32_t pinned_label_ = -1;  // label of pinned neurons
  std::int32_t joins_pinned_ = -1;  // label of the free neurons in the pinned neurons' component
  bool one_component_ = false;      // all this rank sees is one component without pinned neurons
};

/// Whether the self-loop of a neuron changes with its h: as a synapse that enters and leaves it, it adds (k - 1) c to
/// the gradient over p and (k - 1)^2 c to the Hessian over p^2.
inline bool ActiveNeurons::loop_costs(LocalIndex row) const noexcept {
  const auto i = static_cast<std::size_t>(row);
  const auto& exponent = network_->nodes.exponent;
  return !exponent.empty() && exponent[i] != 1 && place_[i] >= 0;
}

[[gnu::always_inline]] inline SynapseRole ActiveNeurons::role(LocalIndex row, LocalIndex column) const noexcept {
  if (row == column) return loop_costs(row) ? SynapseRole::inside : SynapseRole::unchanging;
  if (one_component_) return SynapseRole::inside;
  const auto post = label_[static_cast<std::size_t>(row)];
  const auto pre = label_[static_cast<std::size_t>(column)];
  if (post == pinned_label_ && pre == pinned_label_) return SynapseRole::unchanging;
  if (post == pre && post != kTrivial) return SynapseRole::inside;
  if (pre == pinned_label_ && post == joins_pinned_) return SynapseRole::from_pinned;
  if (post == pinned_label_ && pre == joins_pinned_) return SynapseRole::to_pinned;
  return SynapseRole::between;
}

template <class Visit>
void ActiveNeurons::for_each_entry(LocalIndex begin, LocalIndex end, Visit&& visit) const {
  for (LocalIndex i = begin; i < end; ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (auto e = network_->row_ptr[row]; e < network_->row_ptr[row + 1]; ++e) {
      const auto j = network_->column[static_cast<std::size_t>(e)];
      visit(i, e, j, free_(e) ? SynapseRole::unchanging : role(i, j));
    }
  }
}

}  // namespace synbal
