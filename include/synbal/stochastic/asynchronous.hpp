// Stochastic asynchronous balancing (Baldi et al. 2024) across ranks: every rank visits its neurons in random order,
// with whatever it knows of the others, and nobody waits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "synbal/balance/balance.hpp"
#include "synbal/core/enum_names.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/range.hpp"
#include "synbal/stochastic/incident_synapses.hpp"

namespace synbal {

/// How published values travel.
enum class TransportKind {
  one_sided,  ///< MPI_Put into slots that each peer keeps for this rank; a newer publication overwrites
  two_sided   ///< messages; of those that came between two looks the latest wins
};
template <>
inline constexpr auto enum_names<TransportKind> = std::to_array<EnumName<TransportKind>>(
    {{TransportKind::one_sided, "one-sided"}, {TransportKind::two_sided, "two-sided"}});

/// How a rank goes through its neurons.
enum class VisitOrder {
  permutation,  ///< every neuron once a sweep, in an order drawn anew for every sweep
  independent   ///< every visit drawn independently: n visits are a sweep
};
template <>
inline constexpr auto enum_names<VisitOrder> = std::to_array<EnumName<VisitOrder>>(
    {{VisitOrder::permutation, "permutation"}, {VisitOrder::independent, "independent"}});

/// What goes wrong on purpose, for tests and measurements.
struct FaultParams {
  Rank slow_rank = -1;       ///< none
  double slow_factor = 1;    ///< its work takes so many times as long
  bool slow_busy = true;     ///< it wastes processor time; else it sleeps
  int delayed_by = 0;        ///< publications arrive so many publications late
  double delay_seconds = 0;  ///< and so much later
  int stale_sweeps = 0;      ///< what others published is looked at every so many sweeps only; 0: always

  static constexpr Range kSlowRank{-1, 2147483647}, kSlowFactor{1, 1e6}, kDelay{0, 1 << 20}, kDelaySeconds{0, 3600};
};

struct AsynchronousParams {
  StopCriteria stop;  ///< max_iterations counts local sweeps (default 1,000,000); the step is not judged by the solver
  TransportKind transport = TransportKind::one_sided;
  VisitOrder order = VisitOrder::permutation;
  std::uint64_t seed = 1;
  /// In (0, 1]: share of the way to its optimum (in h) that a visited neuron goes. Where values arrive many sweeps
  /// late, full steps let every rank settle against the old ones before the next come; two ranks with equal delays may
  /// then swap their errors for very long, as in lock step. Steps of about 1 / (sweeps of delay) cure that.
  double step = 1;
  double sweeps_per_publication = 1;  ///< local sweeps between publications; 0.25: four in a sweep
  /// A publication to a peer is left out while no value in it differs from what was last sent by more than this share
  /// of the present imbalance; 0: never left out.
  double publication_threshold = 0;
  double margin = 1;  ///< the imbalance that neurons meet has to fall below margin * tolerance before it is verified
  FaultParams faults;
  std::function<bool()> interrupted;  ///< this rank was asked to stop; all ranks hear of it with the next reduction

  static constexpr Range kStep{1e-6, 1}, kSweepsPerPublication{1e-6, 1e6}, kPublicationThreshold{0, 1},
      kMargin{1e-300, 1e300};
};

/// Not collective. @throws Error usage for impossible parameters, naming them (see parameter()) and the remedy.
void check(const AsynchronousParams& params);

/// How old values were when they were read: publications made by then minus the one that was read.
struct Staleness {
  /// Reads by age: [0] of the newest there was, [b] at an age of 2^(b-1) to 2^b - 1 publications.
  std::vector<double> reads;
  std::int64_t oldest = 0;
  double mean = 0;
};

/// What asynchrony did, over all ranks and all calls of the solver.
struct AsynchronyReport {
  Traffic traffic;                                         ///< of publications
  std::int64_t skipped = 0;                                ///< publications coalesced with the next one
  std::int64_t left_out = 0;                               ///< publications below the threshold
  std::int64_t relaxations = 0;                            ///< visits of neurons
  std::int64_t least_per_neuron = 0, most_per_neuron = 0;  ///< relaxations of one neuron
  std::int64_t least_sweeps = 0, most_sweeps = 0;          ///< local sweeps of a rank
  std::int64_t reductions = 0;                             ///< of the local imbalances
  std::int64_t false_alarms = 0;                           ///< stops that the exact evaluation did not confirm
  std::int64_t rebases = 0;                                ///< stops because factors had grown large
  std::int64_t resumptions = 0;  ///< calls of the solver after the first, turns between moves of clusters included
  double detection_seconds = 0;  ///< from the start of the first passing reduction to the
                                 ///< last stop, slowest rank
  std::int64_t detection_relaxations = 0;  ///< visits in that time
  double seconds = 0;                      ///< in the solver, slowest rank
  double quiesce_seconds = 0;              ///< waiting until nothing was in flight, slowest rank
  double verification_seconds = 0;         ///< exact evaluations, slowest rank
  Staleness staleness;
};

/// The method `stochastic`. A rank that has finished a sweep (and published since) joins the next reduction of the
/// imbalances met, which nobody waits for. When one is below the tolerance, and another one made with values that were
/// all published after it, all ranks stop, empty the transport and evaluate the state exactly, and go on with a sharper
/// target when it was a false alarm.
class AsynchronousSolver {
 public:
  /// Collective. All must outlive the solver; `stars` are those of `problem`. @throws Error usage for impossible
  /// parameters.
  AsynchronousSolver(BalanceProblem& problem, FusedKernel& kernel, IncidentSynapses& stars, AsynchronousParams params);
  ~AsynchronousSolver();
  AsynchronousSolver(const AsynchronousSolver&) = delete;
  AsynchronousSolver& operator=(const AsynchronousSolver&) = delete;

  /// Collective. Improves h ([n], absolute) until `stop` says so; one may come back with sharper criteria. The report
  /// is called on every rank after every reduction: its iteration is the mean number of visits per neuron.
  SolverResult operator()(std::vector<double>& h, const StopCriteria& stop, const ProgressCallback& report = {});
  /// Collective. The same with the criteria of the parameters.
  SolverResult operator()(std::vector<double>& h, const ProgressCallback& report = {});

  /// Collective. What asynchrony did so far.
  [[nodiscard]] AsynchronyReport asynchrony() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// An equilibrium and how it was come by.
struct AsynchronousEquilibrium {
  Equilibrium equilibrium;
  AsynchronyReport asynchrony;
};

/// Collective. The method `stochastic` of balance: from h = 0, the same Equilibrium as balance() gives. `network` is
/// the one the problem was made of.
AsynchronousEquilibrium balance_asynchronously(BalanceProblem& problem, const Network& network,
                                               const AsynchronousParams& params, const ProgressCallback& report = {});

}  // namespace synbal
