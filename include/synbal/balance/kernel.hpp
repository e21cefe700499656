// The fused kernel: C x and C^T y from one pass over the rows.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "synbal/balance/fixed_kernel.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// What the kernel knows of a row or column.
struct KernelSlot {
  double read;
  double sum;
};

/// Computes in = C x and out = C^T y together: an entry gathers x_j for its row and scatters y_i c_ij to its column
/// while it is at hand. What is read and what is summed of a neuron share 16 bytes, once as a row and once as a column,
/// and a tile's slots stay in the cache. Moves 12 bytes per synapse. The same pass serves costs (x = s, y = t), the
/// Hessian product and the certificate. For a problem that is reproducible() sums are those of fixed_kernel.hpp.
class FusedKernel {
 public:
  /// The problem must outlive the kernel; its costs may be rebased in between.
  explicit FusedKernel(const BalanceProblem& problem);

  /// Collective. All spans have problem.size() values; in and out are overwritten and may not alias x and y.
  void operator()(std::span<const double> x, std::span<const double> y, std::span<double> in, std::span<double> out);

  /// Collective. The same without vectors in between: fill(i) returns {x_i, y_i}, consume(i, in_i, out_i) takes the
  /// sums.
  template <class Fill, class Consume>
  void run(Fill&& fill, Consume&& consume) {
    ++passes_;
    if (fixed_) return fixed_->run(fill, consume);
    const auto n = problem_->size();
    for (LocalIndex i = 0; i < n; ++i) {
      const std::pair<double, double> xy = fill(i);
      const auto k = static_cast<std::size_t>(i);
      rows_[k] = {xy.second, 0.0};
      columns_[k] = {xy.first, 0.0};
    }
    multiply();
    for (LocalIndex i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      consume(i, rows_[k].sum, columns_[k].sum);
    }
  }

  /// Passes over the matrix so far.
  [[nodiscard]] std::int64_t passes() const noexcept { return passes_; }

 private:
  void multiply();
  void pass(const CostTiles& tiles, LocalIndex begin, LocalIndex end, KernelSlot* columns);

  const BalanceProblem* problem_;
  HugeVector<KernelSlot> rows_;     // y, in; none where the problem is reproducible
  HugeVector<KernelSlot> columns_;  // x, out: owned, then ghosts
  HaloExchange<double> exchange_;
  std::optional<FixedKernel> fixed_;  // where it is
  std::int64_t passes_ = 0;
};

}  // namespace synbal
