// What reports and summaries say about estimates of resistances and of the diagonal of L^+.
#pragma once

#include "app/report.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::app {

/// {predicted_error, checked, checked_mean, checked_max, checked_bias}; null where nothing was checked.
[[nodiscard]] Json report_quality(const EstimateQuality& quality);

/// Root only.
void print_quality(const Json& quality);

}  // namespace synbal::app
