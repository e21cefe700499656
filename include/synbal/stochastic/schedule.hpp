// Who is visited when, and how old what it sees is: rules keyed by a seed and by the neurons' order in the file, so
// that a run is the same at any rank count and under any partition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synbal/core/enum_names.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/range.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

/// Time is counted in rounds. The neurons, in the file's order, are cut into equal contiguous blocks: virtual ranks.
/// A neuron sees its own block as it is now and the others as they were some rounds ago.
enum class ScheduleKind {
  sequential,  ///< one block: all neurons in turn, in the file's order
  colored,     ///< one block, by the colours of a greedy colouring: few dependences between real ranks
  random,      ///< one block, in an order that is drawn anew for every sweep
  poisson,     ///< one block, every neuron at the ticks of its own clock: independent draws, one per neuron and round
               ///< in the mean (the asynchronous clock of gossip algorithms)
  block,       ///< blocks in lock step: every block sees the others as they were one round ago
  simulated    ///< asynchrony: blocks in random order, with delays, stragglers and pauses
};
template <>
inline constexpr auto enum_names<ScheduleKind> =
    std::to_array<EnumName<ScheduleKind>>({{ScheduleKind::sequential, "sequential"},
                                           {ScheduleKind::colored, "colored"},
                                           {ScheduleKind::random, "random"},
                                           {ScheduleKind::poisson, "poisson"},
                                           {ScheduleKind::block, "block"},
                                           {ScheduleKind::simulated, "simulated"}});

/// What a schedule is made of. Blocks and damping belong to `block` and `simulated`, delays, stragglers and activity to
/// `simulated`.
struct ScheduleParams {
  ScheduleKind kind = ScheduleKind::sequential;
  std::uint64_t seed = 1;
  std::int64_t blocks = 0;            ///< virtual ranks; 0: 16, or 1 where the kind has one; blocks may be empty
  std::int64_t delay = 1;             ///< what other blocks hold is seen 1..delay rounds old; 0 is as 1
  double stragglers = 0;              ///< share of the blocks that are slow, spread evenly
  std::int64_t straggler_factor = 4;  ///< a slow block is active in every such round only
  double activity = 1;                ///< chance that a block is active in a round (in which it is not slow)
  double step = 1;                    ///< share of the way to its optimum that a visited neuron goes
  double damping = 1;                 ///< share of the way that a block has come in a round that it keeps
  std::int64_t local_sweeps = 1;      ///< visits of every neuron in a round; 0: until the blocks are balanced inside

  static constexpr Range kBlocks{0, 2147483647}, kDelay{0, 1 << 20}, kStragglers{0, 1}, kStragglerFactor{1, 1 << 20},
      kActivity{1e-6, 1}, kStep{1e-6, 1}, kDamping{1e-6, 1}, kLocalSweeps{0, 10'000};
};

/// Not collective. @throws Error usage for impossible parameters and for those that the kind does not use, naming them
/// (see parameter()) and the remedy.
void check(const ScheduleParams& params);

/// The rules of one run. Blocks are numbered 0..blocks()-1, rounds from 1. Nothing here communicates.
class Schedule {
 public:
  /// Visits of a neuron within a round, at most.
  static constexpr auto kMostSweeps = static_cast<std::int64_t>(ScheduleParams::kLocalSweeps.high);

  /// @throws Error usage as check() does.
  Schedule(const ScheduleParams& params, GlobalIndex neurons);

  [[nodiscard]] const ScheduleParams& params() const noexcept { return params_; }
  [[nodiscard]] std::int32_t blocks() const noexcept { return static_cast<std::int32_t>(params_.blocks); }
  /// The block of a neuron, by its place among the active neurons in the file's order.
  [[nodiscard]] std::int32_t block(GlobalIndex file_rank) const noexcept;

  /// The slow blocks: round(stragglers * blocks) of them.
  [[nodiscard]] bool straggles(std::int32_t block) const noexcept;
  [[nodiscard]] bool active(std::int32_t block, std::int64_t round) const;

  /// The largest age of what is seen of another block, in rounds; at least 1.
  [[nodiscard]] std::int64_t oldest() const noexcept { return params_.delay; }
  /// The age of what block `reader` sees of block `source` in a round: age(reading(reader, round), source).
  [[nodiscard]] std::uint64_t reading(std::int32_t reader, std::int64_t round) const;
  [[nodiscard]] std::int64_t age(std::uint64_t reading, std::int32_t source) const noexcept;

  /// Where a neuron comes in the random order of a sweep: the smallest first; below 2^63.
  [[nodiscard]] std::uint64_t turn(GlobalIndex file_rank, std::int64_t sweep) const;
  /// Rounds between the visits number visit-1 and visit of a neuron's clock: exponential, mean 1.
  [[nodiscard]] double pause(GlobalIndex file_rank, std::uint32_t visit) const;

 private:
  ScheduleParams params_;
  GlobalIndex longer_;  // blocks with one neuron more than length_
  GlobalIndex length_;
  std::int64_t stragglers_;
  std::int64_t first_straggler_;
  CounterRandom turns_, clocks_, delays_, activity_, phases_;
};

}  // namespace synbal
