// The kernel's pass in sums of integers.
#include "synbal/balance/fixed_kernel.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "balance/layout/tile_pass.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {

namespace {

constexpr int kMostShift = 1000;  // of values, so that factors are doubles

/// The exponent of the least power of 2 above what is finite.
int exponent_above(double largest) {
  return largest > 0 ? std::clamp(std::ilogb(largest) + 1, -kMostShift, kMostShift) : 0;
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

std::optional<FixedKernel::Factors> FixedKernel::multiply(const std::array<LargestSize, 2>& own) {
  const EventScope event(Event::pass, 4.0 * static_cast<double>(problem_->local().size() + problem_->remote().size()));
  const auto n = at(problem_->size());
  std::array<double, 2> largest{own[0].value(), own[1].value()};
  problem_->comm().max(std::span<double>(largest));
  if (!std::isfinite(largest[0]) || !std::isfinite(largest[1])) return {};
  const int read_by_rows = exponent_above(largest[0]), read_by_columns = exponent_above(largest[1]);
  const double to_rows = std::ldexp(1.0, -read_by_rows), to_columns = std::ldexp(1.0, -read_by_columns);
  const auto& units = problem_->units();
  for (std::size_t i = 0; i < n; ++i) {
    rows_[i].read *= to_columns * units.row[i];
    columns_[i].read *= to_rows * units.column[i];
  }
  add_up();
  return Factors{std::ldexp(1.0, read_by_rows), std::ldexp(1.0, read_by_columns)};
}

}  // namespace synbal
