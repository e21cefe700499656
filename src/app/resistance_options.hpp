// What `resistance` is told, and the four things that it can be asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/edge_method.hpp"
#include "app/laplacian_run.hpp"

namespace synbal::app {

struct ResistanceOptions : LaplacianOptions {
  std::vector<std::string> pair;  ///< I,J each
  std::string pairs;              ///< a file of pairs
  bool synapses = false, all = false;
  std::optional<std::int64_t> from;  ///< the id of a neuron
  EdgeMethodOptions edges;
  double tolerance = 0;  ///< 0: that of the method
  std::int64_t max_iterations = 20'000;
  std::optional<int> deflate;  ///< see ResistanceParams
  std::uint64_t seed = 1;

  [[nodiscard]] bool wants_pairs() const { return !pair.empty() || !pairs.empty(); }
  /// The pairs in the words of select_pairs.
  [[nodiscard]] std::string pair_words() const;
};

/// All Collective: compute, write, report.
ExitCode resistance_of_pairs(LaplacianRun& run, const ResistanceOptions& options);
ExitCode resistance_of_synapses(LaplacianRun& run, const ResistanceOptions& options);
ExitCode resistance_from_neuron(LaplacianRun& run, const ResistanceOptions& options);
ExitCode resistance_of_all(LaplacianRun& run, const ResistanceOptions& options);

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
