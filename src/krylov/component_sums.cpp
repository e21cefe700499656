// Partial sums of components that lie on several ranks: all in one reduction, or through the owners of their leaders.
#include "synbal/krylov/component_sums.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "synbal/core/fixed_point.hpp"
#include "synbal/core/route.hpp"

namespace synbal {

namespace {
constexpr std::int64_t kHalf = std::int64_t{1} << 31;  // of 62 bits
}  // namespace

ComponentSums::ComponentSums(const Comm& comm, std::span<const GlobalIndex> component, const Ownership& rows,
                             GlobalIndex grounded)
    : comm_(&comm), grounded_(grounded), places_(rows.size()) {
  number_labels(component);
  find_shared(rows);
  sizes_.assign(leader_.size(), 0.0);
  for (const auto l : label_) sizes_[at(l)] += 1;
  sum(sizes_, 1);
}

void ComponentSums::number_labels(std::span<const GlobalIndex> component) {
  // Neighbours in the list often share their label.
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (i == 0 || component[i] != component[i - 1]) leader_.push_back(component[i]);
  }
  leader_ = distinct(std::move(leader_));
  label_.reserve(component.size());
  for (std::size_t i = 0; i < component.size(); ++i) {
    const auto found = [&] { return std::lower_bound(leader_.begin(), leader_.end(), component[i]) - leader_.begin(); };
    label_.push_back(i > 0 && component[i] == component[i - 1] ? label_.back() : static_cast<LocalIndex>(found()));
  }
}

// Every leader that occurs gets a slot at its owner; components seen by several ranks are numbered if they are few.
void ComponentSums::find_shared(const Ownership& rows) {
  const auto& comm = *comm_;
  const Directory leaders(comm, rows, leader_);
  const auto ranks = leaders.reduce(std::vector<std::int64_t>(leader_.size(), 1), 0, std::plus<>());
  std::int64_t used = 0, shared = 0, singular = 0;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    if (ranks[r] == 0) continue;
    ++used, shared += ranks[r] > 1 ? 1 : 0;
    singular += rows.first() + static_cast<GlobalIndex>(r) != grounded_ ? 1 : 0;
  }
  slots_ = static_cast<LocalIndex>(used);
  nullity_ = comm.sum(singular);
  shared_ = comm.sum(shared);
  few_shared_ = shared_ <= kFewShared;
  const auto slots = Ownership::of_counts(comm, slots_);
  number_slots(leaders, slots, ranks, comm.sum_below(shared));
}

// `next_shared`: the first number of a component that is shared.
void ComponentSums::number_slots(const Directory& leaders, const Ownership& slots, std::span<const std::int64_t> ranks,
                                 GlobalIndex next_shared) {
  auto next_slot = slots.first();
  std::vector<GlobalIndex> slot(ranks.size(), -1), shared(ranks.size(), -1);
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    if (ranks[r] > 0) slot[r] = next_slot++;
    if (ranks[r] > 1) shared[r] = next_shared++;
  }
  const auto slot_of_leader = leaders.fetch(slot), shared_of_leader = leaders.fetch(shared);
  halo_ = Halo(*comm_, slots, foreign(slots, slot_of_leader));
  if (few_shared_) shared_label_.assign(at(shared_), -1);
  for (LocalIndex l = 0; l < count(); ++l) {
    slot_of_label_.push_back(halo_.local(slot_of_leader[at(l)]));
    const auto number = shared_of_leader[at(l)];
    if (few_shared_ && number >= 0) shared_label_[at(number)] = l;
  }
}

void ComponentSums::sum(std::span<double> partial, int columns, std::span<double> scalars) const {
  const auto& comm = *comm_;
  if (comm.size() == 1) return;
  if (!few_shared_) {
    sum_through_owners(partial, columns);
    if (!scalars.empty()) comm.sum(scalars);
    return;
  }
  const auto m = at(columns);
  std::vector<double> all(at(shared_) * m + scalars.size(), 0.0);
  for (std::size_t s = 0; s < at(shared_); ++s) {
    if (shared_label_[s] >= 0) std::copy_n(&partial[at(shared_label_[s]) * m], m, &all[s * m]);
  }
  std::copy_n(scalars.data(), scalars.size(), all.data() + at(shared_) * m);
  if (!all.empty()) comm.sum(std::span(all));
  for (std::size_t s = 0; s < at(shared_); ++s) {
    if (shared_label_[s] >= 0) std::copy_n(&all[s * m], m, &partial[at(shared_label_[s]) * m]);
  }
  std::copy_n(all.data() + at(shared_) * m, scalars.size(), scalars.data());
}

