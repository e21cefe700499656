// Asynchronous balancing as a deterministic play: any number of virtual ranks, delays and stragglers, the same bits at
// any number of real ranks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "stochastic/ordered_pass.hpp"
#include "stochastic/schedule_agenda.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/core/huge_pages.hpp"
#include "synbal/stochastic/relaxation.hpp"
#include "synbal/stochastic/schedule_solver.hpp"

namespace synbal {

/// How unbalanced the present state is, all neurons at once.
struct PresentView {
  double l1 = 0;
  double cost = 0;      ///< in the problem's unit
  double max_step = 0;  ///< largest change of h that would balance a neuron alone
};

/// A neuron that is visited goes its share (`step`) of the way to the optimum for what it sees: its own block as in a
/// serial loop in the schedule's order, other blocks as they were at the end of the round 1..delay rounds before; at
/// most so far that the factors of its costs stay within e^60 of those at the base. At the end of the round a block
/// keeps the share `damping` of its way.
/// Memory: 16 bytes per neuron (and ghost) and round that has to be remembered, n * (delay + 1); with one block nothing
/// is remembered.
class Simulator {
 public:
  /// Collective. Starts from h = base + delta ([n]), where everything has been for ever. The stars must outlive it.
  /// @throws Error usage for impossible parameters and for more memory than this machine has free.
  Simulator(const IncidentSynapses& stars, const ScheduleParams& params, std::span<const double> delta);
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  /// Collective. Plays a round.
  RoundView round();
  /// Collective. One pass over the synapses without moving anything.
  [[nodiscard]] PresentView present() const;
  /// [n] Where the neurons are, relative to the base. Not collective.
  [[nodiscard]] std::vector<double> delta() const;
  /// Not collective. To be called when the base has been moved to base + delta() and the stars have been refreshed.
  void rebased();

  /// Collective. All that the coming rounds depend on, into a part of a state; and a simulator of the same schedule
  /// that goes on from there, to the bit, at any number of ranks.
  void tell(RunPart& part) const;
  void go_on_from(const RunPart& part);

  [[nodiscard]] std::int64_t rounds() const noexcept { return round_; }
  /// Collective. Synapses read so far, by the age in rounds of what was read; 0 is the neuron's own block.
  [[nodiscard]] std::vector<std::int64_t> reads_by_age() const;

 private:
  struct Met;
  void find_active();
  [[nodiscard]] SeenCosts seen(LocalIndex i);
  template <class Factor>
  void add_as_seen(const Synapses& star, std::int32_t own, Factor&& factor, double& sum);
  [[nodiscard]] static Scaling limited(const Scaling& scaling, double exponent);
  void visit(LocalIndex i, Met& met);
  void sweep(Met& met);
  void sweep_until_solved(Met& met);
  void damp();
  [[nodiscard]] RoundView over_ranks(Met& met) const;
  void remember();
  void share(Scaling* scaling) const;
  [[nodiscard]] const Scaling* slot(std::int64_t age) const noexcept;
  /// What was remembered 1..oldest() rounds ago.
  [[nodiscard]] Scaling* slot(std::int64_t age) noexcept;
  [[nodiscard]] double exponent(LocalIndex j) const noexcept {
    return stars_->exponent().empty() ? 1.0 : stars_->exponent()[static_cast<std::size_t>(j)];
  }

  const IncidentSynapses* stars_;
  Schedule schedule_;
  std::unique_ptr<BlockGraph> graph_;  // its address is kept by agenda and pass
  std::unique_ptr<SweepAgenda> agenda_;
  OrderedPass<Scaling> pass_;
  HugeVector<Scaling> scaling_;  // [n + ghosts] now
  HugeVector<Scaling> past_;     // [oldest][n + ghosts] ends of past rounds; empty with one block
  std::int64_t newest_ = 0;      // place of the last round in past_
  std::vector<std::uint8_t> active_;
  std::vector<std::int64_t> reads_;  // by age
  std::int64_t round_ = 0, sweeps_ = 0;
  std::int32_t reader_ = -1;  // the block that visited last in this round, and its draw
  std::uint64_t reading_ = 0;
};

}  // namespace synbal
