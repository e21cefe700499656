// The chain of those who watch.
#include "synbal/core/solve_watch.hpp"

namespace synbal {

namespace {
SolveWatch* innermost = nullptr;
}  // namespace

SolveWatch::SolveWatch() : outer_(innermost) { innermost = this; }

SolveWatch::~SolveWatch() { innermost = outer_; }

void tell_watches(const SolveStatus& status) {
  for (auto* watch = innermost; watch != nullptr; watch = watch->outer_) watch->tell(status);
}

bool end_is_wanted() {
  bool wanted = false;
  for (auto* watch = innermost; watch != nullptr; watch = watch->outer_) wanted = watch->wants_end() || wanted;
  return wanted;
}

void leave_without_time_for_set_up() {
  for (const auto* watch = innermost; watch != nullptr; watch = watch->outer_) {
    if (!watch->has_time_for_set_up()) throw LeftEarly{};
  }
}

}  // namespace synbal
