// Vectors with a value for every neuron, from files that a user gives: right-hand sides, initial values.
#pragma once

#include <string>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

struct NeuronVectors {
  int columns = 1;
  std::vector<double> values;  ///< [n_local * columns], interleaved: neuron i of column k at [i * columns + k]
};

/// Collective. `from` is FILE.h5:/dataset of shape [N] or [N, columns], or a text file with a line for every neuron
/// (numbers with blanks or commas between them, '#' starts a comment); neurons in the order of the network's file.
/// `option` is named in messages. @throws Error usage for a .h5 without a dataset, bad_input for another number of
/// neurons (a matrix that lies on its side is told apart), lines of different lengths, and what is no finite number;
/// io_failure.
NeuronVectors read_neuron_vectors(const Comm& comm, const Network& network, const std::string& option,
                                  const std::string& from);

/// Collective. [n_local] A label for every neuron: FILE[:/dataset] as ReadOptions::tie. @throws Error bad_input.
std::vector<std::int64_t> read_neuron_labels(const Comm& comm, const Network& network, const std::string& from);

}  // namespace synbal
