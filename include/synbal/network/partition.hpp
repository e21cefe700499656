// Which rank gets which neurons.
#pragma once

#include <string>

#include "synbal/network/network.hpp"

namespace synbal {

enum class PartitionKind {
  contiguous,  ///< equal numbers of neurons, in file order
  nnz,         ///< equal numbers of synapses, in file order
  ptscotch     ///< few synapses between ranks, by PT-Scotch through PETSc's MatPartitioning
};

/// Whether PT-Scotch can be asked: PETSc has it, and their integers are of one size.
bool has_ptscotch();
/// @throws Error usage, with the reason, where it cannot be asked.
void require_ptscotch();

/// Collective. Moves a network to a partition with few cut synapses (balanced by non-zeros plus one a row); `position`
/// then says where each neuron was in the file. With one rank, fewer than two neurons a rank, or no synapse, the
/// network comes back as it was. Needs some 60 bytes a synapse; node data and weights move bitwise, facts stay.
/// @throws Error usage, at any number of ranks, where PT-Scotch cannot be asked; bad_input when indices exceed
/// PetscInt.
Network partition_by_ptscotch(const Comm& comm, Network&& network);

/// Collective. A network in file order again (position empty), rows balanced by non-zeros. Also gives a network that
/// never left file order the partition PartitionKind::nnz.
Network in_file_order(const Comm& comm, Network&& network);

/// Collective. Values given per owned neuron, brought into file order under `file_rows`. T is double, int64 or uint8.
template <class T>
std::vector<T> to_file_order(const Comm& comm, const Network& network, const Ownership& file_rows,
                             std::span<const T> values);
/// Collective. The way back: values under `file_rows` (file order) brought to the owners in `network`.
template <class T>
std::vector<T> from_file_order(const Comm& comm, const Network& network, const Ownership& file_rows,
                               std::span<const T> values);

}  // namespace synbal
