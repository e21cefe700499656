// Signs of life of work whose amount is known: how much is done, and when the rest will be.
#pragma once

#include <cstdint>
#include <string>

#include "synbal/core/log.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::app {

/// Prints through the log, now and then. Not collective: every rank may call it, the one that logs prints.
class CountProgress {
 public:
  /// E.g. "resistance", 5000, "pairs".
  CountProgress(std::string what, std::int64_t total, std::string unit);
  CountProgress(const CountProgress&) = delete;
  CountProgress& operator=(const CountProgress&) = delete;
  ~CountProgress() { end_log_status(); }

  /// `done` of the total.
  void update(std::int64_t done);

 private:
  std::string what_, unit_;
  std::int64_t total_;
  Timer timer_;
  double next_line_, pause_;
};

}  // namespace synbal::app
