// A flag, and its words.
#include "synbal/core/own_sums.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>

#include "synbal/core/error.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/watchdog.hpp"

namespace synbal {

namespace {

bool last_is_nan = false, met_nan = false;

double perhaps_none(double value) {
  return fault_is("nan", "solve") ? std::numeric_limits<double>::quiet_NaN() : value;
}

}  // namespace

double own_sum(double value) {
  value = perhaps_none(value);
  last_is_nan = std::isnan(value);
  return value;
}

double own_sum_for_good(double value) {
  value = perhaps_none(value);
  met_nan = met_nan || std::isnan(value);
  return value;
}

void remember_own_sum() noexcept { met_nan = met_nan || last_is_nan; }

bool own_sum_is_nan() noexcept { return last_is_nan || met_nan; }

void end_over_nan(const Comm& comm) {
  std::string names;
  int count = 0;
  for (const auto is_nan : comm.gather_all(static_cast<std::int32_t>(own_sum_is_nan()))) {
    if (is_nan != 0) names += fmt::format("{}{}", names.empty() ? "" : ", ", count);
    ++count;
  }
  last_is_nan = met_nan = false;
  throw internal_error(fmt::format(
      "rank {}, {}: a sum of costs is no number (NaN), by a defect of the program or of the machine: no result is "
      "written; a checkpoint, where there is one, is from before it",
      names, current_phase()));
}

}  // namespace synbal
