// The network that is run beside: what a result makes of the first one, or a network of its own.
#include <fmt/format.h>

#include <algorithm>

#include "app/simulate/simulate.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

bool has(const Network& network, ArrayRole role) {
  return std::ranges::find(network.arrays, role, &NetworkArray::role) != network.arrays.end();
}

/// Collective. What is stored of the balanced network, and what is not, scaled by h.
Network from_result(const Comm& comm, const SimulateOptions& o, const Network& network) {
  const auto stored = read_result(comm, network, o.against);
  warn_of_other_input(o.against, stored.provenance.input_checksum, network, "its scaling is applied");
  auto scaled_arrays = network.arrays;
  scale_arrays(comm, network, stored.h, scaled_arrays);
  if (!stored.has_weights) {
    auto scaled = network;
    scale_weights(comm, scaled, stored.h);
    return scaled;
  }
  auto balanced = read_result_weights(comm, network, o.against);
  for (auto& weight : balanced.weight) weight *= o.coupling;
  const auto drawn = [](const NetworkArray& array) { return array.name.starts_with("random_"); };
  for (auto& array : scaled_arrays) {
    if (drawn(array)) std::erase_if(balanced.arrays, [&](const auto& other) { return other.role == array.role; });
  }
  for (auto& array : scaled_arrays) {
    if (drawn(array) || !has(balanced, array.role)) balanced.arrays.push_back(std::move(array));
  }
  return balanced;
}

/// Collective.
Network from_network(const Comm& comm, const SimulateOptions& o, const Network& network, PhaseTimes& times) {
  auto input = o.input;
  input.path = o.against;
  auto other = load_network(comm, input, times);
  for (auto& weight : other.weight) weight *= o.coupling;
  agreed(comm, [&] {
    if (other.size() != network.size()) {
      throw bad_input(fmt::format("{}: has {} neurons, {} has {}: compare networks of one size", o.against,
                                  other.size(), network.facts.path, network.size()));
    }
    for (const auto role : {ArrayRole::input_weights, ArrayRole::output_weights}) {
      if (has(other, role)) continue;
      throw bad_input(
          fmt::format("{}: has no {}, and what was drawn for {} cannot be scaled without h: give the result of "
                      "`balance`, or networks with inputs and outputs",
                      o.against, to_string(role), network.facts.path));
    }
  });
  return other;
}

}  // namespace

Network read_against(const Comm& comm, const SimulateOptions& options, const Network& network, PhaseTimes& times) {
  auto other = is_result(comm, options.against) ? from_result(comm, options, network)
                                                : from_network(comm, options, network, times);
  other.facts.path = options.against;
  return other;
}

}  // namespace synbal::app
