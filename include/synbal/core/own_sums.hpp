// Sums of a rank's own values, looked at before they are hidden in sums over all ranks: where what is no number began.
#pragma once

#include "synbal/core/comm.hpp"

namespace synbal {

/// Of a sum on its way into one over all ranks: the same value. That it is no number is remembered until a later one
/// is: trial steps may leave the doubles. (`SYNBAL_FAULT=nan@solve` makes it none.)
[[nodiscard]] double own_sum(double value);
/// The same where no step is a trial: it is remembered until the run ends over it.
[[nodiscard]] double own_sum_for_good(double value);
/// What is remembered now, of a step that was no trial, is from now on.
void remember_own_sum() noexcept;
/// Whether this rank remembers one that was no number. Not collective.
[[nodiscard]] bool own_sum_is_nan() noexcept;
/// Collective, where that is so on some rank. @throws Error internal that names the ranks and the phase.
[[noreturn]] void end_over_nan(const Comm& comm);

}  // namespace synbal
