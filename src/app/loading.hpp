// From a path to a network with its components, with the time of each phase.
#pragma once

#include "app/options.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal::app {

/// Seconds of the phases, of the slowest rank.
struct PhaseTimes {
  double read = 0, partition = 0, components = 0, solve = 0, write = 0, total = 0;
};

struct Loaded {
  Network network;
  Components components;
};

/// Collective. Reads, partitions, finds components; tells notices and sizes in the log.
Loaded load(const Comm& comm, const InputOptions& options, PhaseTimes& times);

/// Collective. The network alone.
Network load_network(const Comm& comm, const InputOptions& options, PhaseTimes& times);

/// Runs `phase`, adding its duration on the slowest rank to `seconds`. Collective.
template <class Phase>
auto timed(const Comm& comm, double& seconds, Phase&& phase);

}  // namespace synbal::app

#include "synbal/core/timer.hpp"

namespace synbal::app {

template <class Phase>
auto timed(const Comm& comm, double& seconds, Phase&& phase) {
  const Timer timer;
  auto result = phase();
  seconds += comm.max(timer.seconds());
  return result;
}

}  // namespace synbal::app
