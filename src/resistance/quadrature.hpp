// Bounds of b^T L^+ b from the coefficients of conjugate gradients: Gauss quadrature from below, Gauss-Lobatto and
// Gauss-Radau from above.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

#include "synbal/resistance/resistance.hpp"

namespace synbal::detail {

/// Not collective. The largest mu for which the columns exclude eigenvalues below it: all started from independent
/// Gaussian vectors whose component along any unit eigenvector has at least the variance 1/`spread`. The spectral
/// measure of a start vector has at most the mass rho_0 / sum_j p_j(mu)^2 at any eigenvalue up to mu < the Ritz values,
/// p_j the orthonormal polynomials (Christoffel function; Golub & Meurant 2010, ch. 2): so each vector says how small
/// its component must have been, and all together how improbable that is (the product of m uniform numbers). 0 when
/// nothing can be said.
double excluded_below(std::span<const LanczosColumn> columns, double failure_probability, double spread = 1);

/// The same for the smallest nu that excludes eigenvalues above it; infinity when nothing can be said.
double excluded_above(std::span<const LanczosColumn> columns, double failure_probability, double spread = 1);

/// Collective. The bound for the solver's own preconditioner, from up to 16 random right-hand sides solved in one
/// block. The same for any rank count, but for rounding. `tolerance`: residual at which they stop (more makes it
/// sharper).
EigenvalueBound smallest_eigenvalue_bound(const ConductanceGraph& graph, LaplacianSolver& solver,
                                          double failure_probability = 1e-12, std::uint64_t seed = 1,
                                          double tolerance = 1e-8);

/// The bracket of one column's energy, updated iteration by iteration without the tridiagonal matrix (Meurant & Tichy
/// 2013), by the best rules that the moments known allow (Golub & Meurant 2010, ch. 6): Gauss from below, for the step
/// that would follow; Gauss-Lobatto from above with the bounds of both ends of the spectrum, or Gauss-Radau with that
/// of the smallest eigenvalue alone.
class EnergyBracket {
 public:
  EnergyBracket() = default;
  explicit EnergyBracket(const EigenvalueBound& bound) : mu_(bound.value), largest_(bound.largest) {}

  /// Takes an iteration of a cycle (the first one restarts) for the column in place `k`.
  void update(const PcgIteration& step, std::size_t k);

  /// Both are widened by what rounding may have done to the sums.
  [[nodiscard]] double lower() const noexcept;
  [[nodiscard]] double upper() const noexcept;  ///< infinity before the first iteration, and without a bound
  /// What may be missing from the energy: upper() without what rounding may have done to the sum.
  [[nodiscard]] double excess() const noexcept { return excess_; }
  /// The sum itself: b^T x of the iterate x.
  [[nodiscard]] double energy() const noexcept { return energy_; }
  /// What is missing at least.
  [[nodiscard]] double deficit() const noexcept { return std::max(0.0, lower_ - energy_); }
  /// Half the width over the middle.
  [[nodiscard]] double relative_error() const noexcept;

 private:
  void look_ahead(const PcgIteration& step, std::size_t k);

  double mu_ = 0, largest_ = std::numeric_limits<double>::infinity();
  double radau_ = 0, radau_below_ = 0, last_alpha_ = 0;  // gamma^(mu), gamma^(largest), alpha of the last iteration
  double energy_ = 0, excess_ = 0, lower_ = 0;
  bool started_ = false, spoilt_ = false;
};

}  // namespace synbal::detail
