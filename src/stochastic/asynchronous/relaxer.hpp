// One rank's part of asynchronous balancing: its neurons, visited in random order, and what it knows of the others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/core/huge_pages.hpp"
#include "synbal/core/random.hpp"
#include "synbal/stochastic/asynchronous.hpp"
#include "synbal/stochastic/relaxation.hpp"

namespace synbal {

/// What the neurons met in a sweep, just before they were balanced.
struct Met {
  double l1 = 0;  ///< sum |in - k out|
  double cost = 0;
};

class Relaxer {
 public:
  /// The stars must outlive it. Not collective.
  Relaxer(const IncidentSynapses& stars, VisitOrder order, double step, std::uint64_t seed);

  /// Collective. Starts from base + delta, known to all.
  void start(std::span<const double> delta);
  /// Visits up to `count` neurons, at most to the end of the sweep; returns how many.
  LocalIndex relax(LocalIndex count);
  /// Takes what another rank published; `first` is the number of its first ghost. A value out of range (two halves of
  /// different values, if the system's copies are that coarse) is left for the next publication to correct.
  void take(LocalIndex first, std::span<const double> post);

  [[nodiscard]] LocalIndex size() const noexcept { return stars_->size(); }
  [[nodiscard]] double post(LocalIndex i) const noexcept { return scaling_[static_cast<std::size_t>(i)].post; }
  /// [n] Where the neurons are, relative to the base.
  [[nodiscard]] std::vector<double> delta() const;
  /// Goes on with the draws of this sweep: what was drawn before it is another run's.
  void begin_at_sweep(std::int64_t sweep) noexcept { sweeps_ = sweep; }
  /// Visits and finished sweeps since construction.
  [[nodiscard]] std::int64_t relaxations() const noexcept { return relaxations_; }
  [[nodiscard]] std::int64_t sweeps() const noexcept { return sweeps_; }
  [[nodiscard]] bool between_sweeps() const noexcept { return position_ == 0; }
  /// What the last finished sweep met.
  [[nodiscard]] const Met& met() const noexcept { return met_; }
  /// True once a factor has grown so large that the base should move.
  [[nodiscard]] bool far_out() const noexcept { return far_out_; }
  /// Fewest and most visits of a neuron.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> visits_per_neuron() const;

 private:
  void draw(LocalIndex first, LocalIndex last);
  template <bool kPlain>
  void visit_all(LocalIndex first, LocalIndex last);
  template <bool kPlain>
  void visit(LocalIndex i);
  [[nodiscard]] Scaling stepped(double in, double out, const Scaling& own, double exponent);
  void fetch_ahead(LocalIndex v, LocalIndex last) const;
  void finish_sweep();

  const IncidentSynapses* stars_;
  VisitOrder kind_;
  double step_;
  bool plain_;  // full steps, exponents 1: no logarithm is needed
  CounterRandom random_;
  HugeVector<Scaling> scaling_;       // [n + ghosts]
  std::vector<LocalIndex> order_;     // [n] of this sweep as far as it has come
  std::vector<std::int32_t> visits_;  // [n] with independent visits
  LocalIndex position_ = 0;
  Met met_, meeting_;
  std::int64_t relaxations_ = 0, sweeps_ = 0;
  bool far_out_ = false;
};

}  // namespace synbal
