// Neurons and synapses that a user names, by the ids or names that neurons have in the user's file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// What a selection is made of.
enum class Selection { neurons, synapses };

/// Not collective: call on one rank, before long work. @throws Error usage for a list that is none, io_failure for a
/// file that cannot be read.
void check_selection(const std::string& option, const std::string& words, Selection kind);

/// Collective. 1 for every owned neuron that `words` names: "all", "none", ids with commas between them, or a file (ids
/// one a line, or FILE.h5:/dataset of 0 and 1); an existing file comes first. Ids are those of ReadOptions::pinned;
/// where neurons have names, these stand for ids, and what is no file and has no '/' is a list. Messages name `option`.
/// @throws Error bad_input for an unknown id, io_failure.
std::vector<std::uint8_t> select_neurons(const Comm& comm, const Network& network, const std::string& option,
                                         const std::string& words);

/// Collective. Pins the neurons that `words` name (ReadOptions::pinned), besides those pinned already.
/// @throws Error bad_input for an unknown id, io_failure.
void pin_neurons(const Comm& comm, Network& network, const std::string& words);

/// [n_local] The ids of the owned neurons as the user knows them; of neurons with names their places in the file.
std::vector<std::int64_t> neuron_ids(const Network& network);

/// Collective. The names of the neurons at these places in the file (anywhere, in any order); empty where the network's
/// neurons have none.
Texts names_at(const Comm& comm, const Network& network, std::span<const std::int64_t> places);

/// Synapses in the order in which they were named; each is with the rank that owns its row.
struct SelectedSynapses {
  std::int64_t count = 0;                               ///< over all ranks
  std::vector<std::int64_t> place;                      ///< [local] number in the list
  std::vector<LocalIndex> row;                          ///< [local] owned postsynaptic neuron
  std::vector<std::int64_t> entry;                      ///< [local] its entry among the network's weights
  std::vector<std::int64_t> postsynaptic, presynaptic;  ///< [local] ids
};

/// Collective. `words`: "I,J" pairs of ids, postsynaptic neuron first, with semicolons between them, or a file with a
/// pair (two ids with a blank between them) a line; empty: none. Of entries at one place the first is meant.
/// @throws Error bad_input for an unknown id and for a synapse that is not there, usage for a list that is none,
/// io_failure.
SelectedSynapses select_synapses(const Comm& comm, const Network& network, const std::string& option,
                                 const std::string& words);

/// Pairs of neurons, joined by a synapse or not: each is with the rank that was told it (lists: rank 0), in order.
struct SelectedPairs {
  std::vector<GlobalIndex> first, second;         ///< [local] global indices
  std::vector<std::int64_t> first_id, second_id;  ///< [local] ids
};

/// Collective. `words` as in select_synapses. @throws Error bad_input for an unknown id, usage for a list that is none,
/// io_failure.
SelectedPairs select_pairs(const Comm& comm, const Network& network, const std::string& option,
                           const std::string& words);

}  // namespace synbal
