// The lines about the quality of an estimate.
#include "app/resistance_report.hpp"

#include <fmt/format.h>

namespace synbal::app {

Json report_quality(const EstimateQuality& quality) {
  const auto measured = [&](double value) { return quality.checked > 0 ? number(value) : Json(nullptr); };
  return {{"predicted_error", number(quality.predicted_error)},
          {"checked", quality.checked},
          {"checked_mean", measured(quality.checked_mean)},
          {"checked_max", measured(quality.checked_max)},
          {"checked_bias", measured(quality.checked_bias)}};
}

void print_quality(const Json& q) {
  const auto percent = [](const Json& v) {
    return v.is_null() ? "not known" : fmt::format("{:.2g} %", 100 * v.get<double>());
  };
  fmt::print("error        {} on average, as the scatter of the random solves says\n", percent(q["predicted_error"]));
  if (q["checked"] == 0) return;
  fmt::print("             {} drawn at random and solved exactly: {} on average, {} at most, {} with its sign\n",
             q["checked"].get<std::int64_t>(), percent(q["checked_mean"]), percent(q["checked_max"]),
             percent(q["checked_bias"]));
}

}  // namespace synbal::app
