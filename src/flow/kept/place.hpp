// Where a run of a flow stood when it was kept, beside its h.
#pragma once

#include <cstdint>
#include <limits>

#include "synbal/balance/run_keeper.hpp"
#include "synbal/flow/flow_params.hpp"

namespace synbal {

struct FlowPlace {
  double time = 0;
  double recorded = -std::numeric_limits<double>::infinity();  ///< time of the last output
  double initial_cost = std::numeric_limits<double>::quiet_NaN(), largest_cost_increase = 0;
  std::int64_t matrix_passes = 0;
  IntegratorStatistics statistics = {};
};

void put_place(RunPart& part, const FlowPlace& place);
[[nodiscard]] FlowPlace place_in(const RunPart& part);

/// Counts as one list of numbers.
[[nodiscard]] std::vector<double> numbers_of(const IntegratorStatistics& statistics);
[[nodiscard]] IntegratorStatistics statistics_of(const std::vector<double>& numbers);

}  // namespace synbal
