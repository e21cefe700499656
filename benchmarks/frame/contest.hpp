// Contenders for the same work on one network, run in turn so that a busy machine troubles them alike; a line of JSON
// for each whose answer is right, and nothing for others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "frame/counters.hpp"
#include "frame/machine.hpp"
#include "frame/phases.hpp"
#include "frame/sample.hpp"
#include "synbal/core/comm.hpp"

namespace synbal::benchmark {

/// What all benchmarks are told.
struct Settings {
  std::vector<std::string> networks;  ///< files or names of what `synbal generate` makes
  int warmups = 1, repeats = 7;
  bool peers = true;
  std::int64_t array_bytes = std::int64_t{1} << 28;  ///< of each array by which bandwidths are measured, a rank
  double most_seconds = 300;                         ///< after which a contender is not run again
};

/// Whether an answer is right, and by what that is known.
struct Verdict {
  std::string check;
  double value = 0, limit = 0;
  [[nodiscard]] bool holds() const noexcept { return value <= limit; }
};

/// Somebody who can do the work. All functions are collective.
struct Contender {
  std::string name;
  bool peer = false;                                        ///< not of this library
  std::function<void(Phases&)> run;                         ///< timed
  std::function<Verdict()> verdict;                         ///< of the last run
  std::function<Json(const Sample& seconds)> figures = {};  ///< what follows from the time, and counts of the work
  bool rival = true;  ///< of a peer: does all of the work, so that its time may be compared
};

/// What the contest is about.
struct Field {
  std::string benchmark;  ///< the subject
  Json network;           ///< name and sizes
};

class Contest {
 public:
  /// Collective. Measures what the machine can do at best.
  Contest(const Comm& comm, const Settings& settings);

  /// Collective. Warm-ups and repeats of all, in turn; then lines on stdout, and on stderr why there is none.
  void hold(const Field& field, std::vector<Contender> contenders);

  [[nodiscard]] const Comm& comm() const noexcept { return *comm_; }
  [[nodiscard]] const Settings& settings() const noexcept { return *settings_; }
  [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
  /// Whether every answer so far was right.
  [[nodiscard]] bool all_right() const noexcept { return all_right_; }

 private:
  struct Measured;
  void run_once(const Contender& contender, Measured& measured, bool warmup) const;
  void tell(const Field& field, const Contender& contender, const Measured& measured, double best_peer);

  const Comm* comm_;
  const Settings* settings_;
  Json machine_;
  Limits limits_;
  bool all_right_ = true;
};

}  // namespace synbal::benchmark
