// Runs of many answers that survive: what has been answered is their state.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/checkpointing.hpp"
#include "synbal/core/answer_keeper.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/solve_watch.hpp"

namespace synbal::app {

/// Lists of answers, in one file.
class KeptAnswers {
 public:
  /// Collective. As StateFile.
  KeptAnswers(const Context& context, const CheckpointOptions& options, const std::string& output,
              const Beginning& beginning);
  ~KeptAnswers();
  KeptAnswers(const KeptAnswers&) = delete;
  KeptAnswers& operator=(const KeptAnswers&) = delete;

  /// Collective. Once, before the first answer: reads what there is to go on from. The network must outlive it.
  /// @throws Error bad_input when that is of a run with other facts, and --force was not given.
  void attach(const Network& network, RunFacts facts, Provenance about);
  /// Collective. For a solve that was left because of a signal: keeps what there is. @throws Error stopped, always.
  [[noreturn]] void stop();
  /// The list of that name.
  [[nodiscard]] AnswerKeeper& list(const std::string& name);
  /// Answers that the run before this one had.
  [[nodiscard]] std::int64_t found() const noexcept { return found_; }
  [[nodiscard]] StateFile& file() noexcept { return file_; }
  [[nodiscard]] const StateFile& file() const noexcept { return file_; }

 private:
  class List;

  /// Ends solves once a signal asks for it: one may last longer than who sent it waits.
  class SignalWatch final : public SolveWatch {
   public:
    explicit SignalWatch(const InterruptGuard& signals) : signals_(&signals) {}
    [[nodiscard]] bool wants_end() override { return signals_->requested(); }

   private:
    const InterruptGuard* signals_;
  };

  void pause();

  const Context* context_;
  std::optional<SignalWatch> watch_;  // from attach() on
  StateFile file_;
  const Network* network_ = nullptr;
  std::map<std::string, std::unique_ptr<List>> lists_;
  std::int64_t found_ = 0;
  bool too_many_ = false;
};

}  // namespace synbal::app
