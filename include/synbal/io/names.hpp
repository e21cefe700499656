// The names of neurons as tables.
#pragma once

#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. A row for every neuron in the order of the network's file: its name or id, and its place there from 0.
/// `path`: .csv or .csv.gz. A temporary name, then renamed. @throws Error usage for another extension, io_failure.
void write_name_map(const Comm& comm, const Network& network, const std::string& path);

}  // namespace synbal
