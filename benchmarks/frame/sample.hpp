// Repeated measurements of one quantity, and what is told of them.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace synbal::benchmark {

using Json = nlohmann::ordered_json;

class Sample {
 public:
  void add(double value) { values_.push_back(value); }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  /// Between the values beside it, linearly; 0 without any. `share`: 0 to 1.
  [[nodiscard]] double quantile(double share) const;
  [[nodiscard]] double median() const { return quantile(0.5); }

 private:
  std::vector<double> values_;
};

/// Least, quartiles, most, and how many.
[[nodiscard]] Json json_of(const Sample& sample);

}  // namespace synbal::benchmark
