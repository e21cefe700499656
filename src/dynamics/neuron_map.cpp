// Elements go from where they lie in the file to the owners of their neurons.
#include "dynamics/neuron_map.hpp"

#include <algorithm>
#include <numeric>

#include "synbal/network/outside.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

namespace {
struct Element {
  LocalIndex neuron;
  NeuronWeight weight;
};

/// Collective. The neurons that stand at these places of the file, by their numbers in the network.
std::vector<GlobalIndex> at_places(const Comm& comm, const Network& network, const std::vector<GlobalIndex>& places) {
  const auto rows = Ownership::even(comm, network.size());
  std::vector<GlobalIndex> own(at(network.local_size()));
  std::iota(own.begin(), own.end(), network.rows.first());
  const auto in_file = to_file_order<GlobalIndex>(comm, network, rows, own);
  return Directory(comm, rows, places).fetch(in_file);
}

/// Collective. The elements of an array whose neurons this rank owns.
void add_elements(const Comm& comm, const Network& network, const NetworkArray& array, std::int64_t first,
                  std::vector<Element>& elements) {
  const auto neurons = at_places(comm, network, array.neurons());
  const auto others = other_axis(array);
  std::vector<NeuronWeight> weights(others.size());
  for (std::size_t k = 0; k < weights.size(); ++k) weights[k] = {first + others[k], array.values[k]};
  const Route route(comm, network.rows, neurons);
  const auto came_neurons = route.send(neurons);
  const auto came = route.send(std::move(weights));
  for (std::size_t k = 0; k < came.size(); ++k) {
    elements.push_back({static_cast<LocalIndex>(came_neurons[k] - network.rows.first()), came[k]});
  }
}
}  // namespace

NeuronMap map_of(const Comm& comm, const Network& network, ArrayRole role) {
  NeuronMap map;
  std::vector<Element> elements;
  for (const auto& array : network.arrays) {
    if (array.role != role) continue;
    add_elements(comm, network, array, map.width, elements);
    map.width += array.shape.size() == 2 ? array.shape[at(1 - array.neuron_axis)] : 1;
  }
  std::ranges::stable_sort(elements, {}, [](const Element& e) { return e.weight.other; });
  map.weights = lists_of<NeuronWeight>(network.local_size(), [&](auto&& put) {
    for (const auto& e : elements) put(e.neuron, e.weight);
  });
  return map;
}

std::vector<double> sums_of(const Comm& comm, const Network& network, ArrayRole role) {
  const auto map = map_of(comm, network, role);
  std::vector<double> sums(at(network.local_size()), 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (const auto& [other, value] : map.of(static_cast<LocalIndex>(i))) sums[i] += value;
  }
  return sums;
}

}  // namespace synbal
