// Which preconditioner the solver uses, and when it leaves one for another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "laplacian/library.hpp"
#include "laplacian/pcg.hpp"

namespace synbal::laplacian {

/// Starts with what the user asked for, else with Jacobi (incomplete Cholesky on a graph full of triangles), and goes
/// on from one to the next while the residuals foretell many iterations: Jacobi -> incomplete Cholesky (few ranks) ->
/// multigrid, or a factorisation of tiny graphs -> a factorisation where that is bearable -> Jacobi with patience. What
/// was once chosen serves all later solves.
class PreconditionerChoice {
 public:
  /// Collective. The graph must outlive it.
  PreconditionerChoice(const ConductanceGraph& graph, const LaplacianSolverParams& params);

  /// Null: Jacobi.
  [[nodiscard]] BlockPreconditioner* get() const noexcept { return made_.get(); }
  [[nodiscard]] std::string name() const;
  /// Iterations worth waiting for.
  [[nodiscard]] std::int64_t limit() const noexcept;
  /// A run of CG begins, to end at this relative residual.
  void begin(double target);
  /// True when another one should take over; asked after every iteration, answered alike on all ranks.
  [[nodiscard]] bool advise(const PcgIteration& iteration);
  /// Collective. False when there is nothing else to try.
  bool next();

 private:
  enum class Kind { jacobi, incomplete, multigrid, direct };

  static Kind kind_of(const LaplacianSolverParams& params, GlobalIndex nodes);
  bool make(Kind kind);
  [[nodiscard]] std::vector<Kind> candidates() const;
  void note_step(const PcgIteration& iteration);
  [[nodiscard]] bool spectrum_asks_for_many() const noexcept;
  [[nodiscard]] double patience() const noexcept;
  [[nodiscard]] bool sweeps_help() const noexcept;

  const ConductanceGraph* graph_;
  std::unique_ptr<BlockPreconditioner> made_;
  std::string library_name_;
  Kind kind_ = Kind::jacobi;
  bool settled_ = false;
  double log_target_ = 0;
  std::vector<double> least_;  // log of the least residual so far of the slowest column, per iteration of this run
  bool swings_ = false;
  struct Step {
    double alpha, beta;
  };
  int column_ = 0;           // whose steps these are
  std::vector<Step> steps_;  // of this run
};

}  // namespace synbal::laplacian
