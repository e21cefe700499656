// Where solves of many pairs start: a space that holds what is slowest, and whether making one pays.
#pragma once

#include <cstdint>
#include <span>

#include "resistance/energy_basis.hpp"
#include "resistance/quadrature.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::detail {

/// Not collective. The share of its iterations that conjugate gradients may lose at most when the `count` slowest of
/// `size` modes are taken out: 1 - (mu_1 / mu_(count + 1))^1/2 with the smallest eigenvalue and the one that as many
/// lie below, by stochastic Lanczos quadrature over the columns (Ubaru, Chen & Saad 2017). An estimate; 0 without
/// columns.
double deflation_gain(std::span<const LanczosColumn> columns, std::int64_t count, std::int64_t size);

/// Collective. Three steps of block inverse iteration on D^-1 L from random vectors, `count` of them (fewer where the
/// rank is smaller), with solves as rough as Galerkin allows. No need for good eigenvectors: what is slow is in the
/// span.
EnergyBasis slow_space(const ConductanceGraph& graph, LaplacianSolver& solver, int count, std::uint64_t seed);

}  // namespace synbal::detail
