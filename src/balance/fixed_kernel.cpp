// Bounds once for every base, then sums of integers.
#include "balance/fixed_kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "balance/tile_pass.hpp"
#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

constexpr int kSumBits = 62;
constexpr int kMostShift = 1000;  // of values, so that factors are doubles

/// What is known of the entries of a row or column.
struct Bound {
  double largest = 0;
  std::int64_t count = 0;

  void meet(double cost) {
    largest = std::max(largest, cost);
    ++count;
  }
  /// 0 where all sums are.
  [[nodiscard]] double unit() const {
    if (!(largest > 0)) return 0;
    const auto width_of_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count)));
    return std::ldexp(1.0, kSumBits - width_of_count - (std::ilogb(largest) + 1));
  }
};

/// The exponent of the least power of 2 above all of these; nothing where one of them is not finite.
std::optional<int> exponent_above(double largest) {
  if (!std::isfinite(largest)) return {};
  return largest > 0 ? std::clamp(std::ilogb(largest) + 1, -kMostShift, kMostShift) : 0;
}

double larger(double largest, double value) {
  return std::isfinite(value) ? std::max(largest, std::abs(value)) : std::numeric_limits<double>::infinity();
}

}  // namespace

FixedKernel::FixedKernel(const BalanceProblem& problem)
    : problem_(&problem),
      rows_(at(problem.size())),
      columns_(at(problem.size()) + problem.halo().ghosts().size()),
      values_(problem.halo()),
      sums_(problem.halo()) {}

void FixedKernel::find_units() {
  const auto n = problem_->size();
  std::vector<Bound> rows(rows_.size()), columns(columns_.size());
  for_each_edge(*problem_, [&](LocalIndex i, LocalIndex j, double c) {
    rows[at(i)].meet(c);
    columns[at(j)].meet(c);
  });
  values_.reverse_begin([&](LocalIndex g) { return columns[at(n + g)].largest; });
  values_.reverse_end([&](LocalIndex i, double c) { columns[at(i)].largest = std::max(columns[at(i)].largest, c); });
  sums_.reverse_begin([&](LocalIndex g) { return columns[at(n + g)].count; });
  sums_.reverse_end([&](LocalIndex i, std::int64_t count) { columns[at(i)].count += count; });
  for (LocalIndex i = 0; i < n; ++i)
    rows_[at(i)].unit = rows[at(i)].unit(), columns_[at(i)].unit = columns[at(i)].unit();
  values_.forward_begin([&](LocalIndex i) { return columns_[at(i)].unit; });
  values_.forward_end([&](LocalIndex g, double unit) { columns_[at(n + g)].unit = unit; });
  version_ = problem_->version();
}

void FixedKernel::pass(const CostTiles& tiles, Slot* columns) {
  for_each_in_slots(tiles, 0, tiles.bands(), rows_.data(), columns, [](Slot& i, Slot& j, double c) {
    i.sum += static_cast<std::int64_t>(c * j.read * i.unit);
    j.sum += static_cast<std::int64_t>(c * i.read * j.unit);
  });
}

void FixedKernel::multiply(std::span<KernelSlot> rows, std::span<KernelSlot> columns) {
  if (version_ != problem_->version()) find_units();
  const auto n = problem_->size();
  std::array<double, 2> largest{};
  for (LocalIndex i = 0; i < n; ++i) {
    largest[0] = larger(largest[0], columns[at(i)].read), largest[1] = larger(largest[1], rows[at(i)].read);
  }
  problem_->comm().max(std::span<double>(largest));
  const auto of_columns = exponent_above(largest[0]), of_rows = exponent_above(largest[1]);
  if (!of_columns || !of_rows) {
    for (auto* slots : {&rows, &columns}) {
      for (auto& slot : *slots) slot.sum = std::numeric_limits<double>::quiet_NaN();
    }
    return;
  }
  const double to_rows = std::ldexp(1.0, -*of_rows), to_columns = std::ldexp(1.0, -*of_columns);
  for (LocalIndex i = 0; i < n; ++i) {
    rows_[at(i)].read = rows[at(i)].read * to_rows, rows_[at(i)].sum = 0;
    columns_[at(i)].read = columns[at(i)].read * to_columns, columns_[at(i)].sum = 0;
  }
  values_.forward_begin([&](LocalIndex i) { return columns_[at(i)].read; });
  pass(problem_->local(), columns_.data());
  values_.forward_end([&](LocalIndex g, double read) { columns_[at(n + g)].read = read, columns_[at(n + g)].sum = 0; });
  pass(problem_->remote(), columns_.data() + n);
  sums_.reverse_begin([&](LocalIndex g) { return columns_[at(n + g)].sum; });
  sums_.reverse_end([&](LocalIndex i, std::int64_t sum) { columns_[at(i)].sum += sum; });
  const auto sum_of = [](const Slot& slot, double scale) {
    return slot.unit > 0 ? static_cast<double>(slot.sum) / slot.unit / scale : 0.0;
  };
  for (LocalIndex i = 0; i < n; ++i) {
    rows[at(i)].sum = sum_of(rows_[at(i)], to_columns);
    columns[at(i)].sum = sum_of(columns_[at(i)], to_rows);
  }
}

}  // namespace synbal
