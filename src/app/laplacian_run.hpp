// What every command on a graph of conductances does: check its options, make the graph, report, write, leave.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/graph_source.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/io/table.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::app {

/// Options that these commands share.
struct LaplacianOptions {
  GraphOptions graph;
  std::string output, report;
  std::string preconditioner = "auto";
};

/// Adds the graph's options and those of add_output_options(). @return -o.
Option add_laplacian_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds);
/// Adds -o, --report and --preconditioner. `kinds`: what -o takes, for its help. @return -o.
Option add_output_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds);

/// One run of such a command.
class LaplacianRun {
 public:
  /// Collective. Refuses wrong options before any work, then makes the graph. `inputs`: further files that are read.
  LaplacianRun(const Context& context, const LaplacianOptions& options, OutputKind kind,
               const std::vector<std::string>& inputs);

  [[nodiscard]] const Comm& comm() const noexcept { return context_->world; }
  [[nodiscard]] GraphSource& source() noexcept { return *source_; }
  [[nodiscard]] const ConductanceGraph& graph() const noexcept { return source_->graph(); }
  [[nodiscard]] double unit() const noexcept { return graph().unit(); }
  /// Collective at the first call.
  [[nodiscard]] LaplacianSolver& solver();
  /// How the solver is to be made, for those who make their own.
  [[nodiscard]] LaplacianSolverParams solver_params() const;
  /// The report so far: sections may be added. The same on all ranks.
  [[nodiscard]] Json& report() noexcept { return report_; }
  [[nodiscard]] PhaseTimes& times() noexcept { return times_; }
  /// What a file says about its origin, but for how the run ended.
  [[nodiscard]] Provenance provenance(double tolerance) const;

  /// Collective. Writes (unless there is no output, or nothing left to write), reports, prints, refuses unused PETSc
  /// options, and says how the program ends.
  struct Ending {
    bool converged = true;
    double tolerance = 0;                          ///< for the file's provenance
    std::function<void(const Provenance&)> write;  ///< Collective
    std::function<void(const Json&)> print;        ///< root only
  };
  ExitCode finish(const Ending& ending);

 private:
  const Context* context_;
  const LaplacianOptions* options_;
  Timer total_;
  std::string started_;
  PhaseTimes times_;
  std::optional<GraphSource> source_;
  std::unique_ptr<LaplacianSolver> solver_;
  Json report_;
};

/// The subcommands of `laplacian`.
Command add_laplacian_solve(const OptionSet& laplacian);
Command add_laplacian_modes(const OptionSet& laplacian);
Command add_laplacian_diagonal(const OptionSet& laplacian);
Command add_laplacian_heat(const OptionSet& laplacian);

}  // namespace synbal::app
