// What the generator families share: streams of randomness, distinct partners, and the shape of a family.
#pragma once

#include <functional>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/random.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::generators {

/// Independent uses of one seed.
enum Stream : std::uint32_t {
  kPartners = 1,
  kWeights = 2,
  kSigns = 3,
  kLinks = 4,
  kRewired = 5,
  kRedirected = 6,
  kEdges = 7,
  kScramble = 8,
  kFactors = 9,
  kKnown = 10
};

/// Fills in the presynaptic partners of a row: ascending, distinct.
using Partners = std::function<void(GlobalIndex row, std::vector<GlobalIndex>& columns)>;

/// A family whose rows can be made one by one.
struct Family {
  Partners partners;
  /// At least the number of synapses in rows [first, first + count).
  std::function<std::int64_t(GlobalIndex first, GlobalIndex count)> synapses;
};

/// The families; `params` are complete. Not collective.
Family random_family(const GeneratorParams& params);
Family modular_family(const GeneratorParams& params);
Family smallworld_family(const GeneratorParams& params);
Family lattice_family(const GeneratorParams& params);
Family ring_family(const GeneratorParams& params);
Family dense_family(const GeneratorParams& params);
Family layered_family(const GeneratorParams& params);
Family lowrank_family(const GeneratorParams& params);
Family local_family(const GeneratorParams& params);

/// Collective. Columns of the rows in `rows` (ascending, distinct); no weights yet.
GlobalRows kronecker_columns(const Comm& comm, const Ownership& rows, const GeneratorParams& params);

/// Sheets of a local network, one behind the other.
struct Sheet {
  GlobalIndex first, channels, height, width;
  [[nodiscard]] GlobalIndex size() const { return channels * height * width; }
};
/// @throws Error usage for a text that is no list of sheets.
std::vector<Sheet> sheets_of(const std::string& layers, std::int64_t stride);

/// Neurons that the outside sees: those of the first and last layer. Empty for kinds without layers.
std::function<bool(GlobalIndex)> pinned_by(const GeneratorParams& params);

/// Collective. Makes magnitudes symmetric, adding what is missing, and moves the network by minus known_h().
GlobalRows scrambled(const Comm& comm, const Ownership& rows, GlobalRows&& made, const GeneratorParams& params);
/// The h that balances a scrambled network.
class KnownH {
 public:
  explicit KnownH(const GeneratorParams& params);
  [[nodiscard]] double operator()(GlobalIndex neuron) const;

 private:
  CounterRandom random_;
  double spread_;
  std::function<bool(GlobalIndex)> pinned_;
};

/// The first `count` distinct numbers of the random sequence (index, 0), (index, 1), ... below `bound`, ascending.
void distinct_below(const CounterRandom& random, std::uint64_t index, GlobalIndex bound, std::int64_t count,
                    std::vector<GlobalIndex>& out);

/// `count` of the numbers first .. first+size-1 without `self`, ascending.
void distinct_partners(const CounterRandom& random, GlobalIndex self, GlobalIndex first, GlobalIndex size,
                       std::int64_t count, std::vector<GlobalIndex>& out);

/// Makes the weights of rows whose columns are there: magnitude by sigma, sign by presynaptic neuron.
void make_weights(const GeneratorParams& params, GlobalIndex first_row, GlobalRows& rows);

/// +1, or -1 for an inhibitory presynaptic neuron.
double sign_of(const GeneratorParams& params, GlobalIndex presynaptic);

}  // namespace synbal::generators
