// The visits of a sweep, as a schedule orders them.
#pragma once

#include <memory>

#include "stochastic/ordered_pass.hpp"
#include "synbal/stochastic/schedule.hpp"

namespace synbal {

/// An agenda that is filled anew for every sweep.
class SweepAgenda : public Agenda {
 public:
  /// Not collective. `active`: [n + ghosts], 1 for neurons that take part. Sweeps are counted over all rounds.
  virtual void begin(std::span<const std::uint8_t> active, std::int64_t round, std::int64_t sweep) = 0;
  /// Not collective. As if so many rounds had been played.
  virtual void go_on_after(std::int64_t /*round*/) {}
};

/// Collective (for `colored`). Graph and schedule must outlive the agenda.
std::unique_ptr<SweepAgenda> make_agenda(const BlockGraph& graph, const Schedule& schedule);

}  // namespace synbal
