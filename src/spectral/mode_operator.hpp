// The scaled Laplacian whose eigenvectors are the modes, on blocks as PETSc stores them.
#pragma once

#include <span>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::detail {

/// A block of columns one after the other, `stride` values apart, as dense PETSc matrices are stored.
struct ColumnsIn {
  const double* data;
  std::ptrdiff_t stride;
  int count;
};
struct ColumnsOut {
  double* data;
  std::ptrdiff_t stride;
};

/// T_degree((threshold + largest - 2 N) / (largest - threshold)), Chebyshev's polynomial of the scaled Laplacian N:
/// above 1 exactly for eigenvalues below the threshold, within [-1, 1] up to `largest`.
struct ModeFilter {
  double threshold = 0, largest = 0;
  int degree = 0;  ///< 0: no filter
};

/// N = E L E + sigma U U^T with E = 1 or D^-1/2 and U the normalised null vectors E^-1 1_c of L's components without
/// ground, lifted above the whole spectrum: the smallest eigenvalues of N are the positive ones of E L E, also after
/// rounding, and however many components there are.
class ModeOperator {
 public:
  /// Collective. Both must outlive it.
  ModeOperator(const ConductanceGraph& graph, LaplacianSolver& solver, bool normalised);

  /// An upper bound of the eigenvalues of E L E.
  [[nodiscard]] double largest() const noexcept { return largest_; }
  [[nodiscard]] LocalIndex size() const noexcept { return graph_->size(); }
  [[nodiscard]] std::span<const double> scale() const noexcept { return scale_; }

  /// Collective. y = E L E x, interleaved blocks: what the lift of null vectors would add to it is rounding.
  void scaled_product(std::span<const double> x, std::span<double> y, int columns);
  /// Collective. y = N x.
  void apply(ColumnsIn x, ColumnsOut y);
  /// Collective. The filter's polynomial of N times x, without null vectors.
  void filter(ColumnsIn x, ColumnsOut y, const ModeFilter& filter);
  /// Collective. y ~ (E L E)^+ x, each column to a relative residual.
  void invert(ColumnsIn x, ColumnsOut y, double residual);
  /// Collective. Takes the null vectors out of an interleaved block.
  void project(std::span<double> block, int columns) const;

 private:
  template <class Work>
  void in_blocks(ColumnsIn x, ColumnsOut y, Work&& work);
  std::vector<double> null_share(std::span<const double> block, int columns) const;

  const ConductanceGraph* graph_;
  LaplacianSolver* solver_;
  ComponentSums components_;
  LaplacianOperator laplacian_;
  std::vector<double> scale_;         // [n] diagonal of E
  std::vector<double> inverse_norm_;  // [labels] of |E^-1 1_c|^2; 0 with ground
  std::vector<double> work_;
  double largest_ = 0;
};

}  // namespace synbal::detail
