// Every rank reads an even share.
#include "io/arrays/network_array.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal::io {

namespace {
Error misshapen(const std::string& where, const ArrayPlan& plan, GlobalIndex n) {
  auto shape = plan.shape;
  if (plan.is_transposed) std::ranges::reverse(shape);
  return bad_input(
      fmt::format("{} has the shape [{}] for {} neurons ({}): one side must have a value for every neuron; "
                  "name the array that is meant, or none",
                  where, fmt::join(shape, ", "), n, to_string(plan.role)));
}

/// The axis that counts neurons where both could.
int usual_axis(const ArrayPlan& plan, const ReadOptions& options) {
  const bool rows = plan.role == ArrayRole::input_weights || plan.role == ArrayRole::bias;
  const bool turned = (options.orientation == Orientation::pre_post) != plan.is_transposed;
  return rows == turned ? 1 : 0;
}

int neuron_axis(const std::string& where, const ArrayPlan& plan, GlobalIndex n, const ReadOptions& options) {
  const auto sides = std::ranges::count(plan.shape, n);
  if (plan.shape.empty() || plan.shape.size() > 2 || sides == 0) throw misshapen(where, plan, n);
  if (sides == 2) return usual_axis(plan, options);
  return plan.shape.front() == n ? 0 : 1;
}

void check_finite(const std::string& where, std::int64_t first, const std::vector<double>& values) {
  const auto odd = std::ranges::find_if_not(values, [](double v) { return std::isfinite(v); });
  if (odd == values.end()) return;
  throw bad_input(
      fmt::format("{}: element {} is {}: give finite numbers", where, first + (odd - values.begin()), *odd));
}
}  // namespace

NetworkArray read_array(const Comm& comm, const ArrayPlan& plan, const NumberArray& numbers, GlobalIndex n,
                        const ReadOptions& options) {
  NetworkArray array{plan.name, plan.role, plan.shape, 0, {}, Ownership::even(comm, numbers.length()), {}};
  agreed(comm, [&] {
    array.neuron_axis = neuron_axis(numbers.name(), plan, n, options);
    array.values.resize(at(array.elements.count()));
    numbers.read(array.elements.first(), array.elements.count(), array.values.data());
    check_finite(numbers.name(), array.elements.first(), array.values);
  });
  return array;
}

NetworkArray read_array(const Comm& comm, const ArrayPlan& plan, const CompressedMatrix& matrix, GlobalIndex n,
                        const ReadOptions& options) {
  NetworkArray array{plan.name, plan.role, plan.shape, 0, ArrayPattern{}, {}, {}};
  agreed(comm, [&] { array.neuron_axis = neuron_axis(matrix.data->name(), plan, n, options); });
  auto& pattern = *array.pattern;
  pattern.by_columns = matrix.by_columns;
  pattern.majors = Ownership::even(comm, matrix.n);
  auto own = read_compressed(comm, matrix, pattern.majors);
  pattern.starts = std::move(own.row_ptr);
  pattern.index = std::move(own.column);
  array.values = std::move(own.weight);
  array.elements = Ownership::of_counts(comm, std::ssize(array.values));
  return array;
}

namespace {
/// [own elements] Row and column of each.
std::vector<std::pair<GlobalIndex, GlobalIndex>> places_of(const NetworkArray& array) {
  std::vector<std::pair<GlobalIndex, GlobalIndex>> places;
  places.reserve(array.values.size());
  if (!array.pattern) {
    const auto width = array.shape.size() == 2 ? array.shape[1] : 1;
    for (std::int64_t k = 0; k < std::ssize(array.values); ++k) {
      const auto place = array.elements.first() + k;
      places.emplace_back(place / width, place % width);
    }
    return places;
  }
  const auto& pattern = *array.pattern;
  for (LocalIndex i = 0; i < pattern.majors.count(); ++i) {
    for (auto k = pattern.starts[at(i)]; k < pattern.starts[at(i) + 1]; ++k) {
      const auto major = pattern.majors.first() + i, minor = pattern.index[at(k)];
      places.emplace_back(pattern.by_columns ? std::pair(minor, major) : std::pair(major, minor));
    }
  }
  return places;
}

/// Collective. All elements, rows and columns exchanged with `turned`.
NetworkArray laid_out(const Comm& comm, const NetworkArray& array, bool turned) {
  NetworkArray whole{array.name, array.role, array.shape, array.neuron_axis, {}, {}, {}};
  if (turned) {
    std::ranges::reverse(whole.shape);
    whole.neuron_axis = 1 - array.neuron_axis;
  }
  std::vector<GlobalIndex> place;
  place.reserve(array.values.size());
  for (const auto& [row, column] : places_of(array)) {
    place.push_back(turned ? column * whole.shape[1] + row : row * whole.shape[1] + column);
  }
  whole.elements = Ownership::even(comm, whole.shape[0] * whole.shape[1]);
  whole.values = Directory(comm, whole.elements, place).reduce(array.values, 0.0, std::plus<>());
  return whole;
}

bool is_turned(const NetworkArray& array) {
  const int axis = array.role == ArrayRole::input_weights ? 0 : 1;
  const bool matters = array.role == ArrayRole::input_weights || array.role == ArrayRole::output_weights;
  return matters && array.shape.size() == 2 && array.neuron_axis != axis;
}

/// Biases are summed by the dynamics: two of the same shape are one.
void merge_biases(std::vector<NetworkArray>& arrays) {
  for (auto first = arrays.begin(); first != arrays.end(); ++first) {
    const auto joins = [&](const NetworkArray& other) {
      return first->role == ArrayRole::bias && other.role == ArrayRole::bias && other.shape == first->shape &&
             !first->pattern && !other.pattern;
    };
    for (auto other = first + 1; other != arrays.end();) {
      if (!joins(*other)) {
        ++other;
        continue;
      }
      std::ranges::transform(first->values, other->values, first->values.begin(), std::plus<>());
      other = arrays.erase(other);
    }
  }
}
}  // namespace

NetworkArray filled(const Comm& comm, NetworkArray&& array) { return laid_out(comm, array, false); }

std::vector<std::pair<std::string, NetworkArray>> native_arrays(const Comm& comm,
                                                                const std::vector<NetworkArray>& arrays) {
  auto merged = arrays;
  merge_biases(merged);
  std::vector<std::pair<std::string, NetworkArray>> named;
  std::map<ArrayRole, int> count;
  for (auto& array : merged) {
    const int number = ++count[array.role];
    auto name = number == 1 ? to_string(array.role) : fmt::format("{}_{}", to_string(array.role), number);
    named.emplace_back(std::move(name), is_turned(array) ? laid_out(comm, array, true) : std::move(array));
  }
  return named;
}

}  // namespace synbal::io
