// What every command on a graph of conductances does: check its options, make the graph, report, write, leave.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/laplacian/graph_source.hpp"
#include "app/laplacian/kept_answers.hpp"
#include "synbal/io/table.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::app {

/// Options that these commands share.
struct LaplacianOptions {
  GraphOptions graph;
  std::string output, report;
  std::string name = "laplacian";  ///< by which signs of life call the work
  LaplacianSolverParams solver;
  bool keeps = false;  ///< the command keeps its answers as they come: --checkpoint and the like
  CheckpointOptions checkpoint;

  /// Without an output nothing is kept unless a file is named.
  [[nodiscard]] bool keeps_somewhere() const { return keeps && !(output.empty() && checkpoint.path.empty()); }
};

/// Adds the graph's options and those of add_output_options(). @return -o.
Option add_laplacian_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds);
/// Adds --checkpoint and the like.
void add_answer_keeping(const OptionSet& command, LaplacianOptions& options);
/// Adds -o, --report and --preconditioner. `kinds`: what -o takes, for its help. @return -o.
Option add_output_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds);

struct LaplacianReport;

/// One run of such a command.
class LaplacianRun {
 public:
  /// Collective. Refuses wrong options before any work, then makes the graph. `inputs`: further files that are read.
  LaplacianRun(const Context& context, const LaplacianOptions& options, OutputKind kind,
               const std::vector<std::string>& inputs = {});

  [[nodiscard]] const Comm& comm() const noexcept { return context_->world; }
  [[nodiscard]] GraphSource& source() noexcept { return *source_; }
  [[nodiscard]] const GraphSource& source() const noexcept { return *source_; }
  [[nodiscard]] const ConductanceGraph& graph() const noexcept { return source_->graph(); }
  [[nodiscard]] double unit() const noexcept { return graph().unit(); }
  /// Collective at the first call.
  [[nodiscard]] LaplacianSolver& solver();
  [[nodiscard]] PhaseTimes& times() noexcept { return times_; }
  /// Collective. Before the first answer: what has to be the same in a run that is gone on with, beside the network and
  /// the graph. Reads what there is to go on from.
  void keep_answers(RunFacts facts);
  /// A list of the answers that are kept; null where none are.
  [[nodiscard]] AnswerKeeper* answers(const char* name);
  /// Collective. The answer of a command; where a signal ended it, what was answered before is kept, and the run ends
  /// as scripts know it.
  template <std::invocable Answer>
  ExitCode answered(Answer&& answer) {
    try {
      return answer();
    } catch (const LeftEarly&) {  // of all ranks together, as are errors
      kept_->stop();
    } catch (const Error& e) {
      throw kept_ ? kept_->file().as_stopped(e) : e;
    }
  }
  /// What a file says about its origin, but for how the run ended.
  [[nodiscard]] Provenance provenance(double tolerance) const;

  /// How a run ended.
  struct Ending {
    bool converged = true;
    double tolerance = 0;          ///< for the file's provenance
    const Table* table = nullptr;  ///< to write where there is an output; null: nothing is left to write
    std::string remedy = {};       ///< what to try where it did not converge, if there is more to say than usual
  };
  /// Collective. Writes, reports `section` under `key`, prints, refuses unused PETSc options, and says how the program
  /// ends.
  template <Described Section>
  ExitCode finish(const Ending& ending, const char* key, const Section& section) {
    return finish(
        ending, [&](ReportWriter& report) { report(key, section); }, [&] { print(section); });
  }

 private:
  friend void describe(ReportWriter& report, const LaplacianReport& run);
  friend void print(const LaplacianReport& run);

  ExitCode finish(const Ending& ending, const std::function<void(ReportWriter&)>& describe_section,
                  const std::function<void()>& print_section);
  void write(const Ending& ending, ExitCode code);
  [[nodiscard]] std::string remedy(const Ending& ending) const;

  const Context* context_;
  const LaplacianOptions* options_;
  Beginning beginning_;
  PhaseTimes times_;
  CheckpointOptions checkpoint_;
  std::optional<KeptAnswers> kept_;
  std::optional<GraphSource> source_;
  std::unique_ptr<LaplacianSolver> solver_;
  std::optional<Progress> progress_;  // from the graph to the end of the work
  InputSection input_;
  GraphSection graph_;
};

/// The subcommands of `laplacian`.
Command add_laplacian_solve(const OptionSet& laplacian);
Command add_laplacian_modes(const OptionSet& laplacian);
Command add_laplacian_diagonal(const OptionSet& laplacian);
Command add_laplacian_heat(const OptionSet& laplacian);

}  // namespace synbal::app
