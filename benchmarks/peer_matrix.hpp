// What peers from PETSc and SLEPc work on: the Laplacian as an AIJ matrix, and tuned BoomerAMG.
#pragma once

#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/graph/graph.hpp"

namespace synbal::benchmark {

/// Collective. Symmetric, rows as the graph's nodes lie, on `comm`.
PetscMat peer_matrix(const ConductanceGraph& graph, MPI_Comm comm);

void set_option(const std::string& name, const char* value);

/// Options for BoomerAMG on graphs under the prefix of a preconditioner ("-..._pc_"): without these its coarse levels
/// grow dense on expanders.
void tune_boomeramg(const std::string& prefix);

}  // namespace synbal::benchmark
