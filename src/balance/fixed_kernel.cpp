// The kernel's pass in sums of integers.
#include "balance/fixed_kernel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "balance/tile_pass.hpp"

namespace synbal {

namespace {

constexpr int kMostShift = 1000;  // of values, so that factors are doubles

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

void FixedKernel::pass(const CostTiles& tiles, Slot* columns) {
  for_each_in_slots(tiles, 0, tiles.bands(), rows_.data(), columns, [](Slot& i, Slot& j, double c) {
    i.sum += static_cast<std::int64_t>(c * j.read);
    j.sum += static_cast<std::int64_t>(c * i.read);
  });
}

void FixedKernel::add_up() {
  const auto n = problem_->size();
  Slot* const ghosts = columns_.data() + n;
  values_.forward_begin([&](LocalIndex i) { return columns_[at(i)].read; });
  pass(problem_->local(), columns_.data());
  values_.forward_end([&](LocalIndex g, double read) { ghosts[g] = {read, 0}; });
  pass(problem_->remote(), ghosts);
  sums_.reverse_begin([&](LocalIndex g) { return ghosts[g].sum; });
  sums_.reverse_end([&](LocalIndex i, std::int64_t sum) { columns_[at(i)].sum += sum; });
}

void FixedKernel::multiply(std::span<KernelSlot> rows, std::span<KernelSlot> columns) {
  const auto n = at(problem_->size());
  std::array<double, 2> largest{};
  for (std::size_t i = 0; i < n; ++i) {
    largest[0] = larger(largest[0], columns[i].read), largest[1] = larger(largest[1], rows[i].read);
  }
  problem_->comm().max(std::span<double>(largest));
  const auto of_columns = exponent_above(largest[0]), of_rows = exponent_above(largest[1]);
  if (!of_columns || !of_rows) {
    for (auto* slots : {&rows, &columns}) {
      for (auto& slot : *slots) slot.sum = std::numeric_limits<double>::quiet_NaN();
    }
    return;
  }
  const auto& units = problem_->units();
  const double to_rows = std::ldexp(1.0, -*of_rows), to_columns = std::ldexp(1.0, -*of_columns);
  for (std::size_t i = 0; i < n; ++i) {
    rows_[i] = {rows[i].read * to_rows * units.row[i], 0};
    columns_[i] = {columns[i].read * to_columns * units.column[i], 0};
  }
  add_up();
  for (std::size_t i = 0; i < n; ++i) {
    rows[i].sum = static_cast<double>(rows_[i].sum) * units.row[i] / to_columns;
    columns[i].sum = static_cast<double>(columns_[i].sum) * units.column[i] / to_rows;
  }
}

}  // namespace synbal
