// What `perturb` is told, and what it says about a synapse that was changed.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "app/laplacian/laplacian_run.hpp"
#include "app/resistance/resistance.hpp"
#include "synbal/io/selection.hpp"
#include "synbal/perturb/perturb.hpp"

namespace synbal::app {

struct PerturbOptions : LaplacianOptions {
  std::vector<std::string> synapse;  ///< I,J each
  std::string synapses;              ///< a file of pairs, or all
  bool together = false;
  double factor = 0;
  std::string truth = "auto";  ///< auto, all, none or a number of synapses: see truths()
  std::string neurons;         ///< file of what every neuron's synapses do
  std::int64_t largest = 10;
  EdgeMethodOptions edges;  ///< of the synapses that are not balanced again
  double tolerance = 1e-10;
  std::uint64_t seed = 1;

  [[nodiscard]] bool every_synapse() const { return synapses == "all"; }
  /// The synapses in the words of select_synapses, and the option that named them.
  [[nodiscard]] std::string words() const;
  [[nodiscard]] const char* synapse_option() const { return synapse.empty() ? "--synapses" : "--synapse"; }
  /// Synapses of `count` that are balanced again.
  [[nodiscard]] std::int64_t truths(std::int64_t count) const;
};

/// Until when --method auto solves every changed synapse alone, and until when it takes a solve for every node.
inline constexpr std::int64_t kMostPairs = 2'000;
inline constexpr GlobalIndex kMostColumns = 5'000;

/// A changed synapse, in the user's unit.
struct ChangedSynapse {
  std::int64_t place = 0, entry = 0;  ///< in the order of the user; in the network's weights
  std::int64_t postsynaptic = 0, presynaptic = 0;
  std::optional<std::int64_t> number;      ///< among those that are to be balanced again, one after the other
  bool takes_part = false, known = false;  ///< known: balanced again
  bool converged = true;
  /// With the cost and the leverage of the synapse alone; a bracket of what was solved alone.
  PairResistance resistance;
  double predicted = 0;  ///< log change after the perturbation, to first order
  double quadratic = 0;  ///< the same by the quadratic model of the changed network's cost
  double measured = kUnknown, response_error = kUnknown, distant = kUnknown, uncertainty = kUnknown;

  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  /// What balancing takes back of the change, over eta: 0 where it takes no part.
  [[nodiscard]] double minus_c_r() const { return takes_part ? -resistance.leverage : 0.0; }
  /// Of the prediction of the synapse itself.
  [[nodiscard]] double relative_error() const;
  [[nodiscard]] double quadratic_error() const;
};

/// How the resistances were found.
struct ResistanceWork {
  EdgeMethod method = EdgeMethod::pairs;
  int solves = 0;          ///< right-hand sides behind those of all edges
  std::int64_t pairs = 0;  ///< synapses that were solved alone, over all ranks
  std::optional<EstimateQuality> quality;
};

/// One run of `perturb`: the synapses of this rank, ascending by place, and the network at its equilibrium.
struct PerturbRun {
  LaplacianRun& run;
  const PerturbOptions& options;
  SynapsePerturbation& study;
  std::vector<ChangedSynapse> synapses;
  std::int64_t count = 0;  ///< over all ranks
  ResistanceWork resistances;

  [[nodiscard]] const Comm& comm() const { return run.comm(); }
};

/// Collective. Fills in costs and resistances: each synapse alone where the method says so or it is to be balanced
/// again, the others from those of all edges. @return whether all are as accurate as asked.
bool solve_resistances(PerturbRun& perturb);

/// A changed synapse as the report lists it.
struct ListedSynapse {
  ChangedSynapse synapse;
  double eta = 0;
  std::string postsynaptic, presynaptic;  ///< as the user calls them
};
/// What all ways of perturbing report, from what is known of the synapses.
struct PerturbationSection {
  double factor = 1, eta = 0, power = 2;
  std::int64_t synapses = 0, taking_part = 0, balanced_again = 0;
  bool together = false;
  double first_step = 0, equilibrium_step = 0;
  ResistanceWork resistances;
  std::vector<ListedSynapse> changed;  ///< the first of them; on rank 0
};
/// Collective.
[[nodiscard]] PerturbationSection perturbation_of(const PerturbRun& perturb);
void describe(ReportWriter& report, const PerturbationSection& section);
/// The lines of the summary that it gives.
void print(const PerturbationSection& section);

/// Collective. All changed at once, or one alone: the answer of every synapse.
ExitCode perturb_together(PerturbRun& perturb);
/// Collective. One after the other: what each does.
ExitCode perturb_each(PerturbRun& perturb);

}  // namespace synbal::app
