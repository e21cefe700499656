// Resistances of edges, as several commands want them (how they are found, how good they are, and whose they are), and
// what `resistance` is told and can be asked for.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "app/laplacian/laplacian_run.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::app {

/// Nodes for which one solve each takes no longer than a user waits without having asked for it.
inline constexpr GlobalIndex kFewNodes = 2'000;

/// Whoever gives one of these wants an estimate.
struct EstimateOptions {
  std::optional<int> solves;
  std::optional<std::int64_t> checked;

  [[nodiscard]] bool given() const { return solves || checked; }
  /// Completes the parameters of an estimate.
  template <class Params>
  void apply_to(Params& params) const {
    params.solves = solves.value_or(params.solves), params.checked = checked.value_or(params.checked);
  }
};

/// Adds --solves and --checked, whose defaults are those of `standard`. `what`: what is solved exactly. @return both.
template <class Params>
std::array<Option, 2> add_estimate_options(const OptionSet& command, EstimateOptions& options, const Params& standard,
                                           const std::string& what) {
  const auto solves = command.add("--solves", options.solves, "random solves of an estimate; asks for one")
                          .within_integers(2, 1'000'000)
                          .shown_as("INT")
                          .with_default(std::to_string(standard.solves));
  const auto checked =
      command
          .add("--checked", options.checked, what + " solved exactly to measure the error of an estimate; asks for one")
          .not_negative()
          .shown_as("INT")
          .with_default(std::to_string(standard.checked));
  return {solves, checked};
}

struct EdgeMethodOptions {
  std::optional<EdgeMethod> method;  ///< none: the command is to choose
  EstimateOptions estimate;

  /// What the user wants; nothing: the command is to choose.
  [[nodiscard]] std::optional<EdgeMethod> asked() const;
  /// That, or an exact one on graphs of up to kFewNodes nodes and an estimate beyond.
  [[nodiscard]] EdgeMethod for_nodes(GlobalIndex nodes) const;
  /// Of edge_resistances() by this method.
  [[nodiscard]] EdgeResistanceParams params(EdgeMethod by) const;
};

/// Adds --method, --solves and --checked. `about`: what --method says in the help.
void add_edge_method_options(const OptionSet& command, EdgeMethodOptions& options, const std::string& about);

/// Not collective. @throws Error usage for --solves and --checked without an estimate.
void check_edge_method(const EdgeMethodOptions& options);

/// A method in words.
std::string method_text(EdgeMethod method, std::int64_t solves, bool by_elimination);

void describe(ReportWriter& report, const EstimateQuality& quality);
void print_quality(const EstimateQuality& quality);

/// Conductance and resistance of an edge, in the graph's unit.
struct Edge {
  double conductance = 0, resistance = std::numeric_limits<double>::infinity();
};

/// Finds the edge of every synapse of this rank, whichever of its ends is ground.
class EdgeOfSynapse {
 public:
  /// Collective. Both must outlive it.
  EdgeOfSynapse(const GraphSource& source, const EdgeResistances& found);

  /// Of an owned row of the network and one of its columns: no conductance and an infinite resistance where there is no
  /// edge, none of both between two pinned neurons.
  [[nodiscard]] Edge operator()(LocalIndex row, LocalIndex column) const;

 private:
  [[nodiscard]] Edge between(LocalIndex i, GlobalIndex j) const;

  const GraphSource* source_;
  const EdgeResistances* found_;
  std::vector<double> ground_, to_ground_;  // [network rows, then ghosts]
};

/// The lists of answers that are kept.
inline constexpr const char* kPairAnswers = "pairs";
inline constexpr const char* kColumnAnswers = "columns";

/// Collective. solve(first, count) for the items first .. first+count-1 of this rank, `own` of them, in blocks between
/// which there are signs of life; all ranks take as many blocks, empty ones at the end.
template <class Solve>
void for_each_block(const Comm& comm, std::int64_t own, const char* unit, Solve&& solve) {
  constexpr std::int64_t block = 64;  // items of a rank between two signs of life
  const auto most = comm.max(own), all = comm.sum(own);
  CountProgress progress("resistance", all, unit);
  for (std::int64_t first = 0; first < most; first += block) {
    solve(std::min(first, own), std::clamp<std::int64_t>(own - first, 0, block));
    progress.update(std::min(all, (first + block) * comm.size()));
  }
}

// ---- the command `resistance`

struct ResistanceOptions : LaplacianOptions {
  OptionSet given;
  std::vector<std::string> pair;  ///< I,J each
  std::string pairs;              ///< a file of pairs
  bool synapses = false, all = false;
  std::optional<std::string> from;  ///< the id or name of a neuron
  EdgeMethodOptions edges;
  double tolerance = 0;  ///< 0: that of the method
  std::int64_t max_iterations = 20'000;
  std::optional<int> deflate;  ///< see ResistanceParams
  std::uint64_t seed = 1;

  [[nodiscard]] bool wants_pairs() const { return !pair.empty() || !pairs.empty(); }
  /// The pairs in the words of select_pairs, and the option that named them.
  [[nodiscard]] std::string pair_words() const;
  [[nodiscard]] const char* pair_option() const { return pairs.empty() ? "--pair" : "--pairs"; }
};

/// What has to be the same when a run is gone on with, but for the pairs.
[[nodiscard]] RunFacts facts_of(const ResistanceOptions& options);

/// All Collective: compute, write, report.
ExitCode resistance_of_pairs(LaplacianRun& run, const ResistanceOptions& options);
ExitCode resistance_of_synapses(LaplacianRun& run, const ResistanceOptions& options);
ExitCode resistance_from_neuron(LaplacianRun& run, const ResistanceOptions& options);
ExitCode resistance_of_all(LaplacianRun& run, const ResistanceOptions& options);

/// Where answers of edge_resistances() are kept; null for those that are not.
[[nodiscard]] AnswerKeeper* answers_for(LaplacianRun& run, EdgeMethod method);

/// Answers for pairs of neurons of this rank, in the user's unit.
struct PairAnswers {
  std::vector<PairResistance> pairs;
  bool converged = true;
  std::int64_t count = 0, unreachable = 0, iterations = 0;  ///< over all ranks; most iterations of any pair
  int deflated = 0;                                         ///< vectors from which solves started
};

/// Collective. Pairs of nodes, kGround and kNoNode (which is joined to nothing; `same[k]`: both ends are one neuron).
PairAnswers solve_pairs(LaplacianRun& run, const ResistanceOptions& options, const std::vector<NodePair>& pairs,
                        const std::vector<bool>& same);

}  // namespace synbal::app
