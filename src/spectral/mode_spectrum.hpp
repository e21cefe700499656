// A rough picture of the spectrum of a scaled Laplacian, and the filter that its lower end wants.
#pragma once

#include <cstdint>
#include <vector>

#include "spectral/mode_operator.hpp"

namespace synbal::detail {

/// Ritz values with the share of the spectrum that each stands for (Lanczos quadrature of the density of states).
struct RoughSpectrum {
  std::vector<double> value;  ///< ascending
  std::vector<double> share;  ///< sum 1
  double largest = 0;         ///< no eigenvalue is above
};

/// Collective. Some steps of Lanczos' process without orthogonalisation, from a random vector; the same on all ranks.
RoughSpectrum rough_spectrum(const ConductanceGraph& graph, ModeOperator& modes, int steps, std::uint64_t seed);

/// The threshold between two Ritz values under which `wanted` of `size` eigenvalues are found at the least cost, with
/// `oversampling` times as many below it. A degree of 0 when no filter is worth its while.
ModeFilter choose_filter(const RoughSpectrum& spectrum, double size, int wanted, double oversampling);

}  // namespace synbal::detail
