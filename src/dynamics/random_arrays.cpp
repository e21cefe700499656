// Every element is a function of its place.
#include "synbal/dynamics/random_arrays.hpp"

#include <cmath>

#include "dynamics/streams.hpp"
#include "synbal/core/random.hpp"

namespace synbal {

namespace {
NetworkArray drawn(const Comm& comm, NetworkArray&& empty, double size, const CounterRandom& random) {
  auto array = std::move(empty);
  array.elements = Ownership::even(comm, array.shape[0] * array.shape[1]);
  array.values.resize(at(array.elements.count()));
  for (std::size_t k = 0; k < array.values.size(); ++k) {
    array.values[k] = size * random.normal(static_cast<std::uint64_t>(array.elements.first()) + k);
  }
  return array;
}
}  // namespace

std::int64_t count_of(const Network& network, ArrayRole role) {
  std::int64_t count = 0;
  for (const auto& array : network.arrays) {
    if (array.role == role) count += array.shape.size() == 2 ? array.shape[at(1 - array.neuron_axis)] : 1;
  }
  return count;
}

NetworkArray random_input_weights(const Comm& comm, const Network& network, std::int64_t inputs, std::uint64_t seed) {
  NetworkArray array{"random_inputs", ArrayRole::input_weights, {network.size(), inputs}, 0, {}, {}, {}};
  return drawn(comm, std::move(array), 1 / std::sqrt(static_cast<double>(inputs)),
               CounterRandom(seed, streams::kInputWeights));
}

NetworkArray random_output_weights(const Comm& comm, const Network& network, std::int64_t outputs, std::uint64_t seed) {
  NetworkArray array{"random_outputs", ArrayRole::output_weights, {outputs, network.size()}, 1, {}, {}, {}};
  const auto n = std::max<GlobalIndex>(network.size(), 1);
  return drawn(comm, std::move(array), 1 / std::sqrt(static_cast<double>(n)),
               CounterRandom(seed, streams::kOutputWeights));
}

}  // namespace synbal
