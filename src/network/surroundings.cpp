// Arrays are scaled where they lie: every rank asks for the h of the neurons in its share.
#include "synbal/network/surroundings.hpp"

#include <fmt/format.h>

#include <cmath>

#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/network.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

namespace {
std::vector<GlobalIndex> neurons_of_pattern(const NetworkArray& array) {
  const auto& pattern = *array.pattern;
  const bool is_major = (array.neuron_axis == 1) == pattern.by_columns;
  if (!is_major) return pattern.index;
  std::vector<GlobalIndex> neurons;
  neurons.reserve(pattern.index.size());
  for (LocalIndex i = 0; i < pattern.majors.count(); ++i) {
    const auto length = pattern.starts[at(i) + 1] - pattern.starts[at(i)];
    neurons.insert(neurons.end(), at(length), pattern.majors.first() + i);
  }
  return neurons;
}

void scale_values(NetworkArray& array, std::span<const double> log_factor) {
  for (std::size_t k = 0; k < array.values.size(); ++k) {
    array.values[k] = scaled_weight(array.values[k], log_factor[k]);
    if (std::isfinite(array.values[k])) continue;
    throw bad_input(
        fmt::format("{}: element {} becomes {} when scaled by e^{:.6g}: h leaves the range of double "
                    "precision, check h",
                    array.name, array.elements.first() + static_cast<std::int64_t>(k), array.values[k], log_factor[k]));
  }
}
}  // namespace

std::vector<GlobalIndex> NetworkArray::neurons() const {
  if (pattern) return neurons_of_pattern(*this);
  const auto width = shape.size() == 2 ? shape[1] : 1;
  std::vector<GlobalIndex> neurons(values.size());
  for (std::size_t k = 0; k < neurons.size(); ++k) {
    const auto place = elements.first() + static_cast<GlobalIndex>(k);
    neurons[k] = neuron_axis == 0 ? place / width : place % width;
  }
  return neurons;
}

void scale_arrays(const Comm& comm, const Network& network, std::span<const double> h,
                  std::vector<NetworkArray>& arrays) {
  if (arrays.empty()) return;
  const auto rows = Ownership::even(comm, network.size());
  const auto& exponent = network.nodes.exponent;
  std::vector<double> in(h.size()), out(h.size());
  for (std::size_t i = 0; i < h.size(); ++i) {
    in[i] = -h[i];
    out[i] = exponent.empty() ? h[i] : exponent[i] * h[i];
  }
  in = to_file_order<double>(comm, network, rows, in);
  out = to_file_order<double>(comm, network, rows, out);
  for (auto& array : arrays) {
    const auto& factors = array.role == ArrayRole::output_weights ? out : in;
    const auto log_factor = Directory(comm, rows, array.neurons()).fetch(factors);
    agreed(comm, [&] { scale_values(array, log_factor); });
  }
}

}  // namespace synbal
