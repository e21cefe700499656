// The diagonal of L^+ from its columns.
#pragma once

#include "synbal/resistance/resistance.hpp"

namespace synbal::detail {

/// Some neighbouring columns of L^+.
struct PseudoinverseColumns {
  std::vector<double> x;  ///< [nodes * columns]
  bool converged = true;
};
/// Collective. `columns` from the node `first` on, at most LaplacianOperator::kMaxColumns.
PseudoinverseColumns pseudoinverse_columns(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex first,
                                           int columns, double tolerance);

/// How exact values were found, and how well.
struct ExactRows {
  bool converged = true;  ///< every solve reached the tolerance, and little cancelled
  bool by_elimination = false;
};

/// Collective. [n] From the resistances of all pairs, by elimination, where nodes are few; else by one solve per node.
ExactRows exact_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver, std::span<double> diagonal,
                         double tolerance);

}  // namespace synbal::detail
