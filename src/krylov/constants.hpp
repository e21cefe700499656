// Constants of components in what a preconditioner returns.
#pragma once

#include <span>

#include "synbal/krylov/component_sums.hpp"

namespace synbal {

/// Collective. Takes the constant of every component that is not grounded out of every column of `block` (interleaved),
/// in the inner product of a diagonal ([n], with its sum over each component).
void take_out_constants(const ComponentSums& sums, std::span<double> block, int columns,
                        std::span<const double> diagonal, std::span<const double> diagonal_sums);

}  // namespace synbal
