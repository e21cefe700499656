// Block after block of columns; with a keeper, an item is a column and a node, and its values are the entry and whether
// the column had converged.
#include "resistance/columns/edges_in_columns.hpp"

#include <algorithm>
#include <array>

#include "resistance/edge_visits.hpp"
#include "resistance/resistance_rows.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal::detail {

namespace {

/// An entry of L^+ on its way to all ranks.
struct Entry {
  GlobalIndex column, row;
  double value;
};

/// Collective. Entries of all ranks, on all of them.
std::vector<Entry> everywhere(const Comm& comm, const std::vector<Entry>& own) {
  std::vector<Entry> copies;
  for (Rank rank = 0; rank < comm.size(); ++rank) copies.insert(copies.end(), own.begin(), own.end());
  const std::vector<std::int64_t> counts(at(comm.size()), std::ssize(own));
  return comm.exchange<Entry>(copies, counts).values;
}

}  // namespace

EdgesInColumns::EdgesInColumns(const ConductanceGraph& graph, AnswerKeeper* keeper)
    : graph_(&graph), keeper_(keeper), diagonal_(at(graph.size()), 0.0) {
  for_each_kept_edge(graph, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    places_.push_back({graph.global(j), i, places_.size()});
  });
  std::ranges::sort(places_, {}, &Place::column);
  between_.resize(places_.size());
}

bool EdgesInColumns::fill(LaplacianSolver& solver, double tolerance) {
  std::optional<HearsSignals> hears;
  if (keeper_ != nullptr) hears.emplace();  // at its pauses
  bool converged = true;
  for (GlobalIndex first = 0; first < graph_->global_size(); first += LaplacianOperator::kMaxColumns) {
    const auto left = graph_->global_size() - first;
    const auto columns = static_cast<int>(std::min<GlobalIndex>(LaplacianOperator::kMaxColumns, left));
    if (const auto known = recalled(first, columns)) {
      converged = *known && converged;
      continue;
    }
    const auto found = pseudoinverse_columns(*graph_, solver, first, columns, tolerance);
    converged = found.converged && converged;
    take(first, columns, found.x);
    remember(first, columns, found.converged);
  }
  return converged;
}

std::span<const EdgesInColumns::Place> EdgesInColumns::places_in(GlobalIndex first, int columns) const {
  const auto begin = std::ranges::lower_bound(places_, first, {}, &Place::column);
  const auto end = std::ranges::lower_bound(places_, first + columns, {}, &Place::column);
  return {begin, end};
}

void EdgesInColumns::take(GlobalIndex first, int columns, std::span<const double> x) {
  const auto m = at(columns);
  const auto& nodes = graph_->nodes();
  for (int k = 0; k < columns; ++k) {
    const auto own = first + k - nodes.first();
    if (nodes.owns(first + k)) diagonal_[at(own)] = x[at(own) * m + at(k)];
  }
  for (const auto& place : places_in(first, columns)) {
    between_[place.number] = x[at(place.i) * m + at(place.column - first)];
  }
}

/// Of an edge, from either of its ends: which of them an edge is kept at depends on the ranks.
std::span<const double> EdgesInColumns::known(const Place& place) const {
  const auto row = graph_->global(place.i);
  const auto entry = keeper_->known({place.column, row});
  return entry.empty() ? keeper_->known({row, place.column}) : entry;
}

/// Collective with a keeper. The columns from there, where it knows all that is needed of them. @return whether they
/// had converged.
std::optional<bool> EdgesInColumns::recalled(GlobalIndex first, int columns) {
  if (keeper_ == nullptr) return {};
  const auto& nodes = graph_->nodes();
  bool converged = true, lacks = false;
  for (auto column = first; column < first + columns; ++column) {
    const auto entry = keeper_->known({column, column});
    if (entry.size() != 2) return {};  // on all ranks
    converged = converged && entry[1] != 0;
    if (nodes.owns(column)) diagonal_[at(column - nodes.first())] = entry[0];
  }
  for (const auto& place : places_in(first, columns)) {
    const auto entry = known(place);
    lacks = lacks || entry.size() != 2;
    if (!entry.empty()) between_[place.number] = entry[0];
  }
  if (graph_->comm().any(lacks)) return {};
  return converged;
}

/// Collective with a keeper.
void EdgesInColumns::remember(GlobalIndex first, int columns, bool converged) {
  if (keeper_ == nullptr) return;
  const auto& nodes = graph_->nodes();
  std::vector<Entry> entries;
  for (auto column = first; column < first + columns; ++column) {
    if (nodes.owns(column)) entries.push_back({column, column, diagonal_[at(column - nodes.first())]});
  }
  for (const auto& place : places_in(first, columns)) {
    entries.push_back({place.column, graph_->global(place.i), between_[place.number]});
  }
  for (const auto& entry : everywhere(graph_->comm(), entries)) {
    keeper_->add({entry.column, entry.row}, std::array{entry.value, converged ? 1.0 : 0.0});
  }
  keeper_->pause();
}

std::vector<double> EdgesInColumns::leverages() const {
  const auto diagonal = with_ghosts(graph_->halo(), diagonal_);
  std::vector<double> edge;
  for_each_kept_edge(*graph_, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    edge.push_back(graph_->conductance()[e] * (diagonal[at(i)] + diagonal[at(j)] - 2 * between_[edge.size()]));
  });
  return edge;
}

std::vector<double> EdgesInColumns::to_ground() const {
  auto ground = diagonal_;
  for (std::size_t i = 0; i < ground.size(); ++i) ground[i] *= graph_->ground()[i];
  return ground;
}

}  // namespace synbal::detail
