// How old values were when they were read: what a rank notes while it runs, and what it learns from its peers later.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal {

/// Counts by age, while they are collected.
struct AgeCounts {
  std::vector<double> reads;
  double sum_of_ages = 0;
  std::int64_t oldest = 0;

  void add(std::int64_t age, double count);
};
/// Collective. Over all ranks.
Staleness over_ranks(const Comm& comm, const AgeCounts& own);

/// Collective. What to add to this rank's monotonic_seconds() for that of rank 0: 0 where all ranks share a machine,
/// and with it the clock; else measured.
double clock_offset(const Comm& comm);

/// A rank notes when it made its publications, and of each stretch of work when it was, how many neurons it visited,
/// and which publication of each peer it then knew. Once all is quiet the ranks tell each other their times, and so how
/// many publications there were by the time of each read. Reads of a stretch count as spread evenly over it, and over
/// the visits (their order is random). Of long runs every second, fourth, ... stretch is kept; beyond kMostTimes
/// publications nothing is noted any more.
class StalenessLog {
 public:
  /// `reads`: how many values of each peer one sweep of this rank reads; `sweep`: visits in a sweep.
  StalenessLog(const Comm& comm, const Halo& halo, std::vector<double> reads, LocalIndex sweep);

  /// The next publication was made at this time, whether or not it was sent at once.
  void published(double time);
  /// `version[p]` of peer p was read by `visits` neurons.
  void read(double begin, double end, std::int64_t visits, std::span<const std::int64_t> version);
  /// Collective over peers. Adds what was noted since the last call to `counts` and starts anew.
  void settle(AgeCounts& counts);

 private:
  struct Stretch {
    double begin, end;
    double visits;
  };
  void thin();
  void count(std::size_t peer, std::span<const double> times, AgeCounts& counts) const;

  static constexpr std::size_t kMostStretches = std::size_t{1} << 14;
  static constexpr std::size_t kMostTimes = std::size_t{1} << 20;

  const Halo* halo_;
  Comm comm_;
  double offset_;
  std::vector<double> reads_per_visit_;
  std::vector<double> times_;  // the number of the first publication in here, then the times
  std::int64_t publications_ = 0;
  std::vector<Stretch> stretches_;
  std::vector<std::int64_t> versions_;  // [stretches][peers]
  std::int64_t stride_ = 1, seen_ = 0;
};

}  // namespace synbal
