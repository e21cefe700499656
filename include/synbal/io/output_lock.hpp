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

}  // namespace synbal
