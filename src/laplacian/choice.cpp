// The order in which preconditioners are tried, and the forecast that decides.
#include "laplacian/choice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "laplacian/incomplete.hpp"
#include "synbal/core/log.hpp"

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

// Iterations after which the first forecast is made, and again; the first one is believed only where it is clear. Where
// residuals swing, every small eigenvalue apart from the others costs a dozen iterations at once (so two or three
// modules on threads are done after forty), and the pace shows over the swings alone: later then, and until `kProven`
// only if the spectrum agrees.
constexpr std::size_t kProbe = 4, kProbeOfSwings = 40, kProven = 80;
constexpr double kClear = 2;  // times the patience
// On so many nodes successive neighbours are looked at. Where at least this share is joined, the graph is like a
// lattice: Jacobi is slow on it, incomplete Cholesky, which lives on triangles, is not, and no probe need say so.
constexpr GlobalIndex kSampledNodes = 256;
constexpr double kLattice = 0.7;
// Share of the iterations by Chebyshev's bound that few small eigenvalues apart from all others take, as measured on
// modular graphs; the largest eigenvalue that D^-1 L of such graphs has.
constexpr double kOfBound = 0.3, kLargest = 1.5;
constexpr double kSwing = 0.4;  // rise of log |r| above its least value that is a swing
// Iterations ahead that call for another preconditioner. One with incomplete Cholesky costs two with Jacobi, its set-up
// some twenty, and it needs at most half as many; one with multigrid costs ten, its set-up a hundred to several.
constexpr double kJacobiPatience = 90, kPatience = 250;

bool joined(const ConductanceGraph& graph, LocalIndex i, LocalIndex j) {
  const auto* columns = graph.neighbour();
  return std::binary_search(columns + graph.row_begin(i), columns + graph.row_remote(i), j);
}

// Collective. Share of pairs of successive neighbours of a node, both on its rank, that are joined, among sampled
// nodes.
double share_of_triangles(const ConductanceGraph& graph) {
  const auto stride = std::max<GlobalIndex>(graph.global_size() / kSampledNodes, 1);
  const auto first = graph.nodes().first();
  std::int64_t counts[2] = {};  // pairs, joined ones
  for (auto g = (first + stride - 1) / stride * stride; g < first + graph.size(); g += stride) {
    const auto i = static_cast<LocalIndex>(g - first);
    for (auto e = graph.row_begin(i); e + 1 < graph.row_remote(i); ++e) {
      ++counts[0], counts[1] += joined(graph, graph.neighbour()[e], graph.neighbour()[e + 1]) ? 1 : 0;
    }
  }
  graph.comm().sum(std::span<std::int64_t>(counts));
  return counts[0] > 0 ? static_cast<double>(counts[1]) / static_cast<double>(counts[0]) : 0.0;
}

}  // namespace

PreconditionerChoice::PreconditionerChoice(const ConductanceGraph& graph, const LaplacianSolverParams& params)
    : graph_(&graph), settled_(user_chose_preconditioner() || params.incomplete || params.preconditioner.has_value()) {
  if (graph.global_size() == 0) return;
  if (!settled_ && sweeps_help() && share_of_triangles(graph) >= kLattice) make(Kind::incomplete);
  if (!settled_) return;
  kind_ = kind_of(params, graph.global_size());
  if (!make(kind_)) next();
}

PreconditionerChoice::Kind PreconditionerChoice::kind_of(const LaplacianSolverParams& params, GlobalIndex nodes) {
  if (user_chose_preconditioner()) return Kind::multigrid;  // PETSc takes the user's instead
  if (params.incomplete) return Kind::incomplete;
  switch (*params.preconditioner) {
    case Preconditioner::jacobi:
      return Kind::jacobi;
    case Preconditioner::multigrid:
      return nodes <= kTinyLimit ? Kind::direct : Kind::multigrid;
    default:
      return Kind::direct;
  }
}

bool PreconditionerChoice::make(Kind kind) {
  made_.reset();
  kind_ = kind;
  if (kind == Kind::jacobi) return true;
  if (kind == Kind::incomplete) {
    made_ = std::make_unique<IncompleteCholesky>(*graph_);
    return true;
  }
  auto library = std::make_unique<LibraryPreconditioner>(
      *graph_, kind == Kind::direct ? Preconditioner::direct : Preconditioner::multigrid);
  if (!library->ready()) return false;
  library_name_ = library->name();
  made_ = std::move(library);
  return true;
}

std::string PreconditionerChoice::name() const {
  if (graph_->global_size() == 0) return "elimination";
  if (kind_ == Kind::jacobi) return to_string(Preconditioner::jacobi);
  return kind_ == Kind::incomplete ? "incomplete cholesky" : library_name_;
}

