// The file that a run leaves so that another one can go on: values per neuron in the input's order, numbers, and what
// has to be as it was.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "synbal/io/result.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// What makes a run the same run: names with their values, as words.
using RunFacts = std::vector<std::pair<std::string, std::string>>;

/// Of the lists and values in a state, which each solver names as it likes: raised with every change of what they are
/// or mean, so that no version takes the state of another for its own.
inline constexpr int kStateFormat = 3;

/// The state of a run.
struct Checkpoint {
  int format = kStateFormat;  ///< as it was read; 0: of a version that had no number for it
  Provenance about;
  RunFacts facts;
  int resumed = 0;            ///< how often the run was gone on with before
  std::string since;          ///< when the first of its runs began
  double seconds_before = 0;  ///< that the earlier runs took
  std::vector<double> h;      ///< for the owned neurons of the network
  /// How many neurons, the last ones in the file's order, are left out: they keep h = 0, and every rank has one
  /// (with_outside()), so that a run may go on with as many ranks as it likes.
  GlobalIndex outside = 0;
  /// Lists of numbers, and values for the owned neurons, by names without tabs and line ends.
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::vector<double>> neurons;
};

/// Where the checkpoint before that at `path` is kept: beside the file that a link leads to.
[[nodiscard]] std::string previous_checkpoint(const std::string& path);

/// Collective. To a temporary name, checked and sealed; then what stood at `path` becomes the previous one, and this
/// takes its place. Some checkpoint is whole at every moment. @throws Error io_failure.
void write_checkpoint(const Comm& comm, const Network& network, const Checkpoint& checkpoint, const std::string& path);

/// Collective. @throws Error io_failure when there is none, bad_input when it is damaged, no checkpoint, or of another
/// network size. `outside`: how many of the network's neurons were left out.
[[nodiscard]] Checkpoint read_checkpoint(const Comm& comm, const Network& network, const std::string& path,
                                         GlobalIndex outside = 0);

/// Not collective. Whether a checkpoint, or a previous one, stands there.
[[nodiscard]] bool has_checkpoint(const std::string& path);
/// Not collective. Both are removed, as far as there are any.
void remove_checkpoints(const std::string& path) noexcept;

}  // namespace synbal
