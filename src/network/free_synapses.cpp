// Flags of silent neurons, and the pattern that is left without their synapses.
#include "synbal/network/free_synapses.hpp"

#include <algorithm>

namespace synbal {

FreeSynapses::FreeSynapses(const Comm& comm, const Network& network) : network_(&network) {
  const auto& gain = network.nodes.gain;
  const auto has_zero = [](const std::vector<double>& values) {
    return std::ranges::find(values, 0.0) != values.end();
  };
  const bool silent = comm.any(has_zero(gain));
  any_ = silent || comm.any(has_zero(network.alpha));
  if (!silent) return;
  silent_.assign(at(network.local_size()), 0);
  std::ranges::transform(gain, silent_.begin(), [](double g) { return static_cast<std::uint8_t>(g == 0); });
  silent_ = with_ghosts(network.halo, std::move(silent_));
}

std::int64_t FreeSynapses::count(const Comm& comm) const {
  if (!any_) return 0;
  std::int64_t found = 0;
  for (std::int64_t e = 0; e < std::ssize(network_->column); ++e) found += (*this)(e) ? 1 : 0;
  return comm.sum(found);
}

Network costing_pattern(const Network& network, const FreeSynapses& free) {
  Network pattern;
  pattern.rows = network.rows, pattern.halo = network.halo, pattern.nodes.pinned = network.nodes.pinned;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      if (!free(e)) pattern.column.push_back(network.column[at(e)]);
    }
    pattern.row_ptr.push_back(std::ssize(pattern.column));
  }
  return pattern;
}

}  // namespace synbal
