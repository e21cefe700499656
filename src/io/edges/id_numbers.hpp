// The numbers that neurons get over all ranks: their places among all ids in ascending order, whatever the rank count.
#pragma once

#include <cstdint>
#include <vector>

#include "io/edges/id_table.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/ownership.hpp"

namespace synbal::io {

/// What a rank has heard about an id.
namespace mention {
inline constexpr std::uint8_t row = 1;         ///< it is an end of a row
inline constexpr std::uint8_t listed = 2;      ///< it is in the list of neurons
inline constexpr std::uint8_t excitatory = 4;  ///< the file of signs says so
inline constexpr std::uint8_t inhibitory = 8;
}  // namespace mention

inline constexpr GlobalIndex kNoNeuron = -1;

template <class Id>
struct NumberedIds {
  std::vector<GlobalIndex> number;     ///< [local ids] over all ranks; kNoNeuron where the id is no neuron
  std::vector<std::uint8_t> mentions;  ///< [local ids] of all ranks together
  Ownership owners;                    ///< contiguous ranges of numbers
  Ids<Id> own;                         ///< the ids of this rank's range
};

/// Collective. `ids`: distinct on every rank. An id is a neuron when somebody mentions it as one of `neurons` (bits).
/// Ids are sorted as numbers or byte by byte. Each rank sorts its own and sends them to the rank of their range, so
/// that none holds all.
template <class Id>
NumberedIds<Id> number_ids(const Comm& comm, const Ids<Id>& ids, const std::vector<std::uint8_t>& mentions,
                           std::uint8_t neurons);

extern template NumberedIds<std::int64_t> number_ids(const Comm&, const std::vector<std::int64_t>&,
                                                     const std::vector<std::uint8_t>&, std::uint8_t);
extern template NumberedIds<std::string_view> number_ids(const Comm&, const Texts&, const std::vector<std::uint8_t>&,
                                                         std::uint8_t);

}  // namespace synbal::io
