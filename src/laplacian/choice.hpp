// Which preconditioner the solver uses, and when it leaves one for another.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "laplacian/library.hpp"
#include "laplacian/pcg.hpp"

namespace synbal::laplacian {

/// Starts with what the user asked for, else with Jacobi; then Jacobi -> a factorisation of tiny graphs or multigrid
/// -> a factorisation where the size allows -> Jacobi with patience. What was once chosen serves all later solves.
class PreconditionerChoice {
 public:
  /// Collective. The graph must outlive it.
  PreconditionerChoice(const ConductanceGraph& graph, std::optional<Preconditioner> asked);

  /// Null: Jacobi.
  [[nodiscard]] BlockPreconditioner* get() const noexcept { return library_.get(); }
  [[nodiscard]] std::string name() const;
  /// Iterations worth waiting for.
  [[nodiscard]] std::int64_t limit() const noexcept;
  /// True when another one should take over; asked after every iteration, answered alike on all ranks.
  [[nodiscard]] bool advise(const PcgIteration& iteration) const;
  /// Collective. False when there is nothing else to try.
  bool next();

 private:
  bool set_up(Preconditioner kind);

  const ConductanceGraph* graph_;
  std::unique_ptr<LibraryPreconditioner> library_;
  Preconditioner kind_ = Preconditioner::jacobi;
  bool settled_ = false;
};

}  // namespace synbal::laplacian
