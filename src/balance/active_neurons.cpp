// Labels of components, small enough to be compared entry by entry.
#include "synbal/balance/active_neurons.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "synbal/core/agree.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

ActiveNeurons::ActiveNeurons(const Comm& comm, const Network& network, const Components& components)
    : network_(&network), free_(comm, network) {
  label_columns(comm, components);
  number(comm);
  agreed(comm, [&] { check_exponents(); });
}

void ActiveNeurons::check_exponents() const {
  for (LocalIndex i = 0; i < size() && !exponent_.empty(); ++i) {
    if (exponent_[at(i)] == 1 || component_[at(i)] == pinned_component_) continue;
    throw bad_input(
        fmt::format("exponent {} of neuron {} in a component without pinned neurons (a cycle of such neurons "
                    "has no finite minimum): pin a neuron of the component, or leave the exponent 1",
                    exponent_[at(i)], network_->file_index(network_row_[at(i)])));
  }
}

// Labels number the components seen by this rank, so that "same component" is one comparison of small integers.
void ActiveNeurons::label_columns(const Comm& comm, const Components& components) {
  const auto rows = network_->local_size();
  const auto& flags = network_->nodes.pinned;
  std::vector<std::uint8_t> pinned(components.leader.size(), 0);
  std::copy(flags.begin(), flags.end(), pinned.begin());
  HaloExchange<std::uint8_t> exchange(network_->halo);
  exchange.forward(std::span(pinned).first(at(rows)), std::span(pinned).subspan(at(rows)));

  std::vector<GlobalIndex> leaders;
  GlobalIndex pinned_leader = -1;
  for (std::size_t c = 0; c < pinned.size(); ++c) {
    const auto leader = components.leader[c];
    if (components.on_cycle[c] != 0 && (leaders.empty() || leaders.back() != leader)) leaders.push_back(leader);
    if (pinned[c] != 0) pinned_leader = components.leader[c];
  }
  pinned_component_ = comm.max(pinned_leader);
  std::sort(leaders.begin(), leaders.end());
  leaders.erase(std::unique(leaders.begin(), leaders.end()), leaders.end());
  pinned_label_ = static_cast<std::int32_t>(leaders.size());

  label_.assign(pinned.size(), kTrivial);
  for (std::size_t c = 0; c < pinned.size(); ++c) {
    if (pinned[c] != 0) {
      label_[c] = pinned_label_;
    } else if (components.on_cycle[c] != 0) {
      label_[c] = static_cast<std::int32_t>(std::lower_bound(leaders.begin(), leaders.end(), components.leader[c]) -
                                            leaders.begin());
    }
  }
  one_component_ =
      std::all_of(label_.begin(), label_.end(), [](std::int32_t l) { return l == 0; }) && pinned_label_ == 1;
  const auto active = [&](std::int32_t label) { return label != kTrivial && label != pinned_label_; };
  const auto own = std::span(std::as_const(label_)).first(at(rows));
  const auto actives = at(std::count_if(own.begin(), own.end(), active));
  network_row_.reserve(actives), component_.reserve(actives);
  for (LocalIndex i = 0; i < rows; ++i) {
    if (!active(own[at(i)])) continue;
    network_row_.push_back(i);
    component_.push_back(components.leader[at(i)]);
  }
  // An edge to or from a pinned neuron is inside exactly when the other end is in the pinned component.
  const auto found = std::lower_bound(leaders.begin(), leaders.end(), pinned_component_);
  joins_pinned_ = found != leaders.end() && *found == pinned_component_
                      ? static_cast<std::int32_t>(found - leaders.begin())
                      : pinned_label_ + 1;
}

void ActiveNeurons::number(const Comm& comm) {
  neurons_ = Ownership::of_counts(comm, static_cast<GlobalIndex>(network_row_.size()));
  place_.assign(at(network_->local_size()), -1);
  for (LocalIndex k = 0; k < size(); ++k) place_[at(network_row_[at(k)])] = k;
  const auto& exponent = network_->nodes.exponent;
  bool ones = true;
  for (const auto row : network_row_) ones = ones && (exponent.empty() || exponent[at(row)] == 1);
  if (!comm.any(!ones)) return;
  for (const auto row : network_row_) exponent_.push_back(exponent.empty() ? 1.0 : exponent[at(row)]);
}

std::vector<GlobalIndex> ActiveNeurons::numbers() const {
  const auto rows = network_->local_size();
  std::vector<GlobalIndex> number(label_.size());
  for (LocalIndex i = 0; i < rows; ++i) {
    number[at(i)] = place_[at(i)] < 0 ? -1 : neurons_.first() + place_[at(i)];
  }
  const auto own = std::span(number).first(at(rows));
  HaloExchange<GlobalIndex>(network_->halo).forward(own, std::span(number).subspan(at(rows)));
  return number;
}

void ActiveNeurons::keep_ghosts(std::span<const LocalIndex> ghosts) {
  synbal::keep_ghosts(label_, network_->local_size(), ghosts);
  free_.keep_ghosts(ghosts);
}

std::vector<double> ActiveNeurons::to_network(std::span<const double> values, double elsewhere) const {
  std::vector<double> spread(at(network_->local_size()), elsewhere);
  for (std::size_t k = 0; k < network_row_.size(); ++k) spread[at(network_row_[k])] = values[k];
  return spread;
}

std::vector<double> ActiveNeurons::from_network(std::span<const double> values) const {
  std::vector<double> own;
  own.reserve(network_row_.size());
  for (const auto row : network_row_) own.push_back(values[at(row)]);
  return own;
}

}  // namespace synbal
