// Synthetic networks, the same bit for bit at any rank count.
#pragma once

#include <cstdint>
#include <string>

#include "synbal/network/network.hpp"

namespace synbal {

/// Parameters of all families; each uses what it needs (see generate()).
struct GeneratorParams {
  std::string kind = "random";  ///< random, modular, smallworld, kronecker, lattice, ring, layered, dense
  GlobalIndex nodes = 1000;
  std::int64_t degree = 10;          ///< in-degree (mean in-degree for kronecker)
  std::uint64_t seed = 1;
  double sigma = 1.0;                ///< spread of log|J|: weights are lognormal with this sigma; 0 gives ones
  double inhibitory = 0.0;           ///< share of presynaptic neurons whose weights are all negative (Dale)
  std::int64_t modules = 64;         ///< modular: modules on the ring
  double coupling = 0.03;            ///< modular: weight of the one synapse each way between neighbouring modules
  double rewiring = 0.01;            ///< smallworld: share of rewired synapses
  std::string layers;                ///< layered: sizes, "784,200,100"; empty: `modules`-independent default of equal layers
};

/// The names that GeneratorParams::kind can have.
const std::vector<std::string>& generator_kinds();

/// Collective. Each rank makes its own rows (contiguous, even), without a serial step or a whole-network array.
/// @throws Error usage for impossible parameters, naming the option and the remedy.
Network generate(const Comm& comm, const GeneratorParams& params);

}  // namespace synbal
