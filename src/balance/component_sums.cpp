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
  for (const auto leader : component) {
    label_.push_back(
        static_cast<LocalIndex>(std::lower_bound(leader_.begin(), leader_.end(), leader) - leader_.begin()));
  }
  size_ = sum(std::vector<double>(component.size(), 1.0));
}

bool ComponentSums::owns(LocalIndex label) const noexcept { return rows_->owns(leader_[at(label)]); }

std::vector<double> ComponentSums::combine(std::vector<double> per_label,
                                           const std::function<double(double, double)>& op) const {
  // A leader that is pinned has no active neuron here, so its slot may belong to no label of this rank.
  const auto owned = rows_->count();
  std::vector<double> at_leader(at(owned), 0.0);
  std::vector<bool> filled(at(owned), false);
  const auto put = [&](LocalIndex row, double value) {
    at_leader[at(row)] = filled[at(row)] ? op(at_leader[at(row)], value) : value;
    filled[at(row)] = true;
  };
  std::vector<double> foreign;
  for (LocalIndex l = 0; l < count(); ++l) {
    if (owns(l)) {
      put(static_cast<LocalIndex>(leader_[at(l)] - rows_->first()), per_label[at(l)]);
    } else {
      foreign.push_back(per_label[at(l)]);
    }
  }
  HaloExchange<double> exchange(halo_);
  exchange.reverse_begin([&](LocalIndex g) { return foreign[at(g)]; });
  exchange.reverse_end(put);
  exchange.forward(at_leader, foreign);
  auto next = foreign.begin();
  for (LocalIndex l = 0; l < count(); ++l) {
    per_label[at(l)] = owns(l) ? at_leader[at(leader_[at(l)] - rows_->first())] : *next++;
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
