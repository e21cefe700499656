// The operations of Baldi et al. 2024 on single neurons and on subsets (sections 3, 4, 6 and 8.2): scaling, balancing
// and partial balancing, on the weights of a network and on h.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/stochastic/incident_synapses.hpp"
#include "synbal/stochastic/relaxation.hpp"

namespace synbal {

/// lambda* = (k out / in)^{1 / (p (k + 1))}, by which balancing multiplies the incoming weights of a neuron with
/// homogeneity exponent k (Baldi et al. 2024, eq. 5.14; for k != 1 eq. 6.6 with the 1/p that it lacks). h changes by
/// -log lambda*.
[[nodiscard]] inline double balancing_factor(const SeenCosts& seen, double power, double exponent = 1) {
  return std::exp(-balancing_step(seen, exponent) / power);
}

/// By how much balancing a neuron lowers the total cost: (sqrt(in) - sqrt(out))^2 for k = 1 (Baldi et al. 2024, eq. 5.7
/// and 9.3).
[[nodiscard]] double cost_decrease(const SeenCosts& seen, double exponent = 1);

// On the weights ------------------------------------------------------------------------------------------------------

/// A factor for one of this rank's neurons.
struct NeuronFactor {
  LocalIndex neuron = 0;  ///< row of the network
  double lambda = 1;
};

/// Collective. The scaling S_lambda(i) (Baldi et al. 2024, def. 3.1; 6.2): incoming weights times lambda, outgoing ones
/// divided by lambda^k, so that the network computes the same. Factors of one neuron multiply, and the order does not
/// matter (prop. 3.2). Inputs and biases of a network that are kept elsewhere are incoming weights, too: multiply them
/// by lambda as well. @throws Error usage for a factor that is not positive and finite, or of a pinned neuron, whose
/// factor is 1 for ever.
void scale_neurons(const Comm& comm, Network& network, std::span<const NeuronFactor> factors);

/// Collective. In-cost and out-cost of one neuron (global index, equal on all ranks), with the weights as they are: all
/// its synapses but self-loops, gains included. Reads all columns of the network once.
[[nodiscard]] SeenCosts neuron_costs(const Comm& comm, const Network& network, GlobalIndex neuron, double power);

/// Collective. The balancing operation B(i) (def. 4.1), or a part of it (remark 4.6): scales by lambda*^fraction.
/// Returns that factor; it is 1 where nothing comes in or nothing goes out, which leaves nothing to balance (remark
/// 5.5). @throws Error usage for a fraction outside 0..1 and for a pinned neuron.
double balance_neuron(const Comm& comm, Network& network, GlobalIndex neuron, double power, double fraction = 1);

/// Pins all neurons but the movable ones ([n_local] 1: may be balanced), those that were pinned included: a network of
/// which only some neurons may be balanced (remark 5.3) is one whose others are pinned. Not collective.
void pin_all_but(Network& network, std::span<const std::uint8_t> movable);

// On h ----------------------------------------------------------------------------------------------------------------

/// How far a state is from balance. Costs in the problem's unit.
struct Deviation {
  double cost = 0;           ///< C
  double deficit = 0;        ///< sum (in - k out)^2: the balance deficit of Baldi et al. 2024, section 10
  double l1 = 0;             ///< sum |in - k out| / C
  double max_log_ratio = 0;  ///< max |log(in / (k out))|
};

/// h = base + delta, moved one neuron at a time. Every rank visits its own neurons and sees those of other ranks as
/// they were at the last exchange.
class NeuronBalancer {
 public:
  /// Not collective. Starts at the problem's base. Problem and stars must outlive it, and stay untouched meanwhile.
  NeuronBalancer(BalanceProblem& problem, IncidentSynapses& stars);

  [[nodiscard]] const BalanceProblem& problem() const noexcept { return *problem_; }
  [[nodiscard]] const IncidentSynapses& stars() const noexcept { return *stars_; }
  [[nodiscard]] LocalIndex size() const noexcept { return stars_->size(); }
  [[nodiscard]] double exponent(LocalIndex i) const noexcept { return problem_->exponent(i); }
  [[nodiscard]] const Scaling& scaling(LocalIndex i) const noexcept { return scaling_[static_cast<std::size_t>(i)]; }
  /// What neuron i sees now.
  [[nodiscard]] SeenCosts costs(LocalIndex i) const { return seen_costs(*stars_, i, scaling_); }

  /// S_lambda(i): h_i -= log lambda.
  void scale(LocalIndex i, double lambda);
  /// B(i), or the given fraction of it. Returns p times the change of h that balances fully. Moves by at most
  /// kLargestStep / p, so that no product leaves the range of doubles before the next exchange.
  double balance(LocalIndex i, double fraction = 1) { return balance_seen(i, costs(i), fraction); }
  /// The same for costs that are known.
  double balance_seen(LocalIndex i, const SeenCosts& seen, double fraction = 1);

  /// Collective. Tells the other ranks; folds delta into the problem's base where it has grown.
  void exchange();
  /// Collective. A round is what the ranks do between two exchanges, each on its own. Several ranks at once may move
  /// too far together (two that solve exactly for each other swing for ever), so with more than one rank every neuron
  /// goes half its way in h: a synapse joins two ranks at most, hence by convexity the cost afterwards is at most the
  /// mean over what the ranks' moves would have given alone, and never rises.
  void begin_round();
  void end_round();

  /// Collective. At what was last exchanged.
  [[nodiscard]] Deviation deviation() const;
  /// [n] The point itself. Components without pinned neurons: up to a constant.
  [[nodiscard]] std::vector<double> h() const;

  static constexpr double kLargestStep = 100;

 private:
  void spread_to_ghosts();

  BalanceProblem* problem_;
  IncidentSynapses* stars_;
  std::vector<Scaling> scaling_;  // [n + ghosts]
  std::vector<double> before_;    // [n] post at the begin of the round
  HaloExchange<double> exchange_;
};

/// `members` in random order, keyed by (seed, place in the file, round): the same under any partition.
[[nodiscard]] std::vector<LocalIndex> random_order(const IncidentSynapses& stars, std::span<const LocalIndex> members,
                                                   std::uint64_t seed, std::int64_t round);

struct SubsetParams {
  double tolerance = 1e-12;  ///< of |log(in / (k out))| of the members
  double fraction = 1;       ///< of every step; less than 1: partial balancing
  std::uint64_t seed = 1;    ///< of the visiting order
  std::int64_t max_rounds = 100'000;
};

/// What subset balancing did.
struct SubsetResult {
  StopReason reason = StopReason::iteration_limit;
  std::int64_t rounds = 0;
  std::int64_t relaxations = 0;  ///< over all ranks
  double max_log_ratio = 0;      ///< of the members at the end

  [[nodiscard]] bool converged() const noexcept { return reason == StopReason::converged; }
};

/// Collective. Independent subset balancing (Baldi et al. 2024, section 8.2): visits the members (local indices of this
/// rank's active neurons) in a new random order in every round until all of them are balanced; all others stay. From
/// h = 0 it ends where balancing the network ends when the others are pinned (pin_all_but), as long as these pins do
/// not join strongly connected components. A disjoint subset on one rank needs one round. @throws Error usage for a
/// fraction outside (0, 1] or a member that is no active neuron.
SubsetResult balance_subset(NeuronBalancer& neurons, std::span<const LocalIndex> members, const SubsetParams& params);

}  // namespace synbal
