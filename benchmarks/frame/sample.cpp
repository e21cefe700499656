// Order statistics.
#include "frame/sample.hpp"

#include <algorithm>
#include <cmath>

namespace synbal::benchmark {

double Sample::quantile(double share) const {
  if (values_.empty()) return 0;
  auto sorted = values_;
  std::ranges::sort(sorted);
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

Json json_of(const Sample& s) {
  return {{"min", s.quantile(0)},           {"quartile_1", s.quantile(0.25)}, {"median", s.median()},
          {"quartile_3", s.quantile(0.75)}, {"max", s.quantile(1)},           {"runs", s.size()}};
}

}  // namespace synbal::benchmark
