// Groups, their components, and the constants that components leave open.
#include "app/costs/cost_view.hpp"

#include <algorithm>
#include <cmath>

#include "app/checkpointing.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/network/groups.hpp"

namespace synbal::app {

namespace {

/// Collective. The components of the groups, told of the neurons.
Components of_neurons(const Network& network, const TiedGroups& tied, const Components& of_groups) {
  const auto spread = [&](auto values) {  // from owned groups to the groups that own neurons belong to
    values.resize(at(tied.network.local_size()));
    const auto all = with_ghosts(tied.halo, std::move(values));
    std::decay_t<decltype(all)> own;
    for (const auto g : tied.group) own.push_back(all[at(g)]);
    return own;
  };
  Components of = of_groups;
  of.leader = with_ghosts(network.halo, spread(of_groups.leader));
  of.number = spread(of_groups.number);
  of.on_cycle = with_ghosts(network.halo, spread(of_groups.on_cycle));
  return of;
}

/// Collective. Shifts h such that its sum is 0 in every component that touches nothing pinned.
void center(const Comm& comm, const LoadedNetwork& loaded, std::vector<double>& h) {
  const auto& [network, components] = loaded;
  const auto& pinned = network.nodes.pinned;
  GlobalIndex grounded = -1;  // all pinned neurons are in one component
  for (std::size_t i = 0; i < pinned.size(); ++i) {
    if (pinned[i] != 0) grounded = components.leader[i];
  }
  const auto own = std::span(components.leader).first(h.size());
  ComponentSums(comm, own, network.rows, comm.max(grounded)).center(h);
}

}  // namespace

CostView::CostView(const Comm& comm, LoadedNetwork& loaded, double power) : comm_(&comm), loaded_(&loaded) {
  auto& [network, components] = loaded;
  if (!comm.any(has_ties(network))) return;
  auto label = network.nodes.group;
  label.resize(at(network.local_size()), kUntied);
  tied_ = synbal::tie(comm, network, label, power);
  leader_ = group_leaders(comm, network, label);
  of_groups_ = strongly_connected_components(comm, tied_->network);
  components = of_neurons(network, *tied_, of_groups_);
  const auto pinned = std::ranges::count(tied_->network.nodes.pinned, std::uint8_t{1});
  groups_ = tied_->network.size() - comm.sum(static_cast<std::int64_t>(pinned));
}

std::vector<double> CostView::h_of_neurons(const BalanceProblem& problem, std::span<const double> h) const {
  auto of = problem.to_network(h, 0.0);
  if (!tied_) return of;
  of = tied_->expand(of);
  center(*comm_, *loaded_, of);
  return of;
}

std::string CostView::order(const Comm& comm) const {
  std::vector<ItemFacts> leaders;
  if (tied_) {
    auto number = tied_->network.rows.first();  // groups live where their leaders do, in their order
    const auto& network = loaded_->network;
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      if (leader_[at(i)] == network.global(i)) leaders.push_back({number++, network.file_index(i), 0});
    }
  }
  return hash_of(comm, leaders);
}

std::optional<double> CostView::off_known_h(std::span<const double> of_neurons) const {
  const auto& known = loaded_->network.nodes.known_h;
  if (!comm_->any(!known.empty())) return {};
  std::vector<double> off(of_neurons.begin(), of_neurons.end());
  for (std::size_t i = 0; i < known.size(); ++i) off[i] -= known[i];
  center(*comm_, *loaded_, off);
  double most = 0;
  for (std::size_t i = 0; i < off.size(); ++i) {
    if (loaded_->components.on_cycle[i] != 0) most = std::max(most, std::abs(off[i]));
  }
  return comm_->max(most);
}

std::vector<double> CostView::of_groups(std::span<const double> of_neurons) const {
  std::vector<double> values(of_neurons.begin(), of_neurons.end());
  if (!tied_) return values;
  std::vector<double> of_leaders;  // groups live where their leaders do, in their order
  for (LocalIndex i = 0; i < loaded_->network.local_size(); ++i) {
    if (leader_[at(i)] == loaded_->network.global(i)) of_leaders.push_back(values[at(i)]);
  }
  return of_leaders;
}

}  // namespace synbal::app
