// The synapses that a local rule sees, one by one, and how their contributions reach the neurons.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/network/components.hpp"

namespace synbal::rule {

/// Which entries of the network.
enum class Scope {
  driving,  ///< those that gradients depend on: inside components, not between two pinned neurons, no self-loops
  changing  ///< those that a flow moves: with an active neuron at either end, no self-loops
};

/// Entries by the slots of their ends: active neurons of this rank, then active neurons elsewhere (ghosts), then one
/// slot for all neurons whose h stays 0.
struct RuleEdges {
  /// Collective.
  RuleEdges(const BalanceProblem& problem, const Network& network, const Components& components, Scope scope);

  [[nodiscard]] std::size_t size() const noexcept { return row.size(); }
  [[nodiscard]] std::size_t slots() const noexcept { return owned + halo.ghosts().size() + 1; }
  /// Collective. [slots] The owned values followed by those of the ghosts and by `fixed`.
  [[nodiscard]] std::vector<double> spread(std::span<const double> values, double fixed) const;
  /// Collective. Sums what slots of ghosts hold into their owners.
  void gather_sums(std::vector<double>& slots) const;

  std::size_t owned = 0;
  Halo halo;  ///< of the problem's neurons
  std::vector<LocalIndex> row, column;
  std::vector<std::int64_t> entry;    ///< of the network
  std::vector<std::uint8_t> driving;  ///< Scope::changing only: belongs to Scope::driving
  std::vector<double> log_alpha;      ///< of c = alpha |J|^p, i.e. twice the log of the gain; empty: 0

 private:
  void collect(const BalanceProblem& problem, const Network& network, const Components& components, Scope scope);
  void number(const BalanceProblem& problem, const Network& network);
};

/// A rule applied to edges.
class LocalGradient {
 public:
  /// Collective. @throws Error bad_input for exponents other than 1 with a rule that does not say what they mean.
  LocalGradient(const BalanceProblem& problem, LocalRule rule);

  [[nodiscard]] const LocalRule& rule() const noexcept { return rule_; }
  [[nodiscard]] std::span<const double> in() const noexcept { return std::span(in_).first(at(problem_->size())); }
  [[nodiscard]] std::span<const double> out() const noexcept { return std::span(out_).first(at(problem_->size())); }

  /// g of active neuron i for what would come in and go out.
  [[nodiscard]] double of(std::size_t i, double in, double out) const {
    return rule_.gradient ? rule_.gradient(in, out) : in - problem_->exponent(static_cast<LocalIndex>(i)) * out;
  }

  /// Collective. [n] g of this rank's active neurons; log_cost(e) is the logarithm of the cost of edge e. @return false
  /// on all ranks together when some g is not finite.
  template <class LogCost>
  bool operator()(const RuleEdges& edges, LogCost&& log_cost, std::span<double> g) {
    in_.assign(edges.slots(), identity(rule_.combination));
    out_ = in_;
    if (rule_.combination == Combination::sum) {
      add(edges, log_cost, [](double& sum, double value) { sum += value; });
    } else {
      add(edges, log_cost, [](double& largest, double value) { largest = std::max(largest, value); });
    }
    for (std::size_t i = 0; i < g.size(); ++i) g[i] = of(i, in_[i], out_[i]);
    return !problem_->comm().any(!std::all_of(g.begin(), g.end(), [](double v) { return std::isfinite(v); }));
  }

 private:
  template <class LogCost, class Combine>
  void add(const RuleEdges& edges, LogCost&& log_cost, Combine&& combine) {
    for (std::size_t e = 0; e < edges.size(); ++e) {
      if (!edges.driving.empty() && edges.driving[e] == 0) continue;
      const double value = rule_.contribution({log_cost(e)});
      combine(in_[at(edges.row[e])], value);
      combine(out_[at(edges.column[e])], value);
    }
    HaloExchange<double> exchange(edges.halo);
    exchange.reverse_begin([&](LocalIndex ghost) { return out_[edges.owned + at(ghost)]; });
    exchange.reverse_end([&](LocalIndex i, double value) { combine(out_[at(i)], value); });
  }
  const BalanceProblem* problem_;
  LocalRule rule_;
  std::vector<double> in_, out_;  // by slots
};

}  // namespace synbal::rule
