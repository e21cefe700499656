// Checks of a stored result, recomputed from the network and h alone: nothing of the solver's own state is used, except
// that the proof of the gap needs the balance problem.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synbal/balance/costs.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Costs straight from the weights, over entries i != j that cost something and whose two ends lie in the same
/// component; between two pinned neurons nothing ever changes, so these are left out, nor between neurons that are
/// tied. Self-loops of free neurons (and synapses inside groups) with an exponent other than 1 change: they enter and
/// leave.
struct DirectCosts {
  std::vector<double> in, out;  ///< [n_local] for every owned neuron, pinned ones too
  double total = 0;             ///< over all ranks; infinite when it leaves the range of doubles
  std::int64_t entries = 0;     ///< counted, over all ranks
};

/// Collective. c_ij = alpha_ij gain_j^2 (|J_ij| e^{k_j h_j - h_i})^power. `h`: [n_local]. One pass; costs neither over-
/// nor underflow on the way, only in the end.
DirectCosts direct_costs(const Comm& comm, const Network& network, const Components& components,
                         std::span<const double> h, double power);

/// Collective. r - k o over the free neurons, or groups of tied ones, as CONTRACT.md says. Neurons whose cost is below
/// the range in which doubles keep their precision do not count for max_log_ratio. Not finite when the total is not.
Imbalance direct_imbalance(const Comm& comm, const Network& network, const DirectCosts& costs);

/// What became of one check.
enum class Outcome { passed, failed, skipped };
[[nodiscard]] std::string to_string(Outcome outcome);

/// One check: the same on all ranks. `value` is what was found, `limit` what it may be at most.
struct Check {
  std::string name;
  Outcome outcome = Outcome::skipped;
  std::optional<double> value, limit;
  std::string note;

  [[nodiscard]] bool passed() const noexcept { return outcome == Outcome::passed; }
  [[nodiscard]] bool failed() const noexcept { return outcome == Outcome::failed; }
};

/// What a result file says of itself.
struct Claims {
  std::int64_t n = 0, nnz = 0, input_size = 0;
  std::string input_checksum;
  double power = 2, tolerance = 1e-10;
  bool converged = false;
};

/// Size and checksum of the file, neurons and synapses. Not collective.
Check check_input(const Network& network, const Claims& claims);

/// Collective. h is finite, and exactly 0 for pinned neurons and neurons on no cycle.
Check check_fixed_neurons(const Comm& comm, const Network& network, const Components& components,
                          std::span<const double> h);

/// Collective. The sum of h is 0 in every component without pinned neurons: |sum h| / (n + sum |h|) <= 1e-10.
Check check_gauge(const Comm& comm, const Network& network, const Components& components, std::span<const double> h);

/// Collective. Tied neurons (NodeData::group) have the same h, bit by bit. Skipped without such.
Check check_ties(const Comm& comm, const Network& network, std::span<const double> h);

/// Collective. The labels [n_local] divide the neurons as the components do (numbers may be permuted).
Check check_labels(const Comm& comm, const Network& network, const Components& components,
                   std::span<const std::int64_t> labels);

/// Collective. Stored costs [n_local] equal the recomputed ones to 1e-10, relative to each neuron's own.
Check check_stored_costs(const Comm& comm, const Network& network, const std::string& name,
                         std::span<const double> stored, std::span<const double> recomputed, double total);

/// l1 <= tolerance where the result claims convergence; otherwise only told. Not collective.
Check check_imbalance(const Imbalance& imbalance, const DirectCosts& costs, const Claims& claims);

/// Collective. Clusters of neurons that are joined with others by synapses below a threshold (relative to what the
/// ends carry; 1e-4, 1e-7, ... 1e-160) are balanced over their own cuts: |log(in/out)| <= 1e-6. Found and summed here,
/// from the weights; at most eight passes, one or two where nothing is weakly joined.
Check check_cuts(const Comm& comm, const Network& network, const Components& components, const DirectCosts& costs,
                 std::span<const double> h, const Claims& claims);

/// The cost at h is not above the cost at 0. Not collective.
Check check_cost(const DirectCosts& before, const DirectCosts& after);

/// Collective. Three checks of stored weights, distributed like the network: the same zero pattern, the same signs, and
/// J'_ij = J_ij e^{k_j h_j - h_i} to 1e-12. Entries that underflow may be missing.
std::vector<Check> check_weights(const Comm& comm, const Network& network, const Network& balanced,
                                 std::span<const double> h);

/// Collective. The product of J'/J around cycles is 1 and positive: 64 random walks backward along stored synapses
/// inside components, until a neuron repeats. One reduction a step, at most 200 steps. Skipped with exponents other
/// than 1.
Check check_cycle_products(const Comm& comm, const Network& network, const Network& balanced,
                           const Components& components, std::span<const double> h);

/// Collective. The eigenvalues of J and J' agree within what rounding can do to each (LAPACK's condition numbers), on
/// networks of at most 400 neurons, which rank 0 holds whole. Skipped on larger ones and with exponents other than 1.
Check check_spectrum(const Comm& comm, const Network& network, const Network& balanced);
/// The most neurons for which check_spectrum does anything.
inline constexpr GlobalIndex kLargestSpectrum = 400;

/// Collective. The whole network and the balanced one, both with their arrays (network.arrays), run five steps on the
/// same random inputs from the same random state (the balanced one's times e^{-h_i}), with leaky ReLU neurons: states
/// times e^{h_i} and outputs are equal to 1e-10 of what they are sums of. Skipped with exponents, beyond |h| = 300, and
/// where the balanced network does not have all arrays.
Check check_function(const Comm& comm, const Network& network, const Network& balanced, std::span<const double> h);

/// The proof of how far the cost is from its minimum.
struct GapCheck {
  Check check;                        ///< of gap / cost, where the result claims convergence
  std::optional<double> lower_bound;  ///< of the minimum, in the user's units
  std::optional<double> gap;
  double newton_step_inf = 0;  ///< what is left to go, in h
};

/// Collective. Moves the problem to h ([n_local] of its network) and solves one Newton equation.
GapCheck check_gap(BalanceProblem& problem, std::span<const double> h, const Claims& claims);

}  // namespace synbal
