// The Hessian of the cost as an operator: what it does to a vector, its diagonal, and its entries. Include in .cpp
// files only: PETSc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/balance/kernel.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/core/petsc.hpp"

namespace synbal {

/// L = diag(r + k^2 o) - (C K + K C^T) at the point of some costs (Stock et al. 2022, eq. 32, of which p^2 L is the
/// Hessian), in the problem's cost unit; with k = 1 the Laplacian of the graph with conductances c_ij + c_ji. n = the
/// problem's size throughout.
class HessianAction {
 public:
  /// Both must outlive the action. Not collective.
  HessianAction(const BalanceProblem& problem, FusedKernel& kernel);

  /// Not collective. Takes L at the point of `costs`, which are kept by address and must stay as they are until the
  /// next point is set.
  void set_point(const NeuronCosts& costs);

  [[nodiscard]] const BalanceProblem& problem() const noexcept { return *problem_; }
  /// [n] r + k^2 o, less 2 k c for a self-loop, which enters and leaves.
  [[nodiscard]] std::span<const double> diagonal() const noexcept { return diagonal_; }
  /// Collective. y = L x, both [n * columns], interleaved (see SymmetricOperator) and not aliased; one pass a column.
  /// dots[k] becomes this rank's part of x_k . y_k ([columns]).
  void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots);
  /// Collective. The same for one vector.
  void apply(std::span<const double> x, std::span<double> y);

  /// Entries that this rank assembles: both of every synapse, and the diagonal.
  [[nodiscard]] std::int64_t entries() const noexcept;
  /// Collective. The matrix with entries scale_i L_ij scale_j beside the diagonal, and `diagonal` on it; both [n].
  /// `comm` has the problem's ranks and must outlive the matrix.
  [[nodiscard]] PetscMat assemble(std::span<const double> scale, std::span<const double> diagonal, MPI_Comm comm) const;

 private:
  const BalanceProblem* problem_;
  FusedKernel* kernel_;
  const NeuronCosts* costs_ = nullptr;
  std::vector<double> diagonal_;
  std::vector<double> row_sum_;  // the diagonal with what a self-loop adds; empty where there are none
};

}  // namespace synbal
