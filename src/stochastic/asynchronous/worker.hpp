// One rank at work: it relaxes, looks, publishes and says its word, and never waits.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "stochastic/asynchronous/faults.hpp"
#include "stochastic/asynchronous/relaxer.hpp"
#include "stochastic/asynchronous/staleness.hpp"
#include "stochastic/asynchronous/termination.hpp"

namespace synbal {

/// When a rank raises its hand, by its own count and clock.
struct WorkLimits {
  std::int64_t sweeps = std::numeric_limits<std::int64_t>::max();  ///< of Relaxer::sweeps()
  double time = std::numeric_limits<double>::infinity();           ///< of monotonic_seconds()
};

/// What a rank counts.
struct WorkCounts {
  std::int64_t skipped = 0, left_out = 0;
  AgeCounts ages;
};

class Worker {
 public:
  /// Collective. The stars must outlive it.
  Worker(const IncidentSynapses& stars, const AsynchronousParams& params);

  /// Collective. Starts from base + delta; to be called when nothing is in flight.
  void start(std::span<const double> delta);
  /// Works until the reductions say that all ranks stop, and why: the same on all of them.
  Verdict run(const WorkLimits& limits, const std::function<void(const Round&)>& on_round);
  /// Collective. Ends what is in flight; every rank then knows the others' values as they are.
  void quiesce();
  /// Collective, after quiesce(). The ranks tell each other when they published, so that the age of what was read is
  /// known.
  void tell_times() { log_.settle(counts_.ages); }

  void begin_at_sweep(std::int64_t sweep) noexcept { relaxer_.begin_at_sweep(sweep); }
  [[nodiscard]] const Relaxer& relaxer() const noexcept { return relaxer_; }
  [[nodiscard]] TerminationDetector& detector() noexcept { return detector_; }
  [[nodiscard]] const TerminationDetector& detector() const noexcept { return detector_; }
  [[nodiscard]] const WorkCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] Traffic traffic() const { return transport_->traffic(); }

 private:
  void work();
  void rest();
  void look();
  void publish();
  void pack(std::size_t peer, std::span<double> values);
  void take(std::size_t peer, const Stamp& stamp, std::span<const double> values);
  [[nodiscard]] Stamp stamp() const { return {version_, detector_.rounds()}; }
  [[nodiscard]] bool knows_all_since(std::int64_t round) const;
  [[nodiscard]] bool worth_sending(std::size_t peer) const;
  [[nodiscard]] LocalView view(const WorkLimits& limits) const;
  [[nodiscard]] bool may_join(const LocalView& view, double now) const;
  void join(const LocalView& view, double now);
  [[nodiscard]] std::vector<double> reads_in_a_sweep() const;
  [[nodiscard]] LocalIndex visits_in_a_stretch() const;

  const IncidentSynapses* stars_;
  AsynchronousParams params_;
  Relaxer relaxer_;
  std::unique_ptr<Transport> transport_;
  TerminationDetector detector_;
  StalenessLog log_;
  Straggler straggler_;
  WorkCounts counts_;
  LocalIndex stretch_;
  std::int64_t between_publications_, until_publication_;  // visits
  std::int64_t version_ = 0;                               // publications so far
  std::vector<std::int64_t> known_, known_round_;          // [peers] stamps of what this rank reads
  std::vector<std::int64_t> told_round_;                   // [peers] round in the stamp that was last sent
  bool began_fresh_ = false, fresh_ = false;               // this sweep, the last finished one
  std::vector<double> sent_;                               // [send indices] with a threshold: what the peers were told
  bool quiet_ = false;                                     // the transport was emptied
  bool news_ = false;                                      // something came since the last publication
  std::int64_t looks_ = 0, next_look_ = 0;
  double imbalance_ = 1;  // of the last reduction
  double joined_ = 0;     // when, and what had been done by then
  double sweep_began_ = 0, sweep_seconds_ = 0;
  std::int64_t joined_sweeps_ = 0, joined_version_ = 0, joined_looks_ = 0;
};

}  // namespace synbal
