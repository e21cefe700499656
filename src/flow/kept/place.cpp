// Counts and figures as numbers of a state.
#include "flow/kept/place.hpp"

#include <array>

namespace synbal {

namespace {

using S = IntegratorStatistics;
constexpr std::array<std::int64_t S::*, 9> kCounts{&S::steps,
                                                   &S::derivatives,
                                                   &S::nonlinear_iterations,
                                                   &S::nonlinear_failures,
                                                   &S::error_test_failures,
                                                   &S::krylov_iterations,
                                                   &S::linear_failures,
                                                   &S::products,
                                                   &S::preconditioner_setups};

}  // namespace

std::vector<double> numbers_of(const IntegratorStatistics& statistics) {
  std::vector<double> numbers{static_cast<double>(statistics.order), statistics.step};
  for (const auto member : kCounts) numbers.push_back(static_cast<double>(statistics.*member));
  return numbers;
}

IntegratorStatistics statistics_of(const std::vector<double>& numbers) {
  IntegratorStatistics statistics;
  if (numbers.size() != kCounts.size() + 2) return statistics;
  statistics.order = static_cast<int>(numbers[0]), statistics.step = numbers[1];
  for (std::size_t k = 0; k < kCounts.size(); ++k) {
    statistics.*kCounts[k] = static_cast<std::int64_t>(numbers[k + 2]);
  }
  return statistics;
}

void put_place(RunPart& part, const FlowPlace& place) {
  part.put("time", place.time), part.put("recorded", place.recorded);
  part.put("initial_cost", place.initial_cost), part.put("largest_cost_increase", place.largest_cost_increase);
  part.put("matrix_passes", static_cast<double>(place.matrix_passes));
  part.numbers["statistics"] = numbers_of(place.statistics);
}

FlowPlace place_in(const RunPart& part) {
  FlowPlace place;
  place.time = part.number("time"), place.recorded = part.number("recorded");
  place.initial_cost = part.number("initial_cost"), place.largest_cost_increase = part.number("largest_cost_increase");
  place.matrix_passes = part.count("matrix_passes");
  const auto found = part.numbers.find("statistics");
  if (found != part.numbers.end()) place.statistics = statistics_of(found->second);
  return place;
}

}  // namespace synbal
