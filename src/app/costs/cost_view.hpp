// What solvers see of a network: the network itself, or, where neurons are tied, the network of their groups.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/loading.hpp"
#include "synbal/stochastic/tied.hpp"

namespace synbal::app {

/// From the user's neurons to the neurons of a balance problem, and back.
class CostView {
 public:
  /// Collective. `loaded` must outlive it, and has to have its components by then; where neurons are tied these become
  /// those of the groups, neuron by neuron. @throws Error bad_input as tie() does.
  CostView(const Comm& comm, LoadedNetwork& loaded, double power);
  CostView(const CostView&) = delete;
  CostView& operator=(const CostView&) = delete;

  /// What a problem is made of.
  [[nodiscard]] const Network& network() const noexcept { return tied_ ? tied_->network : loaded_->network; }
  [[nodiscard]] const Components& components() const noexcept { return tied_ ? of_groups_ : loaded_->components; }
  /// How many groups tie neurons or stand alone, without the pinned one; none where nothing is tied.
  [[nodiscard]] std::optional<GlobalIndex> groups() const noexcept { return groups_; }

  /// Collective. A hash of the order in which groups stand, as checkpoints need it to be the same.
  [[nodiscard]] std::string order(const Comm& comm) const;

  /// Collective. [rows of the user's network] h of all neurons from that of the problem's ([n]): what is tied shares
  /// it, and its mean is zero over the neurons of a component without pinned neurons.
  [[nodiscard]] std::vector<double> h_of_neurons(const BalanceProblem& problem, std::span<const double> h) const;
  /// Collective. How far such an h is from NodeData::known_h, constants of components aside; none without one.
  [[nodiscard]] std::optional<double> off_known_h(std::span<const double> of_neurons) const;
  /// Collective. [rows of network()] The way back: of tied neurons that of the first counts.
  [[nodiscard]] std::vector<double> of_groups(std::span<const double> of_neurons) const;

 private:
  const Comm* comm_;
  LoadedNetwork* loaded_;
  std::optional<TiedGroups> tied_;
  Components of_groups_;
  std::vector<GlobalIndex> leader_;  // [rows of the user's network] of the groups
  std::optional<GlobalIndex> groups_;
};

}  // namespace synbal::app
