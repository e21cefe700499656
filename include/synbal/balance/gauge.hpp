// The constant that h is free to take in every component.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "synbal/balance/verification.hpp"
#include "synbal/core/enum_names.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/outside.hpp"

namespace synbal {

/// zero_mean: h sums to 0. inputs_outputs: inputs and biases of a component cost what its outputs do, as far as it has
/// both; else as zero_mean.
enum class Gauge { zero_mean, inputs_outputs };

template <>
inline constexpr auto enum_names<Gauge> = std::to_array<EnumName<Gauge>>({{Gauge::zero_mean, "zero-mean"},
                                                                          {Gauge::inputs_outputs, "inputs-outputs"}});

/// Collective. [n_local] What has to be added to h for Gauge::inputs_outputs: log(sum_i e^{-p h_i} in_i^p / sum_j e^{p
/// h_j} out_j^p) / 2p in components of more than one neuron that have inputs, outputs and no pinned neuron; else 0.
std::vector<double> input_output_shift(const Comm& comm, const Network& network, const Components& components,
                                       const OutsideWeights& weights, std::span<const double> h, double power);

/// Collective. Of a result in Gauge::inputs_outputs: the shift that is left is 0 where there are inputs and outputs,
/// the sum of h elsewhere (to 1e-10 relative to n + sum |h|).
Check check_input_output_gauge(const Comm& comm, const Network& network, const Components& components,
                               const OutsideWeights& weights, std::span<const double> h, double power);

}  // namespace synbal
