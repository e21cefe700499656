// Preconditioners from PETSc for a graph's Laplacian: multigrid, a factorisation, or what the user asks for.
#pragma once

#include <memory>

#include "synbal/graph/graph.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal::detail {

/// True when the PETSc options name a preconditioner (-laplacian_pc_type).
bool user_chose_preconditioner();

/// Collective. Assembles and sets up; null on all ranks when the library refuses (the reason is logged).
std::unique_ptr<BlockPreconditioner> graph_preconditioner(const ConductanceGraph& graph, Preconditioner kind);

}  // namespace synbal::detail
