// Runs that survive: when the state of a run is kept, where, and how another run goes on from it.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "app/command.hpp"
#include "app/loading.hpp"
#include "app/report.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/io/checkpoint.hpp"

namespace synbal::app {

/// --checkpoint, --checkpoint-interval, --resume, --resume-if-exists.
struct CheckpointOptions {
  std::string path;                   ///< empty: beside the output
  double interval = 900;              ///< seconds; 0: never
  std::optional<std::string> resume;  ///< a file; empty: the checkpoint's own name
  bool resume_if_exists = false;

  /// Where this run keeps its state, given its output.
  [[nodiscard]] std::string path_for(const std::string& output) const;
};

void add_checkpoint_options(const OptionSet& command, CheckpointOptions& options);

/// What resumed runs report.
struct ResumedSection {
  std::string checkpoint;
  int times = 0;
  std::string since;
  double seconds_before = 0;
};
void describe(ReportWriter& report, const ResumedSection& resumed);
/// The line of a summary.
void print(const ResumedSection& resumed);

/// What was kept in this run.
struct KeptSection {
  std::string path;
  std::int64_t written = 0;
  double seconds = 0;
};
void describe(ReportWriter& report, const KeptSection& kept);

/// A hash of what the options say of single neurons and synapses (pinned, gain, exponent, ties,
/// alphas), the same under any partition. `outside`: how many neurons with_outside() added. Collective.
[[nodiscard]] std::string neuron_facts(const Comm& comm, const Network& network, GlobalIndex outside = 0);

/// The same of the h that a problem's costs are taken at. Collective.
[[nodiscard]] std::string state_facts(const BalanceProblem& problem, const Network& network);
/// One of a list of things that are asked for: its place in the list, and two numbers.
using ItemFacts = std::array<std::int64_t, 3>;
/// The same of such a list, wherever its items are. Collective.
[[nodiscard]] std::string hash_of(const Comm& comm, std::span<const ItemFacts> items);

/// The file that holds the state of a run, of whatever kind; one for a run, made before the network is read.
class StateFile {
 public:
  /// Collective. Finds what to go on from, before any work. All must outlive it. @throws Error io_failure when there is
  /// nothing where there should be.
  StateFile(const Context& context, const CheckpointOptions& options, const std::string& output,
            const Beginning& beginning);

  /// What there is to go on from.
  struct Found {
    Checkpoint checkpoint;
    bool is_other = false;  ///< of another run or version, which --force allows
  };
  /// Collective. Before the run: reads what there is to go on from; nothing where there is none. `facts` have to be the
  /// same, unless --force was given and `begins` says what is taken of another run. The network must outlive it.
  /// `outside`: how many of its neurons with_outside() added. @throws Error bad_input that says which are not.
  [[nodiscard]] std::optional<Found> open(const Network& network, RunFacts facts, Provenance about, const char* begins,
                                          GlobalIndex outside = 0);

  /// What this rank was asked for. Not collective.
  [[nodiscard]] Wish wish() const;
  /// Collective. Writes h, numbers and neurons of `state`, unless no checkpoints are wanted; a failure is no end unless
  /// that was `agreed` upon. Does not come back where that is Wish::stop: @throws Error stopped.
  void write(Checkpoint&& state, Wish agreed);
  /// Whether a checkpoint of this run stands on the disk.
  [[nodiscard]] bool kept() const noexcept { return kept_.written > 0 || resumed_.has_value(); }
  /// Collective. After success nothing is left to go on with.
  void remove() const;

  [[nodiscard]] const std::optional<ResumedSection>& resumed() const noexcept { return resumed_; }
  [[nodiscard]] const KeptSection& written() const noexcept { return kept_; }
  /// How to go on from the checkpoint.
  [[nodiscard]] std::string advice() const;
  /// An end by a signal as scripts know it: with a checkpoint the code is 75.
  [[nodiscard]] Error as_stopped(const Error& error) const;

 private:
  void complete(Checkpoint& state) const;
  [[nodiscard]] std::optional<Error> attempt(const Checkpoint& state);
  [[nodiscard]] Checkpoint read() const;
  [[noreturn]] void stop(const std::optional<Error>& lost) const;

  const Context* context_;
  const CheckpointOptions* options_;
  const Beginning* beginning_;
  std::string path_;  // where checkpoints of this run go
  std::string from_;  // what to go on from; empty: nothing
  const Network* network_ = nullptr;
  GlobalIndex outside_ = 0;
  RunFacts facts_;
  Provenance about_;
  Timer since_last_;
  int heard_saves_ = 0;
  std::optional<ResumedSection> resumed_;
  KeptSection kept_;
};

/// Keeps the state of a solver of a balance problem.
class Checkpointing final : public RunKeeper {
 public:
  /// Collective. As StateFile.
  Checkpointing(const Context& context, const CheckpointOptions& options, const std::string& output,
                const Beginning& beginning)
      : file_(context, options, output, beginning) {}

  /// Collective. Before the solver: reads what there is to go on from. `facts` have to be the same, unless --force was
  /// given. Both must outlive it. @throws Error bad_input that says which are not.
  /// `outside`: how many neurons with_outside() added.
  void attach(const Network& network, const BalanceProblem& problem, RunFacts facts, Provenance about,
              GlobalIndex outside = 0);

  [[nodiscard]] Wish wish() override { return file_.wish(); }
  [[nodiscard]] bool kept() const noexcept { return file_.kept(); }
  /// Collective.
  void remove() const { file_.remove(); }
  [[nodiscard]] const std::optional<ResumedSection>& resumed() const noexcept { return file_.resumed(); }
  [[nodiscard]] const KeptSection& written() const noexcept { return file_.written(); }
  [[nodiscard]] std::string advice() const { return file_.advice(); }
  [[nodiscard]] Error as_stopped(const Error& error) const { return file_.as_stopped(error); }

 private:
  void write(const RunState& state, std::span<const double> h, Wish agreed) override;

  StateFile file_;
  const BalanceProblem* problem_ = nullptr;
};

}  // namespace synbal::app