std::int64_t PreconditionerChoice::limit() const noexcept {
  const bool library = kind_ == Kind::multigrid || kind_ == Kind::direct;
  return settled_ || !library ? std::numeric_limits<std::int64_t>::max() : kLibraryLimit;
}

void PreconditionerChoice::begin(double target) {
  log_target_ = std::log(target);
  least_.clear(), steps_.clear();
  swings_ = false;
}

bool PreconditionerChoice::advise(const PcgIteration& iteration) {
  if (settled_ || (kind_ != Kind::jacobi && kind_ != Kind::incomplete)) return false;
  const double now = std::log(*std::max_element(iteration.residual.begin(), iteration.residual.end()));
  least_.push_back(least_.empty() ? now : std::min(now, least_.back()));
  swings_ = swings_ || now > least_.back() + kSwing;
  note_step(iteration);
  const auto count = least_.size();
  if (count % (swings_ ? kProbeOfSwings : kProbe) != 0) return false;
  // Pace of the least residual over the later half.
  const auto half = count / 2;
  const double pace = (least_[half - 1] - least_.back()) / static_cast<double>(count - half);
  const double ahead = (least_.back() - log_target_) / pace;
  const double bearable = count == kProbe ? kClear * patience() : patience();
  const bool many = !(pace > 0 && ahead <= bearable) && (!swings_ || count >= kProven || spectrum_asks_for_many());
  log_debug("laplacian: {} iterations with {} done, {:.0f} foreseen{}", count, name(), ahead, many ? ": too many" : "");
  return many;
}

// Of the first column: one is as good as another, and columns leave from the end as well as from the front.
void PreconditionerChoice::note_step(const PcgIteration& iteration) {
  if (iteration.iteration == 0) column_ = iteration.column.front();
  const auto found = std::find(iteration.column.begin(), iteration.column.end(), column_);
  if (found == iteration.column.end()) return;
  const auto k = static_cast<std::size_t>(found - iteration.column.begin());
  steps_.push_back({iteration.alpha[k], iteration.beta[k]});
}

// Whether the Lanczos matrix of the iterations so far has an eigenvalue so small that Chebyshev's bound exceeds the
// patience by 1 / kOfBound: that is, whether it is indefinite with this eigenvalue taken off its diagonal.
bool PreconditionerChoice::spectrum_asks_for_many() const noexcept {
  const double root = kOfBound * 0.5 * (least_.back() - log_target_) / patience();
  const double small = kLargest * root * root;
  double pivot = 1, alpha = 1;
  for (const auto& step : steps_) {
    // 1 / alpha_k + beta_k / alpha_{k-1} on the diagonal, sqrt(beta_k) / alpha_{k-1} beside it
    const double link = step.beta / alpha;
    pivot = 1 / step.alpha + link - small - link / (alpha * pivot);
    if (!(pivot > 0)) return true;
    alpha = step.alpha;
  }
  return false;
}

double PreconditionerChoice::patience() const noexcept {
  return kind_ == Kind::jacobi && sweeps_help() ? kJacobiPatience : kPatience;
}

// Sequential sweeps suit few ranks; a few outlying eigenvalues, which make residuals swing, would stay.
bool PreconditionerChoice::sweeps_help() const noexcept {
  return graph_->comm().size() <= kSweepRanks && graph_->global_size() > kTinyLimit && !swings_;
}

// What is still to be tried after the present one, best first.
std::vector<PreconditionerChoice::Kind> PreconditionerChoice::candidates() const {
  const auto n = graph_->global_size();
  std::vector<Kind> list;
  if (user_chose_preconditioner()) return list;  // PETSc would take the user's choice again
  if (kind_ == Kind::jacobi && sweeps_help()) list.push_back(Kind::incomplete);
  if (kind_ < Kind::multigrid && n > kTinyLimit) list.push_back(Kind::multigrid);
  const bool sparse = graph_->edges() <= kFewEdges * n;
  if (kind_ != Kind::direct && n <= (sparse ? kSparseDirectLimit : kDirectLimit)) list.push_back(Kind::direct);
  return list;
}

bool PreconditionerChoice::next() {
  if (settled_ && kind_ == Kind::jacobi) return false;
  const auto list = candidates();
  if (std::none_of(list.begin(), list.end(), [&](Kind kind) { return make(kind); })) {
    make(Kind::jacobi);
    settled_ = true;
  }
  log_info("laplacian: conjugate gradients go on with another preconditioner: {}", name());
  return true;
}

}  // namespace synbal::laplacian
