// The order in which preconditioners are tried.
#include "laplacian/choice.hpp"

#include <limits>

#include "synbal/core/log.hpp"

namespace synbal::laplacian {

namespace {
constexpr std::int64_t kJacobiLimit = 120;
constexpr std::int64_t kLibraryLimit = 500;  // iterations after which a strong preconditioner is not one
// Nodes that are factorised rather than coarsened: BoomerAMG fails on small dense graphs, and then for the rest of the
// run.
constexpr GlobalIndex kTinyLimit = 1'000;
constexpr GlobalIndex kDirectLimit = 4'000;  // nodes of which a factorisation is bearable even if it fills up
}  // namespace

PreconditionerChoice::PreconditionerChoice(const ConductanceGraph& graph, std::optional<Preconditioner> asked)
    : graph_(&graph), settled_(user_chose_preconditioner() || asked.has_value()) {
  if (!settled_ || graph.global_size() == 0) return;
  kind_ = user_chose_preconditioner() ? Preconditioner::multigrid : *asked;
  const bool tiny = kind_ == Preconditioner::multigrid && graph.global_size() <= kTinyLimit;
  if (tiny && !user_chose_preconditioner()) kind_ = Preconditioner::direct;
  if (kind_ != Preconditioner::jacobi && !set_up(kind_)) next();
}

bool PreconditionerChoice::set_up(Preconditioner kind) {
  library_ = std::make_unique<LibraryPreconditioner>(*graph_, kind);
  if (!library_->ready()) library_.reset();
  return library_ != nullptr;
}

std::string PreconditionerChoice::name() const {
  if (graph_->global_size() == 0) return "elimination";
  return library_ ? library_->name() : to_string(Preconditioner::jacobi);
}

std::int64_t PreconditionerChoice::limit() const noexcept {
  return settled_ || kind_ == Preconditioner::jacobi ? std::numeric_limits<std::int64_t>::max() : kLibraryLimit;
}

bool PreconditionerChoice::advise(const PcgIteration& iteration) const {
  return !settled_ && kind_ == Preconditioner::jacobi && iteration.iteration + 1 >= kJacobiLimit;
}

bool PreconditionerChoice::next() {
  const auto n = graph_->global_size();
  const auto before = kind_;
  if (settled_ && before == Preconditioner::jacobi) return false;
  bool made = false;
  const bool free = !user_chose_preconditioner();  // PETSc would take the user's choice again
  if (free && before == Preconditioner::jacobi && n > kTinyLimit) made = set_up(kind_ = Preconditioner::multigrid);
  if (free && !made && before != Preconditioner::direct && n <= kDirectLimit)
    made = set_up(kind_ = Preconditioner::direct);
  if (!made) {
    library_.reset();
    kind_ = Preconditioner::jacobi, settled_ = true;
  }
  log_info("laplacian: conjugate gradients go on with another preconditioner: {}", name());
  return true;
}

}  // namespace synbal::laplacian
