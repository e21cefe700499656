// The order in which preconditioners of a graph are tried, and what they cost.
#include "laplacian/choice.hpp"

#include <limits>

#include "laplacian/incomplete.hpp"
#include "laplacian/library.hpp"

namespace synbal::laplacian {

namespace {

constexpr std::int64_t kLibraryLimit = 500;  // iterations after which a strong preconditioner is not one
// Nodes that are factorised rather than coarsened: BoomerAMG fails on small dense graphs, and then for the rest of the
// run.
constexpr GlobalIndex kTinyLimit = 1'000;
// Nodes of which a factorisation is bearable even if it fills up, and where few edges keep it from doing so.
constexpr GlobalIndex kDirectLimit = 4'000, kSparseDirectLimit = 20'000;
constexpr std::int64_t kFewEdges = 5;  // per node
constexpr int kSweepRanks = 4;         // ranks among which sequential sweeps are still worth it

// Iterations before a forecast: what swings, as a few outlying eigenvalues make residuals do, needs many.
constexpr std::int64_t kProbe = 6, kProbeOfSwings = 64;
// Iterations ahead that call for another preconditioner. One with incomplete Cholesky costs two with Jacobi, its set-up
// some twenty, and it needs at most half as many; one with multigrid costs ten, its set-up a hundred to several.
constexpr double kJacobiPatience = 90, kPatience = 250;

}  // namespace

std::optional<Preconditioner> GraphPreconditioners::asked(const LaplacianSolverParams& params) const {
  if (user_chose_preconditioner()) return Preconditioner::multigrid;  // PETSc takes the user's instead
  if (params.incomplete) return Preconditioner::incomplete;
  const bool tiny = graph_->global_size() <= kTinyLimit;
  return tiny && params.preconditioner == Preconditioner::multigrid ? Preconditioner::direct : params.preconditioner;
}

std::unique_ptr<BlockPreconditioner> GraphPreconditioners::make(Preconditioner kind) {
  if (kind == Preconditioner::incomplete) return std::make_unique<IncompleteCholesky>(*graph_);
  return library_preconditioner(*graph_, kind);
}

std::int64_t GraphPreconditioners::limit(Preconditioner kind, bool settled) const {
  const bool library = kind == Preconditioner::multigrid || kind == Preconditioner::direct;
  return settled || !library ? std::numeric_limits<std::int64_t>::max() : kLibraryLimit;
}

std::int64_t GraphPreconditioners::probe(bool swings) const { return swings ? kProbeOfSwings : kProbe; }

double GraphPreconditioners::patience(Preconditioner present, bool swings) const {
  return present == Preconditioner::jacobi && sweeps_help(swings) ? kJacobiPatience : kPatience;
}

// Sequential sweeps suit few ranks; a few outlying eigenvalues, which make residuals swing, would stay.
bool GraphPreconditioners::sweeps_help(bool swings) const noexcept {
  return graph_->comm().size() <= kSweepRanks && graph_->global_size() > kTinyLimit && !swings;
}

std::vector<Preconditioner> GraphPreconditioners::after(Preconditioner present, bool swings) const {
  const auto n = graph_->global_size();
  std::vector<Preconditioner> list;
  if (user_chose_preconditioner()) return list;  // PETSc would take the user's choice again
  if (present == Preconditioner::jacobi && sweeps_help(swings)) list.push_back(Preconditioner::incomplete);
  if (present < Preconditioner::multigrid && n > kTinyLimit) list.push_back(Preconditioner::multigrid);
  const bool sparse = graph_->edges() <= kFewEdges * n;
  const bool bearable = n <= (sparse ? kSparseDirectLimit : kDirectLimit);
  if (present != Preconditioner::direct && bearable) list.push_back(Preconditioner::direct);
  return list;
}

}  // namespace synbal::laplacian
