// What balancing did to every neuron, as a table.
#pragma once

#include <span>
#include <string>

#include "synbal/io/result.hpp"

namespace synbal::app {

/// Per row of the network. Costs of edges inside components.
struct NeuronOutcome {
  std::span<const double> h, in_before, out_before, in_after, out_after;
};

/// Collective. A row for every neuron in the order of the network's file: its id or name, h, the factors of its inputs
/// (e^-h) and outputs (e^h), its costs before and after. @throws Error io_failure.
void write_neurons(const Comm& comm, const Network& network, const NeuronOutcome& outcome, const Provenance& about,
                   const std::string& path);

}  // namespace synbal::app
