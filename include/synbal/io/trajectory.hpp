// The trajectory file of `flow`: rows over time, written as they come, readable at every instant, also after a kill.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synbal/io/result.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// A table of the file: rows are output times, columns recorded things whose values live on the ranks that own them.
/// Dataset /name (with its groups, where the name has several parts) has shape [rows, width]; rank-local values go to
/// the `place`s given, together a permutation of 0..width-1 over all ranks.
struct TrajectoryTable {
  std::string name;
  std::int64_t width = 0;           ///< over all ranks
  std::vector<std::int64_t> place;  ///< [local] column of each local value
};

/// An array that does not change over time, e.g. the ids of recorded neurons (dataset /name, int64[width]).
struct TrajectoryLabel {
  std::string name;
  std::int64_t width = 0;
  std::vector<std::int64_t> place;
  std::vector<std::int64_t> value;
  Texts text = {};  ///< likewise, where all ranks together have such: goes to dataset /name_name
};

struct TrajectoryLayout {
  std::vector<std::string> scalars;  ///< datasets float64[rows], first of them "time"; equal on all ranks
  std::vector<TrajectoryTable> tables;
  std::vector<TrajectoryLabel> labels;
  std::int64_t expected_rows = 0;  ///< 0: not known
};

/// Where a trajectory that an earlier run wrote is gone on with: after so many rows, the last of them of that time.
struct TrajectoryPlace {
  std::int64_t rows = 0;
  double time = 0;
};

/// Where a trajectory grows while another one stands at `path`: WAY.growing.h5 beside WAY.h5 (or what that links to).
[[nodiscard]] std::string growing_trajectory(const std::string& path);

/// The file is there from the beginning, under its name where nothing stood before, else beside it: what stood there
/// stays until finish(). It is valid HDF5 at every moment: rows go into space that was allocated (and filled with NaN)
/// before, and when it is used up a copy twice as large is made beside it and renamed over it. The dataset /rows
/// (int64[1]) says how many rows are whole; rows beyond it are NaN, but for the one that was being written when a run
/// was killed. finish() leaves a sealed file with exactly the rows written.
class TrajectoryWriter {
 public:
  /// Collective. `about` becomes root attributes; reason "running" until finish().
  /// @throws Error io_failure, also when the expected rows would fill the disk or the memory.
  TrajectoryWriter(const Comm& comm, std::string path, TrajectoryLayout layout, const Provenance& about);
  /// Collective. Goes on with the rows of an earlier run, whose layout and input must be the same: with those beside
  /// `path`, where a run that did not come to its end left such, else with those at `path`. Rows behind the place are
  /// dropped.
  /// @throws Error io_failure; bad_input when none is there as the place says.
  TrajectoryWriter(const Comm& comm, std::string path, TrajectoryLayout layout, const Provenance& about,
                   const TrajectoryPlace& place);
  ~TrajectoryWriter();
  TrajectoryWriter(const TrajectoryWriter&) = delete;
  TrajectoryWriter& operator=(const TrajectoryWriter&) = delete;

  /// Collective. One row: scalars (equal on all ranks, in the order of the layout) and one span of local values per
  /// table. On the disk's side of the operating system when it returns. @throws Error io_failure on all ranks together.
  void append(std::span<const double> scalars, std::span<const std::span<const double>> tables);
  [[nodiscard]] std::int64_t rows() const noexcept;
  /// Where the rows are until finish(), and then the path.
  [[nodiscard]] const std::string& file() const noexcept;
  /// Collective. The rows so far on the disk itself. @throws Error io_failure.
  void flush();
  /// Collective. The last word: exact size, read-back check, final attributes; by a copy, for which the disk needs
  /// room.
  /// @throws Error io_failure; the rows are then still readable.
  void finish(const Provenance& about);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// Collective. Whether the file is a trajectory (finished or not) rather than a result. @throws Error io_failure,
/// bad_input when it is no HDF5 file at all.
bool is_trajectory(const Comm& comm, const std::string& path);

/// The last whole row of a trajectory that recorded h of all neurons: where a new run can start.
struct TrajectoryEnd {
  double time = 0;
  std::vector<double> h;  ///< for the owned neurons of the network given
  Provenance provenance;
};
/// Collective. @throws Error bad_input when the file is no trajectory, has no rows, did not record all of h, belongs to
/// another network size, or was changed since it was finished.
TrajectoryEnd read_trajectory_end(const Comm& comm, const Network& network, const std::string& path);

}  // namespace synbal
