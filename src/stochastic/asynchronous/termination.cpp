// The reduction and what is read from it.
#include "stochastic/asynchronous/termination.hpp"

#include <algorithm>

namespace synbal {

namespace {
enum Word : std::size_t { kL1, kCost, kRelaxations, kUnfinished, kUnfresh, kFarOut, kAtLimit, kLate, kInterrupted };
double flag(bool value) { return value ? 1.0 : 0.0; }
}  // namespace

void TerminationDetector::aim_at(double target) {
  target_ = std::max(target, kSharpest);
  candidate_ = 0;
}

bool TerminationDetector::sharpen(double l1, double tolerance) {
  const bool possible = target_ > kSharpest;
  const double met = std::min(target_, last_l1_);
  target_ = std::max(kSharpest, met * std::clamp(0.5 * tolerance / l1, 1e-3, 0.5));
  return possible;
}

void TerminationDetector::join(const LocalView& view, double now, std::int64_t relaxations) {
  own_ = {view.l1,
          view.cost,
          view.relaxations,
          flag(view.unfinished),
          flag(view.unfresh),
          flag(view.far_out),
          flag(view.at_limit),
          flag(view.late),
          flag(view.interrupted)};
  joined_time_ = now;
  joined_relaxations_ = relaxations;
  SYNBAL_MPI(MPI_Iallreduce(own_.data(), all_.data(), static_cast<int>(own_.size()), MPI_DOUBLE, MPI_SUM, comm_.get(),
                            &request_));
}

std::optional<Round> TerminationDetector::poll() {
  if (!waiting()) return {};
  int done = 0;
  SYNBAL_MPI(MPI_Test(&request_, &done, MPI_STATUS_IGNORE));
  if (done == 0) return {};
  ++rounds_;
  last_l1_ = all_[kCost] > 0 ? all_[kL1] / all_[kCost] : 0.0;
  return Round{last_l1_, all_[kCost], all_[kRelaxations], verdict(confirmed())};
}

// A word of an unfinished sweep neither makes a candidate nor confirms one.
bool TerminationDetector::confirmed() {
  if (last_l1_ > target_) candidate_ = 0;
  if (last_l1_ > target_ || all_[kUnfinished] > 0) return false;
  if (candidate_ > 0) return all_[kUnfresh] == 0;
  candidate_ = rounds_;
  first_pass_time_ = joined_time_;
  first_pass_relaxations_ = joined_relaxations_;
  return false;
}

Verdict TerminationDetector::verdict(bool balanced) const {
  if (balanced) return Verdict::balanced;
  if (all_[kInterrupted] > 0) return Verdict::interrupted;
  if (all_[kLate] > 0) return Verdict::walltime;
  if (all_[kAtLimit] > 0) return Verdict::iteration_limit;
  return all_[kFarOut] > 0 ? Verdict::rebase : Verdict::go_on;
}

}  // namespace synbal
