// Checks and the keyed draws of schedules.
#include "synbal/stochastic/schedule.hpp"

#include <fmt/format.h>

#include <cmath>

#include "synbal/core/error.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kDefaultBlocks = 16;
constexpr std::uint32_t kTurns = 0x5C4ED1, kClocks = 0x5C4ED2, kDelays = 0x5C4ED3, kActivity = 0x5C4ED4,
                        kPhases = 0x5C4ED5;

/// The finaliser of splitmix64 (Steele et al. 2014): spreads the bits of a counter.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

void check_ranges(const ScheduleParams& p) {
  using S = ScheduleParams;
  require_in(S::kBlocks, "blocks", p.blocks, "a number of blocks, 0 for the default");
  require_in(S::kDelay, "delay", p.delay, "an age in rounds");
  require_in(S::kStragglers, "stragglers", p.stragglers, "a share of the blocks");
  require_in(S::kStragglerFactor, "straggler factor", p.straggler_factor, "how many times slower a straggler is");
  require_in(S::kActivity, "activity", p.activity, "the chance to be active in a round");
  require_in(S::kStep, "step", p.step, "the share of the way to the optimum");
  require_in(S::kDamping, "damping", p.damping, "the share of a round's way that is kept");
  require_in(S::kLocalSweeps, "local sweeps", p.local_sweeps, "visits of a neuron in a round, 0 for exact solves");
}

template <class T>
void require_belongs(bool good, const char* name, T value, ScheduleKind kind, const char* others) {
  if (good) return;
  throw usage_error(fmt::format("{} {} has no meaning here ({} {} does not use it): leave it out, or use {}",
                                parameter(name), value, parameter("schedule"), to_string(kind), others));
}

void check_meaning(const ScheduleParams& p) {
  const bool simulated = p.kind == ScheduleKind::simulated;
  const bool blocks = simulated || p.kind == ScheduleKind::block;
  require_belongs(p.blocks <= 1 || blocks, "blocks", p.blocks, p.kind, "block or simulated");
  require_belongs(p.damping == 1 || blocks, "damping", p.damping, p.kind, "block or simulated");
  require_belongs(p.delay <= 1 || simulated, "delay", p.delay, p.kind, "simulated");
  require_belongs(p.stragglers == 0 || simulated, "stragglers", p.stragglers, p.kind, "simulated");
  require_belongs(p.activity == 1 || simulated, "activity", p.activity, p.kind, "simulated");
  require_belongs(p.local_sweeps == 1 || p.kind != ScheduleKind::poisson, "local sweeps", p.local_sweeps, p.kind,
                  "another schedule");
}

ScheduleParams completed(ScheduleParams p) {
  check(p);
  const bool blocks = p.kind == ScheduleKind::block || p.kind == ScheduleKind::simulated;
  if (p.blocks == 0) p.blocks = blocks ? kDefaultBlocks : 1;
  if (p.delay == 0) p.delay = 1;
  return p;
}

}  // namespace

void check(const ScheduleParams& params) {
  check_ranges(params);
  check_meaning(params);
}

Schedule::Schedule(const ScheduleParams& params, GlobalIndex neurons)
    : params_(completed(params)),
      longer_(neurons % params_.blocks),
      length_(neurons / params_.blocks),
      stragglers_(std::llround(params_.stragglers * static_cast<double>(params_.blocks))),
      turns_(params.seed, kTurns),
      clocks_(params.seed, kClocks),
      delays_(params.seed, kDelays),
      activity_(params.seed, kActivity),
      phases_(params.seed, kPhases) {
  first_straggler_ = static_cast<std::int64_t>(phases_.below(static_cast<std::uint64_t>(params_.blocks), 0, 1));
}

std::int32_t Schedule::block(GlobalIndex file_rank) const noexcept {
  const auto in_longer = longer_ * (length_ + 1);
  const auto b = file_rank < in_longer ? file_rank / (length_ + 1) : longer_ + (file_rank - in_longer) / length_;
  return static_cast<std::int32_t>(b);
}

// Where b * stragglers / blocks passes an integer, counted from a block that the seed chooses.
bool Schedule::straggles(std::int32_t block) const noexcept {
  const auto b = (block + first_straggler_) % params_.blocks;
  return (b + 1) * stragglers_ / params_.blocks != b * stragglers_ / params_.blocks;
}

bool Schedule::active(std::int32_t block, std::int64_t round) const {
  const auto b = static_cast<std::uint64_t>(block);
  if (stragglers_ > 0 && straggles(block)) {
    const auto period = static_cast<std::uint64_t>(params_.straggler_factor);
    if ((static_cast<std::uint64_t>(round) + phases_.below(period, b)) % period != 0) return false;
  }
  return params_.activity == 1 || activity_.uniform(b, static_cast<std::uint32_t>(round)) < params_.activity;
}

std::uint64_t Schedule::reading(std::int32_t reader, std::int64_t round) const {
  return delays_.bits(static_cast<std::uint64_t>(reader), static_cast<std::uint32_t>(round))[0];
}

std::int64_t Schedule::age(std::uint64_t reading, std::int32_t source) const noexcept {
  if (params_.delay == 1) return 1;
  const auto draw = mixed(reading + static_cast<std::uint64_t>(source) * 0x9E3779B97F4A7C15) >> 32;
  return 1 + static_cast<std::int64_t>((draw * static_cast<std::uint64_t>(params_.delay)) >> 32);
}

std::uint64_t Schedule::turn(GlobalIndex file_rank, std::int64_t sweep) const {
  return turns_.bits(static_cast<std::uint64_t>(file_rank), static_cast<std::uint32_t>(sweep))[0] >> 1;
}

double Schedule::pause(GlobalIndex file_rank, std::uint32_t visit) const {
  return -std::log1p(-clocks_.uniform(static_cast<std::uint64_t>(file_rank), visit));
}

}  // namespace synbal
