// Partial sums go to the rank that owns the component's leader and come back combined.
#include "synbal/balance/component_sums.hpp"

#include <algorithm>

namespace synbal {

namespace {
std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
}  // namespace

ComponentSums::ComponentSums(const BalanceProblem& problem) : problem_(&problem), rows_(&problem.network_rows()) {
  const auto& rows = *rows_;
  const auto component = problem.component();
  leader_.assign(component.begin(), component.end());
  std::sort(leader_.begin(), leader_.end());
  leader_.erase(std::unique(leader_.begin(), leader_.end()), leader_.end());
  std::vector<GlobalIndex> foreign;
  for (const auto leader : leader_) {
    if (!rows.owns(leader)) foreign.push_back(leader);
  }
  halo_ = Halo(problem.comm(), rows, std::move(foreign));
  exchange_ = HaloExchange<double>(halo_);
  number_slots();
  for (const auto leader : component) {
    label_.push_back(
        static_cast<LocalIndex>(std::lower_bound(leader_.begin(), leader_.end(), leader) - leader_.begin()));
  }
  size_ = sum(std::vector<double>(component.size(), 1.0));
}

void ComponentSums::number_slots() {
  const auto row_of = [&](GlobalIndex leader) { return static_cast<LocalIndex>(leader - rows_->first()); };
  std::vector<LocalIndex> rows(halo_.send_indices().begin(), halo_.send_indices().end());
  for (const auto leader : leader_) {
    if (rows_->owns(leader)) rows.push_back(row_of(leader));
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  slots_ = static_cast<LocalIndex>(rows.size());
  const auto slot_of = [&](LocalIndex row) {
    return static_cast<LocalIndex>(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
  };
  for (const auto leader : leader_) slot_of_label_.push_back(rows_->owns(leader) ? slot_of(row_of(leader)) : -1);
  for (const auto row : halo_.send_indices()) slot_of_send_.push_back(slot_of(row));
}

std::vector<double> ComponentSums::combine(std::vector<double> per_label,
                                           const std::function<double(double, double)>& op) const {
  if (problem_->comm().size() == 1) return per_label;
  // A leader may be pinned or have all its neurons elsewhere, so that its slot belongs to no label of this rank.
  std::vector<double> at_leader(at(slots_), 0.0);
  std::vector<std::uint8_t> filled(at(slots_), 0);
  const auto put = [&](LocalIndex slot, double value) {
    at_leader[at(slot)] = filled[at(slot)] != 0 ? op(at_leader[at(slot)], value) : value;
    filled[at(slot)] = 1;
  };
  std::vector<double> foreign;
  for (std::size_t l = 0; l < per_label.size(); ++l) {
    if (slot_of_label_[l] < 0) {
      foreign.push_back(per_label[l]);
    } else {
      put(slot_of_label_[l], per_label[l]);
    }
  }
  exchange_.reverse_begin([&](LocalIndex g) { return foreign[at(g)]; });
  auto slot = slot_of_send_.begin();
  exchange_.reverse_end([&](LocalIndex, double value) { put(*slot++, value); });
  slot = slot_of_send_.begin();
  exchange_.forward_begin([&](LocalIndex) { return at_leader[at(*slot++)]; });
  exchange_.forward_end([&](LocalIndex g, double value) { foreign[at(g)] = value; });
  auto next = foreign.begin();
  for (std::size_t l = 0; l < per_label.size(); ++l) {
    per_label[l] = slot_of_label_[l] < 0 ? *next++ : at_leader[at(slot_of_label_[l])];
  }
  return per_label;
}

std::vector<double> ComponentSums::sum(std::span<const double> values) const {
  return sum_of([&](LocalIndex i) { return values[at(i)]; });
}

void ComponentSums::center(std::span<double> values) const {
  const auto sums = sum(values);
  for (std::size_t i = 0; i < label_.size(); ++i) {
    const auto l = label_[i];
    if (!pinned(l)) values[i] -= sums[at(l)] / size_[at(l)];
  }
}

}  // namespace synbal
