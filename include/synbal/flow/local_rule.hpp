// A local plasticity rule: what drives a neuron's gradient g_k, seen from its incoming and outgoing synapses only.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace synbal {

/// The present cost c_ij = alpha_ij |J_ij|^p of one synapse, in the user's unit. Its logarithm is what is held, so that
/// no cost over- or underflows before a rule asks for the value.
struct SynapseCost {
  double log = 0;
  [[nodiscard]] double value() const { return std::exp(log); }
};

/// How the contributions of a neuron's synapses become one number.
enum class Combination { sum, maximum };

/// What the contributions of no synapse at all combine to.
[[nodiscard]] constexpr double identity(Combination combination) noexcept {
  return combination == Combination::sum ? 0.0 : -std::numeric_limits<double>::infinity();
}

/// J' = [J, diag(g)], h' = g (Stock et al. 2022, eq. 24-25) for a g_k that depends on neuron k's own synapses alone:
/// every synapse contributes a number, the numbers of the incoming and of the outgoing ones are combined, and the
/// gradient is a function of these two. Self-loops and synapses between components (see Components) are not among them.
/// One's own rule needs two fields:
///
///     LocalRule roots;
///     roots.name = "roots";
///     roots.contribution = [](SynapseCost c) { return std::sqrt(c.value()); };
///
/// and, where it is not the difference of two sums, `combination` and `gradient`. All functions must be pure. Weights,
/// spectrum and cycle products behave as in every Lax flow; whether g comes to rest is the rule's own affair. Where g
/// increases with every incoming and decreases with every outgoing cost the flow is monotone and draws no two
/// trajectories apart (in max |h - h'|), so that it stays bounded whenever a rest exists.
struct LocalRule {
  std::string name;
  /// Of one synapse; increases with the cost.
  std::function<double(SynapseCost)> contribution;
  Combination combination = Combination::sum;
  /// g from what comes in and what goes out; empty: in - k out with the homogeneity exponent k, which for sums makes
  /// the rule a gradient flow. A rule with its own gradient or with maxima is refused on networks with other exponents
  /// than 1.
  std::function<double(double in, double out)> gradient;
  /// d contribution / d log c, for sums with the difference as gradient: makes the linearisation known, so that the
  /// integrator gets exact symmetric products instead of difference quotients. May stay empty.
  std::function<double(SynapseCost)> slope;

  /// in - k out of sums: the sum of h then stays in every component without pinned neurons.
  [[nodiscard]] bool is_gradient_flow() const { return combination == Combination::sum && !gradient; }
  /// That with a known slope.
  [[nodiscard]] bool is_symmetric() const { return is_gradient_flow() && slope; }
};

/// Sums of costs: Stock et al. 2022, eq. 17.
[[nodiscard]] LocalRule cost_balancing();
/// Largest incoming against largest outgoing cost. It rests where the two are equal for every neuron; the max-balanced
/// matrix of Schneider & Schneider 1991 has that property for every set of neurons, too, which no local rule can see:
/// it is the limit of cost balancing for large p. For p and costs whose largest entries link all neurons both agree.
[[nodiscard]] LocalRule max_balancing();
/// Products of incoming against products of outgoing costs (Rothblum & Zenios 1992), as sums of logarithms: a linear
/// flow.
[[nodiscard]] LocalRule product_balancing();

/// Names of the built-in rules: cost, max, product.
[[nodiscard]] std::vector<std::string> local_rule_names();
/// @throws Error usage for a name that is none of them.
[[nodiscard]] LocalRule local_rule(const std::string& name);

}  // namespace synbal
