// The fused kernel: C x and C^T y from one pass over the rows.
#pragma once

#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/core/halo.hpp"

namespace synbal {

/// Computes in = C x and out = C^T y together: a row gathers x_j and adds y_i c_ij to out_j while the entry is at hand.
/// Both values of a neuron share 16 bytes, so that an entry touches one cache line. Moves 12 bytes per synapse.
/// The same pass serves costs (x = s, y = t), the Hessian product and the certificate.
class FusedKernel {
 public:
  /// The problem must outlive the kernel; its costs may be rebased in between.
  explicit FusedKernel(const BalanceProblem& problem);

  /// Collective. All spans have problem.size() values; in and out are overwritten and may not alias x and y.
  void operator()(std::span<const double> x, std::span<const double> y, std::span<double> in, std::span<double> out);

  /// Passes over the matrix so far.
  [[nodiscard]] std::int64_t passes() const noexcept { return passes_; }

 private:
  struct Slot {
    double gather;
    double scatter;
  };
  void rows(const CostBlock& block, Slot* slots, LocalIndex begin, LocalIndex end, std::span<const double> y,
            std::span<double> in);

  const BalanceProblem* problem_;
  std::vector<Slot> slots_;  // owned, then ghosts
  HaloExchange<double> exchange_;
  std::int64_t passes_ = 0;
};

}  // namespace synbal
