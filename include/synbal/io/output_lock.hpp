// One run at a time writes a file: locks beside outputs, and what runs that died left there.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace synbal {

/// Holds `.NAME.lock` beside every output that was taken, until it is destroyed; a lock whose owner died is recognised
/// (the system frees it with the process) and taken over. For one rank: rank 0 takes for all.
class OutputLocks {
 public:
  OutputLocks();
  ~OutputLocks();
  OutputLocks(const OutputLocks&) = delete;
  OutputLocks& operator=(const OutputLocks&) = delete;

  /// Not collective. Temporary files that a dead run left of this output are named in the log and removed.
  /// @throws Error io_failure when another run has it.
  void take(const std::string& path);

 private:
  struct Lock;
  std::vector<std::unique_ptr<Lock>> held_;
};

/// What stands where an output is to go.
enum class Target {
  nothing,
  own,     ///< a file that this program made, as far as its format can tell
  foreign  ///< somebody else's
};

/// Not collective. Of the file that `path` leads to. HDF5 files of this program carry its name, or are networks.
/// `network`: whether a network may be replaced.
[[nodiscard]] Target target_at(const std::string& path, bool network);

/// Not collective. Whether a path leads to no file but to a stream (`-`, a pipe, a device) that is written to.
[[nodiscard]] bool is_stream(const std::string& path);

}  // namespace synbal
