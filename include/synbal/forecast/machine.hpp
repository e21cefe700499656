// What the performance model knows of a machine and of this library on it: data, fitted to measurements by
// benchmarks/performance_model.py.
#pragma once

#include <map>
#include <string>

namespace synbal {

/// Seconds that one pass over the costs takes for each of what a rank has, beside reading the costs.
struct PassCosts {
  double synapse = 0;  ///< multiplied and added
  double far = 0;      ///< for each cache line that ends which no near cache holds together have fetched
  double neuron = 0;   ///< sums and vectors
  double ghost = 0;    ///< packed, sent by memory, unpacked and added back
};

/// Bytes that a rank takes for each of what it has, at the peak of a run.
struct MemoryCosts {
  double synapse = 0, neuron = 0, ghost = 0;
};

/// What solving takes for networks of one family: passes, and what is done between them for each neuron and synapse
/// (vectors and searches; preconditioners that are set up and applied).
struct FamilyCosts {
  double pace = 1;     ///< of what a rank does by itself in a pass, over what PassCosts make of it
  double passes = 0;   ///< of a solve
  double neuron = 0;   ///< seconds of a solve beside passes, for each neuron of a rank
  double synapse = 0;  ///< likewise, for each synapse
  double setup = 0;    ///< seconds a synapse of a rank: generated, ghosts and components found
  double solver = 0;   ///< bytes a synapse that its preconditioner takes
};

struct Machine {
  std::string measured_on;                        ///< for people
  int cores = 1;                                  ///< of a node: as many ranks share its memory
  double memory = 0;                              ///< bytes of a node
  double cache = 0;                               ///< bytes that a core has for itself
  double core_bandwidth = 0, node_bandwidth = 0;  ///< bytes per second read, by one rank and by all of a node
  double latency = 0;                             ///< seconds of a small message
  double link_bandwidth = 0;                      ///< bytes per second of a message of 1 MiB between two ranks
  double collectives = 0;                         ///< global sums in the time of a pass
  PassCosts pass;
  double process = 0;                ///< bytes of a rank without a network
  MemoryCosts weights, costs_alone;  ///< while weights are kept, and without (--write h)
  std::map<std::string, FamilyCosts> families;

  /// Of a family; of random networks where that one was not measured.
  [[nodiscard]] const FamilyCosts& family(const std::string& kind) const;
};

/// From the JSON that the fit writes (src/forecast/measured.json). @throws Error bad_input for a text that is none or
/// leaves something out, calling it `name`.
[[nodiscard]] Machine machine_of(const std::string& json, const std::string& name);
/// The one whose measurements are built in.
[[nodiscard]] const Machine& measured_machine();

}  // namespace synbal
