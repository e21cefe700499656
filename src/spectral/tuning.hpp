// The numbers of heat and modes. Where a measurement is named it is `synbal-benchmark modes` on one core with 2e4
// nodes, 2e5 edges and 16 modes; of the others the origin is not recorded, and what they guard against is said.
#pragma once

#include "synbal/core/types.hpp"

namespace synbal::detail::tuning {

// Heat.
constexpr double kShort = 200;  ///< time times the largest eigenvalue up to which L's own space serves: 70 products
constexpr double kSpan = 10;    ///< longest over shortest time that share a space
constexpr double kPole = 15;    ///< time over gamma: between 5 and 50 a space needs the least steps, 24 to 30 for 1e-10
constexpr double kInner = 2e-3;  ///< tolerance of a solve over that of the result
constexpr double kOuter = 0.5;   ///< share of the tolerance that the finite space may take
constexpr int kDelay = 5;  ///< steps by which a space is judged later, lest a pause of its error look like its end

// Modes: which way, and how accurate.
constexpr GlobalIndex kTiny = 300;    ///< nodes of which all eigenvectors are computed densely
constexpr GlobalIndex kSmall = 2000;  ///< the same where every tenth or more is wanted
constexpr double kMargin = 0.5;       ///< of the tolerance asked for: SLEPc's residuals are recurrences
constexpr int kInverseRestarts = 100;
constexpr double kInverse = 1e-13;    ///< residual of the solves with which L^+ is applied
constexpr double kOfInverse = 1e-12;  ///< accuracy of its eigenpairs: fast modes count more in L v than in L^+ v

// Modes: the Chebyshev filter.
constexpr int kProbe = 150;          ///< Lanczos steps that show the spectrum
constexpr int kRoom = 3;             ///< Krylov dimensions per mode wanted
constexpr int kFilterRestarts = 60;  ///< after which a filter is given up
constexpr double kClusterSize = 8;   ///< times the modes wanted: more below the threshold only cost
constexpr double kGain = 4;          ///< the filter raises the lowest eigenvalue to cosh of this
constexpr int kLeastDegree = 12, kMostDegree = 300;

}  // namespace synbal::detail::tuning
