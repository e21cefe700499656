// The order in which preconditioners of a graph are tried, and what they cost.
#include "laplacian/choice.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include "laplacian/graph_preconditioner.hpp"
#include "laplacian/incomplete.hpp"
#include "laplacian/tuning.hpp"

namespace synbal::detail {

namespace {

using namespace tuning;

bool joined(const ConductanceGraph& graph, LocalIndex i, LocalIndex j) {
  const auto* columns = graph.neighbour();
  return std::binary_search(columns + graph.row_begin(i), columns + graph.row_remote(i), j);
}

// Collective. Share of pairs of successive neighbours of a node, both on its rank, that are joined, among sampled
// nodes.
double share_of_triangles(const ConductanceGraph& graph) {
  const auto stride = std::max<GlobalIndex>(graph.global_size() / 256, 1);
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

std::optional<Preconditioner> GraphPreconditioners::asked(const LaplacianSolverParams& params) const {
  if (user_chose_preconditioner()) return Preconditioner::multigrid;  // PETSc takes the user's instead
  const bool tiny = graph_->global_size() <= kTinyLimit;
  return tiny && params.preconditioner == Preconditioner::multigrid ? Preconditioner::direct : params.preconditioner;
}

std::unique_ptr<BlockPreconditioner> GraphPreconditioners::make(Preconditioner kind) {
  if (kind == Preconditioner::incomplete) return std::make_unique<IncompleteCholesky>(*graph_);
  return graph_preconditioner(*graph_, kind);
}

std::int64_t GraphPreconditioners::limit(Preconditioner kind, bool last) const {
  const bool strong = kind == Preconditioner::multigrid || kind == Preconditioner::direct;
  return last || !strong ? std::numeric_limits<std::int64_t>::max() : kStrongLimit;
}

bool GraphPreconditioners::full_of_triangles() const {
  return sweeps_help(false) && share_of_triangles(*graph_) >= kLattice;
}

ForecastParams GraphPreconditioners::forecasts() const { return kForecasts; }

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
  const bool sparse = graph_->edges() <= 5 * n;
  const bool bearable = n <= (sparse ? kSparseDirectLimit : kDirectLimit);
  if (present != Preconditioner::direct && bearable) list.push_back(Preconditioner::direct);
  return list;
}

}  // namespace synbal::detail
