// The visits of a sweep, as a schedule orders them.
#pragma once

#include <memory>

#include "synbal/stochastic/ordered_pass.hpp"
#include "synbal/stochastic/schedule.hpp"

namespace synbal {

/// An agenda that is filled anew for every sweep.
class SweepAgenda : public Agenda {
 public:
  /// Not collective. `active`: [n + ghosts], 1 for neurons that take part. Sweeps are counted over all rounds.
  virtual void begin(std::span<const std::uint8_t> active, std::int64_t round, std::int64_t sweep) = 0;
};

/// Collective (for `colored`). Graph and schedule must outlive the agenda.
std::unique_ptr<SweepAgenda> make_agenda(const BlockGraph& graph, const Schedule& schedule);

/// Collective. [n + ghosts] The greedy colouring that takes neurons with many synapses first, equal ones in an order
/// drawn from the seed, and gives each the lowest colour that none of its neighbours has: the same at any rank count
/// and under any partition. The graph has to be one block.
std::vector<std::int64_t> greedy_coloring(const BlockGraph& graph, std::uint64_t seed);

}  // namespace synbal
