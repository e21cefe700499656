// Synthetic networks, the same bit for bit at any rank count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "synbal/network/network.hpp"

namespace synbal {

/// Parameters of all families; what is left open gets the family's own default (see completed()), what a family has no
/// use for is ignored.
///
/// - random: each neuron has `degree` distinct presynaptic partners, chosen uniformly
/// - modular: a ring of `modules` equal modules; inside, as random; one synapse, weaker by the factor `coupling`, each
///   way between neighbouring modules. Default: 64 modules of 100 neurons, degree 8; of `nodes` alone: some 100 each
/// - smallworld: a ring on which each neuron hears its `degree` nearest neighbours, a share `rewiring` of the synapses
///   redirected to partners chosen uniformly (Watts & Strogatz 1998)
/// - kronecker: R-MAT with (a, b, c) = (0.57, 0.19, 0.19) (Chakrabarti et al. 2004): nodes x degree synapses are drawn
///   and scattered over the neurons by a bijection; repeated ones and self-loops are left out
/// - lattice: a periodic 2-D sheet of nodes = width x height, sides as equal as possible; each neuron hears the
///   `degree` nearest ones
/// - ring: neighbours excite each other both ways, unit weights unless sigma says otherwise (Stock et al. 2022, fig. 5)
/// - layered: feed-forward layers, each fully connected to the next, weights normal with deviation sigma (0.1); the
///   first and last layer are pinned. Default: the autoencoder of Baldi et al. 2024, fig. 9; of `nodes` alone: five
///   equal layers
/// - dense: every neuron hears every other
/// - lowrank: J = sigma U V^T / sqrt(rank) with factors of standard normals, self-loops included
/// - local: feed-forward sheets of `layers` channels; a neuron hears all channels of the sheet before in a window of
///   `kernel` x `kernel` places around its own, which are `stride` places apart; no weight is shared. First and last
///   layer pinned. Default: 1x28x28,8,16, kernel 3, stride 2
/// Weights are exp(sigma z) or, where `normal`, sigma z; z standard normal.
struct GeneratorParams {
  std::string kind = "random";
  std::optional<GlobalIndex> nodes;    ///< 1000
  std::optional<std::int64_t> degree;  ///< in-degree (mean number drawn for kronecker); 10, less in tiny networks
  std::uint64_t seed = 1;
  std::optional<double> sigma;          ///< spread of the weights; 0 gives ones; default 1, layered and local 0.1
  double inhibitory = 0.0;              ///< chance that all weights of a presynaptic neuron are negative (Dale)
  std::optional<std::int64_t> modules;  ///< modular: modules on the ring
  double coupling = 0.03;               ///< modular: factor of the weights between modules; 0: none
  double rewiring = 0.01;               ///< smallworld: share of redirected synapses
  std::string layers;                   ///< layered: sizes, "784,200,100"; local: CxHxW and more C, "1x28x28,8,16"
  std::optional<std::int64_t> rank;     ///< lowrank: of J; 1
  std::optional<std::int64_t> kernel, stride;  ///< local
  std::optional<bool> normal;                  ///< weights: layered true, others false
  /// Not 0: a network of symmetric magnitudes (every synapse gets its opposite), which is balanced, moved by a known h
  /// of this standard deviation: NodeData::known_h balances it.
  double scramble = 0.0;
};

/// The names that GeneratorParams::kind can have.
const std::vector<std::string>& generator_kinds();

/// The parameters with everything filled in that the kind uses. Not collective.
/// @throws Error usage for impossible parameters, naming the option and the remedy.
GeneratorParams completed(const GeneratorParams& params);

/// That generate() holds: global column and weight (16); what is given back for the local column keeps its addresses.
inline constexpr double kBytesPerSynapse = 20;

/// At least as many synapses as generate() makes of these parameters, which are complete, and nearly as many. Not
/// collective.
std::int64_t expected_synapses(const GeneratorParams& params);

namespace generators {
/// First neuron of each layer, and the number of neurons at the end. @throws Error usage for a text that is no list.
std::vector<GlobalIndex> layer_starts(const std::string& layers);
/// Width of the sheet of `nodes` neurons: the largest divisor not above the square root.
GlobalIndex sheet_width(GlobalIndex nodes);
}  // namespace generators

/// Collective. Each rank makes its own rows (contiguous, even), without a serial step or a whole-network array; holds
/// at most 16 bytes a synapse. Only kronecker communicates on the way. `facts.path` says what was generated.
/// @throws Error usage as completed() does.
Network generate(const Comm& comm, const GeneratorParams& params);

/// A network whose rows are made when they are asked for, the same as generate() makes, for those that fit in no
/// memory.
class GeneratedRows {
 public:
  /// Collective. Counts the synapses of this rank's rows. @throws Error usage as completed() does, and for what cannot
  /// be made row by row: kronecker, and scrambled networks.
  GeneratedRows(const Comm& comm, const GeneratorParams& params);

  /// All of the network but columns and weights.
  [[nodiscard]] const Network& outline() const noexcept { return outline_; }
  /// Not collective. Of this rank's rows `begin` to `end` - 1; no weight is 0. @throws Error bad_input for one that is.
  [[nodiscard]] GlobalRows rows(LocalIndex begin, LocalIndex end) const;

 private:
  GeneratorParams params_;
  Network outline_;
};

}  // namespace synbal
