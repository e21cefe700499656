// Factors of single synapses' costs, in the order of the entries of a network's file.
#pragma once

#include "io/assembly.hpp"

namespace synbal::io {

/// Collective. Gives this rank's entries their alphas, as far as the options ask for such. Entries of the ranks in
/// order are those of the file. @throws Error bad_input for another number of alphas and for what is none (not finite,
/// negative).
void add_alphas(const Comm& comm, const ReadOptions& options, Triplets& entries);
void add_alphas(const Comm& comm, const ReadOptions& options, GlobalRows& rows);

}  // namespace synbal::io
