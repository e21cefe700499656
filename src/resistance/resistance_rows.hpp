// The diagonal of L^+ from its columns.
#pragma once

#include "synbal/resistance/resistance.hpp"

namespace synbal::detail {

/// Collective. [n] By one solve per node. @return false when a solve did not reach the tolerance.
bool exact_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver, std::span<double> diagonal,
                    double tolerance);

}  // namespace synbal::detail