void ComponentSums::sum_through_owners(std::span<double> partial, int columns) const {
  const auto m = at(columns);
  std::vector<double> values((at(slots_) + halo_.ghosts().size()) * m, 0.0);
  for (std::size_t l = 0; l < slot_of_label_.size(); ++l) {
    std::copy_n(&partial[l * m], m, &values[at(slot_of_label_[l]) * m]);
  }
  const auto owned = std::span(values).first(at(slots_) * m);
  const auto ghosts = std::span(values).subspan(owned.size());
  exchange_.reverse_add(ghosts, owned, columns);
  exchange_.forward_begin(owned, ghosts, columns);
  exchange_.forward_end();
  for (std::size_t l = 0; l < slot_of_label_.size(); ++l) {
    std::copy_n(&values[at(slot_of_label_[l]) * m], m, &partial[l * m]);
  }
}

std::vector<double> ComponentSums::sum(std::span<const double> values) const {
  return sum_of([&](LocalIndex i) { return values[at(i)]; });
}

void ComponentSums::center(std::span<double> values) const { project(values, 1); }

/// Collective.
std::vector<double> ComponentSums::sum_in_order(std::span<const double> block, int columns) const {
  const auto m = at(columns);
  std::vector<double> sums(leader_.size() * m, 0.0);
  for (std::size_t i = 0; i < label_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) sums[at(label_[i]) * m + k] += block[i * m + k];
  }
  sum(sums, columns);
  return sums;
}

std::vector<double> ComponentSums::sum_in_any_order(std::span<const double> block, int columns) const {
  const auto m = at(columns);
  const TwoDigitUnits units(comm_->max(largest_size(block)), places_);
  std::vector<TwoDigits> own(leader_.size() * m);
  for (std::size_t i = 0; i < label_.size() && units.plain();) {  // neighbours are of one component, as a rule
    const auto label = label_[i];
    const auto begin = i;
    while (i < label_.size() && label_[i] == label) ++i;
    for (std::size_t k = 0; k < m; ++k) {
      auto sum = own[at(label) * m + k];
      for (auto e = begin * m + k; e < i * m; e += m) sum.add(block[e] * units.scale);
      own[at(label) * m + k] = sum;
    }
  }
  std::vector<double> partial;  // digits halved, so that doubles hold their sums
  partial.reserve(4 * own.size());
  for (const auto& [high, low] : own) {
    for (const auto half : {high / kHalf, high % kHalf, low / kHalf, low % kHalf}) {
      partial.push_back(static_cast<double>(half));
    }
  }
  sum(partial, static_cast<int>(4 * m));
  std::vector<double> sums;
  sums.reserve(own.size());
  const auto whole = [&](std::size_t k) {
    return static_cast<std::int64_t>(partial[k]) * kHalf + static_cast<std::int64_t>(partial[k + 1]);
  };
  for (std::size_t k = 0; k < own.size(); ++k) sums.push_back(units.to_double({whole(4 * k), whole(4 * k + 2)}));
  return sums;
}

void ComponentSums::project(std::span<double> block, int columns) const {
  const auto m = at(columns);
  auto mean = reproducible_ ? sum_in_any_order(block, columns) : sum_in_order(block, columns);
  for (LocalIndex l = 0; l < count(); ++l) {
    for (std::size_t k = 0; k < m; ++k) mean[at(l) * m + k] *= grounded(l) ? 0.0 : 1 / sizes_[at(l)];
  }
  for (std::size_t i = 0; i < label_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) block[i * m + k] -= mean[at(label_[i]) * m + k];
  }
}

}  // namespace synbal
