// What the checks share: the worst neuron over all ranks, and reductions by key.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "synbal/balance/verification.hpp"

namespace synbal::verification {

/// The largest deviation met, and where.
struct Worst {
  double value = 0;
  GlobalIndex neuron = -1;  ///< place in the file, from 0; -1: none

  /// What is not a number is worse than everything.
  void meet(double deviation, GlobalIndex where) {
    if (std::isnan(deviation)) deviation = std::numeric_limits<double>::infinity();
    if (deviation > value) *this = {deviation, where};
  }
};

/// Collective. The worst of all ranks, on every rank.
inline Worst worst_over(const Comm& comm, const Worst& own) {
  const auto values = comm.gather_all(own.value);
  const auto neurons = comm.gather_all(own.neuron);
  Worst worst;
  for (std::size_t r = 0; r < values.size(); ++r) worst.meet(values[r], neurons[r]);
  return worst;
}

inline std::string at_neuron(const Worst& worst) {
  return worst.neuron < 0 ? std::string() : fmt::format("worst at neuron {} (counted from 0)", worst.neuron);
}

/// A check that holds when value <= limit.
inline Check bounded(std::string name, double value, double limit, std::string note = {}) {
  return {std::move(name), value <= limit ? Outcome::passed : Outcome::failed, value, limit, std::move(note)};
}

inline Check skipped(std::string name, std::string why) {
  return {std::move(name), Outcome::skipped, {}, {}, std::move(why)};
}

inline double exponent_of(const Network& network, std::size_t i) {
  return network.nodes.exponent.empty() ? 1.0 : network.nodes.exponent[i];
}

/// Collective. Whether some neuron's exponent is not 1.
inline bool any_exponent(const Comm& comm, const Network& network) {
  const auto& k = network.nodes.exponent;
  return comm.any(std::any_of(k.begin(), k.end(), [](double v) { return v != 1; }));
}

/// Collective. k_j h_j for every local column.
inline std::vector<double> column_logs(const Network& network, std::span<const double> h) {
  std::vector<double> logs(h.size() + network.halo.ghosts().size());
  for (std::size_t j = 0; j < h.size(); ++j) logs[j] = exponent_of(network, j) * h[j];
  HaloExchange<double>(network.halo).forward(std::span(logs).first(h.size()), std::span(logs).subspan(h.size()));
  return logs;
}

/// Combines values that carry the same key, wherever they are, at the key's owner.
class KeyedReduction {
 public:
  /// Collective. `keys`: one per item, in 0..rows.size()-1.
  KeyedReduction(const Comm& comm, const Ownership& rows, std::span<const GlobalIndex> keys) : first_(rows.first()) {
    distinct_.assign(keys.begin(), keys.end());
    std::sort(distinct_.begin(), distinct_.end());
    distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
    std::vector<GlobalIndex> foreign;
    for (const auto key : distinct_) {
      if (!rows.owns(key)) foreign.push_back(key);
    }
    for (const auto key : keys) {
      place_.push_back(std::lower_bound(distinct_.begin(), distinct_.end(), key) - distinct_.begin());
    }
    halo_ = Halo(comm, rows, std::move(foreign));
  }

  /// Collective over the peers. [rows.count()] op over the values of all items of a key; `start` where no item has it.
  template <class T, class Op>
  [[nodiscard]] std::vector<T> combine(std::span<const T> values, T start, Op op) const {
    std::vector<T> partial(distinct_.size(), start);
    for (std::size_t k = 0; k < values.size(); ++k) partial[at(place_[k])] = op(partial[at(place_[k])], values[k]);
    std::vector<T> result(at(halo_.owned_count()), start);
    std::vector<T> foreign;
    for (std::size_t d = 0; d < distinct_.size(); ++d) {
      const auto row = distinct_[d] - first_;
      if (row >= 0 && row < halo_.owned_count()) {
        result[at(row)] = op(result[at(row)], partial[d]);
      } else {
        foreign.push_back(partial[d]);
      }
    }
    HaloExchange<T> exchange(halo_);
    exchange.reverse_begin([&](LocalIndex g) { return foreign[at(g)]; });
    exchange.reverse_end([&](LocalIndex i, T value) { result[at(i)] = op(result[at(i)], value); });
    return result;
  }

 private:
  GlobalIndex first_;
  std::vector<GlobalIndex> distinct_;
  std::vector<std::int64_t> place_;  // [items] among the distinct keys
  Halo halo_;
};

}  // namespace synbal::verification
