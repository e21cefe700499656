// How a network would lie on so many ranks: blocks of rows, and what each block has to hear from others. Counted for a
// network that is there, expected for one that is only described.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/network/generate.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// So far apart in a rank's vectors (own values, then ghosts) that no near cache holds both: a mebibyte of a value each
/// way for every neuron.
inline constexpr double kFarPlaces = 65'536;

/// Counts are means over the ranks.
struct Layout {
  std::int64_t ranks = 1;
  double neurons = 0;                 ///< of a rank
  double synapses = 0;                ///< of a rank
  double synapses_max_over_mean = 1;  ///< the rank with most of them is waited for
  double ghosts = 0;                  ///< neurons of others that a rank's synapses come from
  double peers = 0;                   ///< ranks that own these: messages that come in by one exchange
  double far = 0;                     ///< share of the synapses whose ends are more than kFarPlaces apart
};

/// Cache lines fetched by a far synapse, on average: a tile of kFarPlaces rows and columns has its lines of columns
/// fetched once, as far as any of its e synapses needs them, L / e (1 - exp(-e / L)) each of L = kFarPlaces / 4.
/// Bands that a pass visits together share some of them; what that saves is in the factor that is fitted.
[[nodiscard]] double lines_fetched(const Layout& layout);

/// First rows of blocks and the end of the last: equal numbers of neurons, the first blocks one longer, as generators
/// share rows out.
[[nodiscard]] std::vector<GlobalIndex> even_blocks(GlobalIndex neurons, std::int64_t ranks);
/// The same with equal numbers of synapses, as readers share rows out.
[[nodiscard]] std::vector<GlobalIndex> blocks_by_synapses(const Network& whole, std::int64_t ranks);

/// What a run on as many ranks as there are blocks would have, counted without running it. `whole`: on one rank, with
/// all rows. Not collective.
[[nodiscard]] Layout counted_layout(const Network& whole, const std::vector<GlobalIndex>& blocks);

/// What a run would have on average over seeds, from the parameters (complete) alone; nothing is generated. A block of
/// n = N/P rows with in-degree k:
/// - random: (N - n)(1 - (1 - k/(N-1))^n) ghosts
/// - smallworld: the k neighbours beyond the block's ends, as far as they are heard at all, and of the others those
/// that
///   n k `rewiring` redirected synapses hit
/// - lattice: on either side as many lines as the disc of the k nearest has, each no longer than the block and the disc
/// - modular: at the ends, what is left of a module that the block cuts; and the links to the modules beside
/// - kronecker: R-MAT gives a column whose number has t ones in L = log2 N digits the share 0.76^(L-t) 0.24^t of all
///   draws; of N k / P draws some hit it, or none does. Rows and columns are taken as independent
/// - dense, lowrank: everybody else. layered: the layers before those that the block overlaps
/// - local: as anywhere_layout()
/// `scramble` doubles k. Not collective.
[[nodiscard]] Layout expected_layout(const GeneratorParams& params, std::int64_t ranks);

/// Of a network of which nothing but sizes is known: partners anywhere, as random has them. Not collective.
[[nodiscard]] Layout anywhere_layout(double neurons, double synapses, std::int64_t ranks);

}  // namespace synbal
