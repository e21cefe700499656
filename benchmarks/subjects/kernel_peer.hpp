// The costs as PETSc holds them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal::benchmark {

/// An AIJ matrix of the costs at the problem's base, and its products.
class KernelPeer {
 public:
  /// Collective.
  explicit KernelPeer(const BalanceProblem& problem);
  ~KernelPeer();
  KernelPeer(const KernelPeer&) = delete;
  KernelPeer& operator=(const KernelPeer&) = delete;

  /// Collective. in = C x, out = C^T y, one after the other.
  void multiply(std::span<const double> x, std::span<const double> y, std::span<double> in, std::span<double> out);

  /// Collective. in = v (C u), out = u (C^T v) with u = e^{p h}, v = 1 / u. @return the sum of all costs.
  double costs(std::span<const double> h, std::span<double> in, std::span<double> out);
  /// Collective. y = (in + out) x - v C (u x) - u C^T (v x), at the h of the last costs().
  void laplacian(std::span<const double> x, std::span<double> y);

  /// Collective. Minimises the cost from h = 0 by TAO's Newton line search: conjugate gradients with Jacobi on the
  /// Hessian, until the imbalance is below the tolerance.
  struct Minimum {
    std::vector<double> h;  ///< [n]
    std::int64_t steps = 0, krylov_iterations = 0;
  };
  [[nodiscard]] Minimum minimise(double tolerance);

 private:
  friend struct TaoCalls;
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal::benchmark
