// Tied (coordinated) balancing: one factor for all neurons of a group - a layer, a convolution kernel's neurons, a cell
// type (Baldi et al. 2024, def. 4.5 and section 8.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/balance.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// A network of groups: one neuron per group, whose synapses cost what all synapses of its members cost. Balancing it
/// by any method is tied balancing; balancing one of its neurons is the closed form lambda* = (k sum out / sum
/// in)^{1/(p (k+1))} over the group (eq. 8.1 is its balance equation). All pinned neurons are one pinned group.
/// Synapses inside a group never change and are left out, but where the group's exponent is not 1: they are its
/// self-loop. Groups are in the order of the members with the smallest
/// global indices, and live where those do. A component of groups may join components of neurons: what the tie holds
/// together has a finite minimum together.
struct TiedGroups {
  Network network;
  /// [n_local of the neurons' network] Each neuron's group: a local index of `network`, or network.local_size() + ghost
  /// of `halo`.
  std::vector<LocalIndex> group;
  Halo halo;

  /// Collective. One value per neuron from one per group ([network.local_size()], e.g. h).
  [[nodiscard]] std::vector<double> expand(std::span<const double> values) const;
};

/// Collective. `group`: one id per neuron of this rank; neurons of one id, wherever they live, form a group; kUntied
/// stands alone. The id of a pinned neuron does not matter. The weights of the result are |.| sums taken at `power`,
/// gains and alphas included, so that only problems of this power may be made of it. Holds about 24 bytes per synapse
/// on the way. @throws Error bad_input for a group whose neurons differ in their homogeneity exponent.
TiedGroups tie(const Comm& comm, const Network& network, std::span<const std::int64_t> group, double power);

/// The tied equilibrium.
struct TiedEquilibrium {
  std::vector<double> h;   ///< [n_local], of the neurons; groups that touch no pinned neuron have zero mean over groups
  Equilibrium of_groups;   ///< costs: those between groups
  GlobalIndex groups = 0;  ///< without the pinned one
};

/// Collective. Ties, balances the groups from h = 0, and expands.
TiedEquilibrium balance_tied(const Comm& comm, const Network& network, std::span<const std::int64_t> group,
                             double power, const BalanceParams& params = {});

}  // namespace synbal
