// Partial sums of components that lie on several ranks: all in one reduction, or through the owners of their leaders.
#include "synbal/laplacian/components.hpp"

#include <algorithm>

namespace synbal {

namespace {
std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
}  // namespace

GraphComponents::GraphComponents(const ConductanceGraph& graph) : graph_(&graph) {
  number_labels();
  find_shared();
  sizes_.assign(leader_.size(), 0.0);
  for (const auto l : label_) sizes_[at(l)] += 1;
  sum(sizes_, 1);
}

void GraphComponents::number_labels() {
  const auto component = graph_->component();
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
void GraphComponents::find_shared() {
  const auto& comm = graph_->comm();
  const auto& rows = graph_->component_rows();
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
    singular += *leader != graph_->grounded_component() ? 1 : 0;
  }
  nullity_ = comm.sum(singular);
}

void GraphComponents::sum(std::span<double> partial, int columns, std::span<double> scalars) const {
  const auto& comm = graph_->comm();
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
  std::copy(scalars.begin(), scalars.end(), all.begin() + static_cast<std::ptrdiff_t>(at(shared_) * m));
  if (!all.empty()) comm.sum(std::span(all));
  for (std::size_t s = 0; s < at(shared_); ++s) {
    if (shared_label_[s] >= 0) std::copy_n(&all[s * m], m, &partial[at(shared_label_[s]) * m]);
  }
  std::copy(all.begin() + static_cast<std::ptrdiff_t>(at(shared_) * m), all.end(), scalars.begin());
}

void GraphComponents::sum_through_owners(std::span<double> partial, int columns) const {
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

void GraphComponents::project(std::span<double> block, int columns) const {
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
