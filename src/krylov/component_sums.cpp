// Partial sums of components that lie on several ranks: all in one reduction, or through the owners of their leaders.
#include "synbal/krylov/component_sums.hpp"

#include <algorithm>

namespace synbal {

namespace {}  // namespace

ComponentSums::ComponentSums(const Comm& comm, std::span<const GlobalIndex> component, const Ownership& rows,
                             GlobalIndex grounded)
    : comm_(&comm), grounded_(grounded) {
  number_labels(component);
  find_shared(rows);
  sizes_.assign(leader_.size(), 0.0);
  for (const auto l : label_) sizes_[at(l)] += 1;
  sum(sizes_, 1);
}

ComponentSums::ComponentSums(const Comm& comm, LocalIndex n)
    : ComponentSums(comm, std::vector<GlobalIndex>(at(n), 0), Ownership::of_counts(comm, comm.is_root() ? 1 : 0), 0) {}

void ComponentSums::number_labels(std::span<const GlobalIndex> component) {
  // Neighbours in the list often share their label.
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (i == 0 || component[i] != component[i - 1]) leader_.push_back(component[i]);
  }
  std::sort(leader_.begin(), leader_.end());
  leader_.erase(std::unique(leader_.begin(), leader_.end()), leader_.end());
  label_.reserve(component.size());
  for (std::size_t i = 0; i < component.size(); ++i) {
    const auto found = [&] { return std::lower_bound(leader_.begin(), leader_.end(), component[i]) - leader_.begin(); };
    label_.push_back(i > 0 && component[i] == component[i - 1] ? label_.back() : static_cast<LocalIndex>(found()));
  }
}

// Every leader that occurs gets a slot at its owner; components seen by several ranks are numbered if they are few.
void ComponentSums::find_shared(const Ownership& rows) {
  const auto& comm = *comm_;
  std::vector<GlobalIndex> foreign, present;
  for (const auto leader : leader_) (rows.owns(leader) ? present : foreign).push_back(leader);
  const Halo by_row(comm, rows, foreign);
  for (const auto row : by_row.send_indices()) present.push_back(rows.first() + row);
  std::sort(present.begin(), present.end());
  const auto last = std::unique(present.begin(), present.end());
  slots_ = static_cast<LocalIndex>(last - present.begin());
  const auto slot_of = [&](GlobalIndex leader) {
    return static_cast<LocalIndex>(std::lower_bound(present.begin(), last, leader) - present.begin());
  };
  const auto slots = Ownership::of_counts(comm, slots_);

  std::vector<std::int32_t> ranks(at(slots_), 0);
  for (const auto leader : leader_) {
    if (rows.owns(leader)) ++ranks[at(slot_of(leader))];
  }
  for (const auto row : by_row.send_indices()) ++ranks[at(slot_of(rows.first() + row))];
  std::int64_t own_shared = 0;
  for (const auto count : ranks) own_shared += count > 1 ? 1 : 0;
  shared_ = comm.sum(own_shared);
  few_shared_ = shared_ <= kFewShared;

  // Per slot its global number and, where shared, its number among those.
  auto next_shared = comm.sum_below(own_shared);
  std::vector<GlobalIndex> shared_number(at(slots_), -1);
  for (LocalIndex s = 0; s < slots_; ++s) {
    if (ranks[at(s)] > 1) shared_number[at(s)] = next_shared++;
  }
  std::vector<GlobalIndex> foreign_slot(foreign.size()), foreign_shared(foreign.size());
  HaloExchange<GlobalIndex> exchange(by_row);
  exchange.forward_begin([&](LocalIndex row) { return slots.first() + slot_of(rows.first() + row); });
  exchange.forward_end([&](LocalIndex g, GlobalIndex value) { foreign_slot[at(g)] = value; });
  exchange.forward_begin([&](LocalIndex row) { return shared_number[at(slot_of(rows.first() + row))]; });
  exchange.forward_end([&](LocalIndex g, GlobalIndex value) { foreign_shared[at(g)] = value; });

  if (few_shared_) shared_label_.assign(at(shared_), -1);
  LocalIndex ghost = 0;
  for (LocalIndex l = 0; l < count(); ++l) {
    const auto leader = leader_[at(l)];
    const bool own = rows.owns(leader);
    slot_of_label_.push_back(own ? slot_of(leader) : slots_ + ghost);
    const auto number = own ? shared_number[at(slot_of(leader))] : foreign_shared[at(ghost)];
    if (few_shared_ && number >= 0) shared_label_[at(number)] = l;
    if (!own) ++ghost;
  }
  halo_ = Halo(comm, slots, std::move(foreign_slot));
  std::int64_t singular = 0;
  for (auto leader = present.begin(); leader != last; ++leader) {
    singular += *leader != grounded_ ? 1 : 0;
  }
  nullity_ = comm.sum(singular);
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

std::vector<double> ComponentSums::combine(std::vector<double> per_label,
                                           const std::function<double(double, double)>& op) const {
  if (comm_->size() == 1) return per_label;
  // A leader may be pinned or have all its places elsewhere, so that its slot belongs to no label of this rank.
  std::vector<double> at_leader(at(slots_), 0.0);
  std::vector<std::uint8_t> filled(at(slots_), 0);
  const auto put = [&](LocalIndex slot, double value) {
    at_leader[at(slot)] = filled[at(slot)] != 0 ? op(at_leader[at(slot)], value) : value;
    filled[at(slot)] = 1;
  };
  std::vector<double> foreign(halo_.ghosts().size());
  for (std::size_t l = 0; l < per_label.size(); ++l) {
    const auto slot = slot_of_label_[l];
    if (slot < slots_) {
      put(slot, per_label[l]);
    } else {
      foreign[at(slot - slots_)] = per_label[l];
    }
  }
  HaloExchange<double> exchange(halo_);
  exchange.reverse_begin([&](LocalIndex g) { return foreign[at(g)]; });
  exchange.reverse_end(put);
  exchange.forward(at_leader, foreign);
  for (std::size_t l = 0; l < per_label.size(); ++l) {
    const auto slot = slot_of_label_[l];
    per_label[l] = slot < slots_ ? at_leader[at(slot)] : foreign[at(slot - slots_)];
  }
  return per_label;
}

void ComponentSums::center(std::span<double> values) const { project(values, 1); }

void ComponentSums::project(std::span<double> block, int columns) const {
  const auto m = at(columns);
  std::vector<double> mean(leader_.size() * m, 0.0);
  for (std::size_t i = 0; i < label_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) mean[at(label_[i]) * m + k] += block[i * m + k];
  }
  sum(mean, columns);
  for (LocalIndex l = 0; l < count(); ++l) {
    for (std::size_t k = 0; k < m; ++k) mean[at(l) * m + k] *= grounded(l) ? 0.0 : 1 / sizes_[at(l)];
  }
  for (std::size_t i = 0; i < label_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) block[i * m + k] -= mean[at(label_[i]) * m + k];
  }
}

}  // namespace synbal
