// A recurrent network's weights, distributed by rows (postsynaptic neurons) over the ranks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/halo.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/core/texts.hpp"
#include "synbal/network/surroundings.hpp"

namespace synbal {

/// Rows of a sparse matrix with global columns, as readers and generators deliver them.
/// row_ptr has one entry more than there are rows; row i holds entries row_ptr[i] .. row_ptr[i+1]-1.
struct GlobalRows {
  std::vector<std::int64_t> row_ptr{0};
  std::vector<GlobalIndex> column;  ///< presynaptic neuron
  std::vector<double> weight;
  std::vector<double> alpha;  ///< factor of each entry's cost, or empty: 1
};

/// Entries anywhere, as files in coordinate form give them.
struct Triplets {
  std::vector<GlobalIndex> row;
  std::vector<GlobalIndex> column;
  std::vector<double> weight;
  std::vector<double> alpha;  ///< factor of each entry's cost, or empty: 1
};

/// The label of a neuron that is tied to no other.
inline constexpr std::int64_t kUntied = -1;

/// What to do with several entries at one place.
enum class Duplicates { sum, keep, error };

/// Per-neuron data, each either empty or one value for every owned neuron.
struct NodeData {
  std::vector<std::int64_t> id;      ///< the user's number of the neuron; empty: its place in the file
  Texts name;                        ///< the user's name of the neuron, where it is no number (then `id` is empty)
  std::vector<std::uint8_t> pinned;  ///< 1: h stays 0 (visible or non-homogeneous neurons)
  std::vector<double> gain;          ///< presynaptic gain sigma_j >= 0: cost factor sigma_j^2 (Stock et al. 2022)
  std::vector<double> exponent;      ///< homogeneity exponent k_j (BiPU, Baldi et al. 2024); empty: 1
  std::vector<double> known_h;       ///< what balances the network, where its maker knows: `balance` compares
  std::vector<std::int64_t> group;   ///< neurons of one label share one h (tied); kUntied, or empty: stands alone
};

/// What happened while reading, summed over ranks.
struct InputFacts {
  std::string path;
  std::string format;
  std::int64_t file_size = 0;
  std::string checksum;  ///< of the file's bytes, "crc32:...." ; empty when not computed
  std::int64_t entries = 0;
  std::int64_t self_loops = 0;
  std::int64_t duplicates_merged = 0;
  std::int64_t zeros_dropped = 0;
  std::string taken_as;  ///< which end of a synapse is which, in the words of the file: "row = postsynaptic"
  std::vector<std::string> notices;  ///< what the reader left out, for the user to know
};

/// Distributed weights. Row i is the postsynaptic neuron, column j the presynaptic one.
/// Columns are local: 0..n_local-1 are owned neurons, n_local+g is ghost g. Entries of a row ascend by global column.
struct Network {
  Ownership rows;
  std::vector<std::int64_t> row_ptr{0};  ///< [n_local + 1]
  std::vector<LocalIndex> column;        ///< [nnz_local]
  std::vector<double> weight;            ///< [nnz_local]
  std::vector<double> alpha;             ///< [nnz_local] factor >= 0 of each synapse's cost; empty: 1
  Halo halo;                             ///< ghosts: columns owned by other ranks
  NodeData nodes;
  std::vector<NetworkArray> arrays;   ///< weights of inputs and outputs, biases, initial states
  std::vector<GlobalIndex> position;  ///< place of each owned neuron in the file's order; empty: its global index
  std::int64_t nnz = 0;               ///< over all ranks
  InputFacts facts;

  [[nodiscard]] LocalIndex local_size() const noexcept { return rows.count(); }
  [[nodiscard]] GlobalIndex size() const noexcept { return rows.size(); }
  /// Global index of a local column.
  [[nodiscard]] GlobalIndex global(LocalIndex column_index) const noexcept {
    const auto n = local_size();
    return column_index < n ? rows.first() + column_index : halo.ghosts()[at(column_index - n)];
  }
  /// Place of an owned neuron in the file's order.
  [[nodiscard]] GlobalIndex file_index(LocalIndex owned) const noexcept {
    return position.empty() ? rows.first() + owned : position[at(owned)];
  }
};

/// Collective. Takes rows that are already with their owners: sorts them, merges duplicates, drops zeros, and finds the
/// ghosts. `rows.row_ptr.size() == ownership.count() + 1` on every rank; `facts` is equal on all ranks and gets the
/// counts: entries given (unless the caller stated them) = nnz + duplicates_merged + zeros_dropped. Entries at one
/// place are summed in the given order; a sum of 0 is dropped as a zero. Self-loops stay. Under Duplicates::keep the
/// entries stay apart. Alphas, where some rank has them, go with their entries. Holds at most 16 bytes an entry and
/// 0.19 bytes a neuron of the whole network (a bitmap).
/// @throws Error bad_input for a duplicate under Duplicates::error, one whose alpha is another (nothing says what the
/// sum costs), a column out of range and a sum that is not finite, naming row and column (1-based, file order).
Network assemble(const Comm& comm, Ownership ownership, GlobalRows&& rows, Duplicates duplicates, InputFacts facts);

/// Collective. Multiplies J_ij by e^{k_j h_j - h_i} in place (task-preserving transformation; Stock et al. 2022, Prop.
/// 1; k_j is 1 unless given), and network.arrays as scale_arrays() does, without intermediate over- or underflow and
/// with a relative error of a few eps for any h. `h`: one value per owned neuron. A weight may underflow in the end;
/// its entry stays.
/// @throws Error bad_input when a weight leaves the range upwards or h is not finite; the weights are then void.
void scale_weights(const Comm& comm, Network& network, std::span<const double> h);

/// J e^{x}, x = log_factor + log_tail (a correction below an ulp of log_factor), evaluated without intermediate over-
/// or underflow.
double scaled_weight(double weight, double log_factor, double log_tail = 0.0) noexcept;

}  // namespace synbal
