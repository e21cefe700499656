// Files about single neurons beside an edge list: the list of those to take, and their signs.
#pragma once

#include <string>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/texts.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

/// What one rank has of such a file: the first field of its lines, and how the second was understood.
struct NeuronLines {
  Texts name;
  std::vector<std::uint8_t> mention;  ///< mention::listed, or excitatory or inhibitory
  std::vector<std::int64_t> line;     ///< in the file
};

/// Collective. A neuron a line, the first field; further fields are left alone. A first line that calls the column
/// "neuron", "id" or the like is a header. @throws Error bad_input, io_failure.
NeuronLines read_neuron_list(const Comm& comm, const std::string& path);

/// Collective. Two neurons a line, one after the other in what is returned; `mention` means nothing.
/// @throws Error bad_input, io_failure.
NeuronLines read_neuron_pairs(const Comm& comm, const std::string& path);

/// Collective. "neuron sign" a line, with the words of sign_of(); a line with the neuron alone means inhibitory.
/// @throws Error bad_input with the line, io_failure.
NeuronLines read_sign_list(const Comm& comm, const std::string& path, const std::vector<std::string>& inhibitory);

}  // namespace synbal::io
