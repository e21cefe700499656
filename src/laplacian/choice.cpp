// The order in which preconditioners of a graph are tried, and what they cost.
#include "laplacian/choice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "laplacian/graph_preconditioner.hpp"
#include "laplacian/incomplete.hpp"
#include "laplacian/tuning.hpp"
#include "synbal/core/log.hpp"
#include "synbal/krylov/elimination_preconditioner.hpp"

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
  const bool own = kind == Preconditioner::direct && !user_chose_preconditioner();
  if (own && std::isfinite(elimination())) {
    if (!whole_) whole_ = whole_graph(*graph_);
    auto mesh = std::make_shared<const StarMesh>(whole_->eliminated());
    whole_.reset();
    return std::make_unique<EliminationPreconditioner>(graph_->comm(), graph_->nodes(), std::move(mesh));
  }
  return graph_preconditioner(*graph_, kind);
}

std::int64_t GraphPreconditioners::limit(Preconditioner kind, bool last) const {
  const bool strong = kind == Preconditioner::multigrid || kind == Preconditioner::direct;
  return last || !strong ? std::numeric_limits<std::int64_t>::max() : kStrongLimit;
}

bool GraphPreconditioners::full_of_triangles() const {
  return sweeps_help(false) && share_of_triangles(*graph_) >= kLattice;
}

double GraphPreconditioners::elimination() const {
  if (operations_) return *operations_;
  whole_ = whole_graph(*graph_);
  operations_ = whole_ ? whole_->order.operations : std::numeric_limits<double>::infinity();
  if (whole_) log_debug("laplacian: elimination makes {:.3g} entries", whole_->order.entries);
  return *operations_;
}

bool GraphPreconditioners::light_elimination() const {
  return promises_little_fill() && elimination() <= kCheapElimination * static_cast<double>(graph_->edges());
}

// Whether an order is worth its time before other things were tried: it is quick on small graphs, and graphs with hubs
// often fall apart without these.
bool GraphPreconditioners::promises_little_fill() const {
  const auto& graph = *graph_;
  if (graph.edges() <= kQuickOrder) return true;
  std::int64_t longest = 0;
  for (LocalIndex i = 0; i < graph.size(); ++i) longest = std::max(longest, graph.row_end(i) - graph.row_begin(i));
  const double mean = 2 * static_cast<double>(graph.edges()) / static_cast<double>(graph.global_size());
  return static_cast<double>(graph.comm().max(longest)) >= kHub * mean;
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
  const bool asked = present != Preconditioner::jacobi || promises_little_fill();
  const bool light = asked && present != Preconditioner::direct && n > kTinyLimit && std::isfinite(elimination());
  const bool cheap = light && light_elimination();
  if (cheap) list.push_back(Preconditioner::direct);
  if (present == Preconditioner::jacobi && sweeps_help(swings)) list.push_back(Preconditioner::incomplete);
  if (light && !cheap) list.push_back(Preconditioner::direct);
  if (present < Preconditioner::multigrid && n > kTinyLimit) list.push_back(Preconditioner::multigrid);
  const bool sparse = graph_->edges() <= 5 * n;
  const bool bearable = light || n <= (sparse ? kSparseDirectLimit : kDirectLimit);
  if (present != Preconditioner::direct && bearable && !light) list.push_back(Preconditioner::direct);
  return list;
}

}  // namespace synbal::detail
