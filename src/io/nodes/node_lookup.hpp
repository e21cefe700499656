// Finding neurons by the ids that users give them, without any rank knowing all ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synbal/network/network.hpp"

namespace synbal::io {

/// Ids or names as one rank has them from a text file or an option.
struct NamedNeurons {
  const std::string& file;
  const std::vector<std::int64_t>& id;
  const std::vector<std::int64_t>& line;  ///< where in the file each stands
  const char* unit = "line";              ///< what `line` counts
  const Texts* name = nullptr;            ///< in place of ids where the network's neurons have names
};

/// Collective. Whether the network's neurons have names instead of numbers.
[[nodiscard]] inline bool has_names(const Comm& comm, const Network& network) {
  return comm.any(!network.nodes.name.empty());
}

/// The id of an owned neuron: its own, else its place in the file from 0, whatever the format counts from.
[[nodiscard]] std::int64_t id_of(const Network& network, LocalIndex neuron);

/// Collective. The global index of every neuron named. @throws Error bad_input for an unknown id, with its line, and
/// for one that several neurons have.
std::vector<GlobalIndex> find_neurons(const Comm& comm, const Network& network, const NamedNeurons& names);

/// Collective. 1 for every owned neuron that some rank names. @throws Error bad_input for an unknown id, with its line.
std::vector<std::uint8_t> mark_neurons(const Comm& comm, const Network& network, const NamedNeurons& names);

}  // namespace synbal::io
