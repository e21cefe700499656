// Sums over components, wherever their places live, and the projection that they make.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "synbal/core/block_exchange.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/ownership.hpp"

namespace synbal {

class Directory;

/// What has places with a component each: a balance problem, a graph.
template <class T>
concept HasComponents = requires(const T& t) {
  { t.comm() } -> std::convertible_to<const Comm&>;
  { t.component() } -> std::convertible_to<std::span<const GlobalIndex>>;
  { t.component_rows() } -> std::convertible_to<const Ownership&>;
  { t.grounded_component() } -> std::convertible_to<GlobalIndex>;
};

/// Labels and one allreduce while few components lie on several ranks; a sparse exchange beyond that. A Laplacian is
/// regular on the grounded component (that of pinned neurons) and has the null vector 1 on every other one.
class ComponentSums {
 public:
  /// Collective. `component`: [n] the label of each place, an index that `rows` gives an owner; `grounded` is the label
  /// of the grounded component, -1 without one. The communicator must outlive the sums.
  ComponentSums(const Comm& comm, std::span<const GlobalIndex> component, const Ownership& rows, GlobalIndex grounded);
  /// Collective.
  template <HasComponents Labelled>
  explicit ComponentSums(const Labelled& what)
      : ComponentSums(what.comm(), what.component(), what.component_rows(), what.grounded_component()) {
    if constexpr (requires { what.reproducible(); }) reproducible_ = what.reproducible();
  }
  /// From now on sums of places do not depend on where these lie (see BalanceProblem::make_reproducible()).
  void make_reproducible() noexcept { reproducible_ = true; }
  [[nodiscard]] bool reproducible() const noexcept { return reproducible_; }
  ComponentSums(const ComponentSums&) = delete;
  ComponentSums& operator=(const ComponentSums&) = delete;

  [[nodiscard]] const Comm& comm() const noexcept { return *comm_; }
  /// Of all components, over all ranks.
  [[nodiscard]] GlobalIndex places() const noexcept { return places_; }
  /// [n] Number of each place's component among those present on this rank.
  [[nodiscard]] std::span<const LocalIndex> label() const noexcept { return label_; }
  /// Global label of a place's component, as it was given.
  [[nodiscard]] GlobalIndex leader(LocalIndex place) const noexcept { return leader_[at(label_[at(place)])]; }
  /// Components present on this rank.
  [[nodiscard]] LocalIndex count() const noexcept { return static_cast<LocalIndex>(leader_.size()); }
  /// True where no constant has to be projected out (the gauge is fixed).
  [[nodiscard]] bool grounded(LocalIndex label) const noexcept {
    return leader_[static_cast<std::size_t>(label)] == grounded_;
  }
  /// Components over all ranks that are not grounded.
  [[nodiscard]] std::int64_t nullity() const noexcept { return nullity_; }
  /// [count()] Places of each component, over all ranks.
  [[nodiscard]] std::span<const double> sizes() const noexcept { return sizes_; }

  /// Collective. `partial`: [count() * columns] this rank's part of some sum per component; becomes the sum over all
  /// ranks. `scalars` are summed over the ranks along the way (in the same reduction).
  void sum(std::span<double> partial, int columns, std::span<double> scalars = {}) const;
  /// Collective. [count()] Sum of the values of each component's places.
  [[nodiscard]] std::vector<double> sum(std::span<const double> values) const;
  /// Collective. [count()] The same of value(i) for every place i of this rank.
  template <class Value>
  [[nodiscard]] std::vector<double> sum_of(Value&& value) const {
    if (reproducible_) {
      std::vector<double> values(label_.size());
      for (std::size_t i = 0; i < label_.size(); ++i) values[i] = value(static_cast<LocalIndex>(i));
      return sum_in_any_order(values, 1);
    }
    std::vector<double> partial(leader_.size(), 0.0);
    if (leader_.size() == 1) {
      double sum = 0;
      for (std::size_t i = 0; i < label_.size(); ++i) sum += value(static_cast<LocalIndex>(i));
      partial[0] = sum;
    } else {
      for (std::size_t i = 0; i < label_.size(); ++i) {
        partial[static_cast<std::size_t>(label_[i])] += value(static_cast<LocalIndex>(i));
      }
    }
    sum(partial, 1);
    return partial;
  }
  /// Collective. [count() * columns] Sums of each component's places, of each column (interleaved), the same bits
  /// wherever the places lie.
  [[nodiscard]] std::vector<double> sum_in_any_order(std::span<const double> block, int columns) const;
  /// Collective. Takes the mean of every component that is not grounded out of every column (interleaved): the
  /// orthogonal projection onto the range of the Laplacian.
  void project(std::span<double> block, int columns) const;
  /// Collective. The same for one vector: the gauge sum h = 0.
  void center(std::span<double> values) const;

 private:
  static constexpr std::int64_t kFewShared = 256;

  void number_labels(std::span<const GlobalIndex> component);
  void find_shared(const Ownership& rows);
  void number_slots(const Directory& leaders, const Ownership& slots, std::span<const std::int64_t> ranks,
                    GlobalIndex next_shared);
  void sum_through_owners(std::span<double> partial, int columns) const;
  [[nodiscard]] std::vector<double> sum_in_order(std::span<const double> block, int columns) const;

  const Comm* comm_;
  GlobalIndex grounded_;
  std::vector<GlobalIndex> leader_;  // sorted
  std::vector<LocalIndex> label_;
  std::vector<double> sizes_;
  std::int64_t nullity_ = 0;
  GlobalIndex places_;  // of all components, over all ranks: leaders are places
  bool reproducible_ = false;
  Halo halo_;  // over the slots: ghosts are those of leaders owned elsewhere, in the order of their labels
  mutable BlockExchange exchange_{halo_};
  bool few_shared_ = true;
  std::int64_t shared_ = 0;                // components on several ranks
  std::vector<LocalIndex> shared_label_;   // [shared_] this rank's label of each, or -1
  LocalIndex slots_ = 0;                   // leaders owned here that occur somewhere
  std::vector<LocalIndex> slot_of_label_;  // slots of leaders owned elsewhere count on as ghosts
};

}  // namespace synbal
