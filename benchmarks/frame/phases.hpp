// What a run is made of, timed between barriers.
#pragma once

#include <map>
#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::benchmark {

/// Seconds of the slowest rank, phase by phase.
class Phases {
 public:
  /// Collective: waits for all ranks.
  explicit Phases(const Comm& comm);

  /// Collective. What comes from here on belongs to `name`; a run without phases is one phase, "run".
  void begin(const std::string& name);
  /// Collective. The last phase is over.
  void end();

  [[nodiscard]] const std::map<std::string, double>& seconds() const noexcept { return seconds_; }
  [[nodiscard]] double total() const;
  /// Of this rank, within all phases so far, in calls of MPI (counters.hpp).
  [[nodiscard]] double mpi_seconds() const noexcept { return mpi_seconds_; }

 private:
  void open();
  void close();

  const Comm* comm_;
  Timer timer_;
  double mpi_begin_ = 0, mpi_seconds_ = 0;
  std::string name_;
  std::map<std::string, double> seconds_;
};

}  // namespace synbal::benchmark
