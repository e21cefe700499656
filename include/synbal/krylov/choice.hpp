// Which preconditioner is used, and when it is left for another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "synbal/krylov/pcg.hpp"

namespace synbal {

/// When forecasts are made, and how far they are believed.
struct ForecastParams {
  std::int64_t every = 40;       ///< iterations until the first one, and between them: the pace shows by then
  std::int64_t period = 40;      ///< the same where residuals swing, whose pace shows over the swings alone
  std::int64_t lower_bound = 0;  ///< until then a forecast from swings needs the spectrum to agree
  double margin = 1;             ///< the first one is believed only if it exceeds the patience so many times
};

/// What a choice chooses from, and how dear each is. Everything is the same on all ranks.
class PreconditionerFactory {
 public:
  PreconditionerFactory() = default;
  PreconditionerFactory(const PreconditionerFactory&) = delete;
  PreconditionerFactory& operator=(const PreconditionerFactory&) = delete;
  virtual ~PreconditionerFactory() = default;

  /// For the log.
  [[nodiscard]] virtual const char* user() const = 0;
  /// Kinds to be tried after the present one, best first; `swings`: residuals rose and fell with it, as a few outlying
  /// eigenvalues make them do.
  [[nodiscard]] virtual std::vector<Preconditioner> after(Preconditioner present, bool swings) const = 0;
  [[nodiscard]] virtual ForecastParams forecasts() const { return {}; }
  /// Iterations ahead that call for another one.
  [[nodiscard]] virtual double patience(Preconditioner present, bool swings) const = 0;
  /// Iterations after which one of this kind has failed; `last`: nothing would replace it.
  [[nodiscard]] virtual std::int64_t limit(Preconditioner kind, bool last) const = 0;
  /// Collective. Sets one up (not Jacobi); null on all ranks when a library refuses.
  virtual std::unique_ptr<BlockPreconditioner> make(Preconditioner kind) = 0;
};

/// Starts with what was asked for, else with Jacobi, and goes on from one to the next while the residuals foretell many
/// iterations; where nothing is left, Jacobi with patience. What was once chosen serves all later solves.
class PreconditionerChoice {
 public:
  /// `asked`: what the user wants, whatever the residuals say. `obeyed`: that, or none: next() finds nothing else. The
  /// factory must outlive the choice.
  explicit PreconditionerChoice(PreconditionerFactory& factory, std::optional<Preconditioner> asked = {},
                                bool obeyed = false)
      : factory_(&factory),
        kind_(asked.value_or(Preconditioner::jacobi)),
        resolved_(asked.has_value()),
        obeyed_(obeyed) {}

  /// What it has come to, for another run to go on with.
  struct Standing {
    Preconditioner kind = Preconditioner::jacobi;
    bool resolved = false;
    bool reached = false;  ///< the last run of CG reached its target
  };
  [[nodiscard]] Standing standing() const { return {kind_, resolved_, reached()}; }
  /// Not collective: renew() sets it up.
  void set_standing(const Standing& standing);

  /// Collective. Sets the present kind up, also anew when the operator has changed. @return false on all ranks when
  /// that is not possible: next() finds another.
  bool renew() { return make(kind_); }

  /// Null: Jacobi.
  [[nodiscard]] BlockPreconditioner* get() const noexcept { return made_.get(); }
  [[nodiscard]] Preconditioner kind() const noexcept { return kind_; }
  [[nodiscard]] std::string name() const;
  /// True when nothing will replace it.
  [[nodiscard]] bool resolved() const noexcept { return resolved_; }
  /// Iterations worth waiting for.
  [[nodiscard]] std::int64_t limit() const { return factory_->limit(kind_, resolved_); }
  /// A run of CG begins, to end at this relative residual. @return its adviser, which the choice must outlive.
  PcgAdviser begin(double target);
  /// True when another one should take over; asked after every iteration, answered alike on all ranks.
  [[nodiscard]] bool advise(const PcgIteration& iteration);
  /// Collective. False when there is nothing else to try.
  bool next();
  /// Collective. Uses this kind from now on, if it can be set up; else what next() gives.
  void try_kind(Preconditioner kind) {
    if (!make(kind)) next();
  }

 private:
  /// Coefficients of one iteration.
  struct Step {
    double alpha, beta;
  };
  bool make(Preconditioner kind);
  [[nodiscard]] bool reached() const { return !least_.empty() && least_.back() <= log_target_; }
  void note_step(const PcgIteration& iteration);
  [[nodiscard]] bool spectrum_asks_for_many(double patience) const noexcept;

  PreconditionerFactory* factory_;
  std::unique_ptr<BlockPreconditioner> made_;
  Preconditioner kind_ = Preconditioner::jacobi;
  bool resolved_ = false, obeyed_ = false;
  double log_target_ = 0;
  std::vector<double> least_;  // log of the least residual so far of the slowest column, per iteration of this run
  bool swings_ = false;
  bool served_ = false;      // a run with the present one reached its target: early forecasts are not believed any more
  int column_ = 0;           // whose steps these are
  std::vector<Step> steps_;  // of this run
};

}  // namespace synbal
