// Whole columns of L^+ and of the resistances, block by block; of few nodes by elimination, where nothing cancels.
#include "resistance/resistance_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "resistance/tuning.hpp"
#include "synbal/core/error.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/laplacian/whole_graph.hpp"

namespace synbal {

namespace {

using namespace detail::tuning;

// Collective. All resistances of a graph with few nodes, on every rank.
std::optional<AllResistances> eliminated(const ConductanceGraph& graph) {
  if (graph.global_size() > kFewForAll) return {};
  const auto whole = whole_graph(graph, HUGE_VAL);
  if (!whole) return {};
  return whole->eliminated().all_resistances();
}

/// Diagonal entry and component of the nodes of one block, on all ranks.
struct BlockFacts {
  std::vector<double> diagonal;
  std::vector<std::int64_t> component;
};

// Collective.
BlockFacts facts_of(const ConductanceGraph& graph, std::span<const double> diagonal, GlobalIndex first, int columns) {
  BlockFacts facts{std::vector<double>(at(columns), 0.0), std::vector<std::int64_t>(at(columns), 0)};
  const auto& nodes = graph.nodes();
  for (int k = 0; k < columns; ++k) {
    if (!nodes.owns(first + k)) continue;
    const auto i = at(first + k - nodes.first());
    facts.diagonal[at(k)] = diagonal[i], facts.component[at(k)] = graph.component()[i];
  }
  graph.comm().sum(std::span(facts.diagonal));
  graph.comm().sum(std::span(facts.component));
  return facts;
}

void check_node(const ConductanceGraph& graph, GlobalIndex node) {
  if (node == kGround || (node >= 0 && node < graph.global_size())) return;
  throw bad_input(fmt::format("node {} does not exist (the graph has the nodes 0 to {}): name one of these", node,
                              graph.global_size() - 1));
}

/// Diagonal entry and component of one node or of ground. Collective unless that.
std::pair<double, std::int64_t> end_facts(const ConductanceGraph& graph, std::span<const double> diagonal,
                                          GlobalIndex node) {
  if (node == kGround) return {0.0, graph.grounded_component()};
  const auto facts = facts_of(graph, diagonal, node, 1);
  return {facts.diagonal[0], facts.component[0]};
}

}  // namespace

detail::PseudoinverseColumns detail::pseudoinverse_columns(const ConductanceGraph& graph, LaplacianSolver& solver,
                                                           GlobalIndex first, int columns, double tolerance) {
  const auto& nodes = graph.nodes();
  std::vector<double> b(at(graph.size()) * at(columns), 0.0);
  for (int k = 0; k < columns; ++k) {
    if (nodes.owns(first + k)) b[at(first + k - nodes.first()) * at(columns) + at(k)] = 1;
  }
  PseudoinverseColumns found{std::vector<double>(b.size()), true};
  found.converged = solver.solve(b, found.x, columns, exact_solve(tolerance)).converged;
  return found;
}

bool pseudoinverse_matrix(const ConductanceGraph& graph, LaplacianSolver& solver, const ColumnBlock& take,
                          double tolerance) {
  const auto& nodes = graph.nodes();
  bool converged = true;
  for (GlobalIndex first = 0; first < nodes.size(); first += LaplacianOperator::kMaxColumns) {
    const auto m = static_cast<int>(std::min<GlobalIndex>(LaplacianOperator::kMaxColumns, nodes.size() - first));
    const auto found = detail::pseudoinverse_columns(graph, solver, first, m, tolerance);
    converged = found.converged && converged;
    take(first, m, found.x);
  }
  return converged;
}

namespace {

// Collective. R_ij = L+_ii + L+_jj - 2 L+_ij for a block of columns j of L^+.
std::vector<double> resistances_of(const ConductanceGraph& graph, std::span<const double> diagonal, GlobalIndex first,
                                   int columns, std::span<const double> x) {
  const auto facts = facts_of(graph, diagonal, first, columns);
  std::vector<double> r(x.size());
  for (std::size_t place = 0; place < r.size(); ++place) {
    const auto i = place / at(columns), k = place % at(columns);
    const bool joined = graph.component()[i] == facts.component[k];
    const bool self = graph.nodes().first() + static_cast<GlobalIndex>(i) == first + static_cast<GlobalIndex>(k);
    const double value = diagonal[i] + facts.diagonal[k] - 2 * x[place];
    r[place] = self ? 0.0 : joined ? std::max(value, 0.0) : HUGE_VAL;
  }
  return r;
}

}  // namespace

namespace {

/// [n] L+_ii = R_i,ground, and without ground the mean of R_ij over j less half the mean over all pairs.
void diagonal_from(const AllResistances& all, const ConductanceGraph& graph, std::span<double> diagonal) {
  const auto nodes = graph.global_size();
  std::vector<double> mean(at(nodes), 0.0), size(at(nodes), 0.0);
  for (GlobalIndex i = 0; i < nodes; ++i) {
    for (GlobalIndex j = 0; j < nodes; ++j) {
      if (std::isfinite(all(i, j))) mean[at(i)] += all(i, j), size[at(i)] += 1;
    }
    mean[at(i)] /= size[at(i)];
  }
  for (LocalIndex k = 0; k < graph.size(); ++k) {
    const auto i = graph.global(k);
    double overall = 0;
    for (GlobalIndex j = 0; j < nodes; ++j) overall += std::isfinite(all(i, j)) ? mean[at(j)] / size[at(i)] : 0.0;
    diagonal[at(k)] = std::isfinite(all(i, nodes)) ? all(i, nodes) : mean[at(i)] - overall / 2;
  }
}

// Collective.
void give_blocks(const AllResistances& all, const ConductanceGraph& graph, const ColumnBlock& take) {
  const auto nodes = graph.global_size();
  for (GlobalIndex first = 0; first < nodes; first += LaplacianOperator::kMaxColumns) {
    const auto m = static_cast<int>(std::min<GlobalIndex>(LaplacianOperator::kMaxColumns, nodes - first));
    std::vector<double> r;
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      for (int k = 0; k < m; ++k) r.push_back(all(graph.global(i), first + k));
    }
    take(first, m, r);
  }
}

// Collective. Whether resistances keep the digits that solves to 1e-12 give to entries of L^+.
bool keeps_digits(const ConductanceGraph& graph, std::span<const double> diagonal) {
  const auto all = with_ghosts(graph.halo(), diagonal);
  bool lost = false;
  for_each_undirected_edge(graph, [&](LocalIndex i, LocalIndex j, double w) {
    lost = lost || (all[at(i)] + all[at(j)]) * w > kMostCancelled;  // R is at most 1/w
  });
  return !graph.comm().any(lost);
}

}  // namespace

detail::ExactRows detail::exact_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver,
                                         std::span<double> diagonal, double tolerance) {
  if (const auto all = eliminated(graph)) {
    diagonal_from(*all, graph, diagonal);
    return {true, true};
  }
  const auto& nodes = graph.nodes();
  const auto keep = [&](GlobalIndex first, int m, std::span<const double> x) {
    for (int k = 0; k < m; ++k) {
      if (!nodes.owns(first + k)) continue;
      const auto i = at(first + k - nodes.first());
      diagonal[i] = x[i * at(m) + at(k)];
    }
  };
  return {pseudoinverse_matrix(graph, solver, keep, tolerance)};
}

bool resistance_matrix(const ConductanceGraph& graph, LaplacianSolver& solver, const ColumnBlock& take,
                       double tolerance) {
  if (const auto all = eliminated(graph)) {
    give_blocks(*all, graph, take);
    return true;
  }
  std::vector<double> diagonal(at(graph.size()), 0.0);
  const bool converged = detail::exact_diagonal(graph, solver, diagonal, tolerance).converged;
  const bool exact = tolerance > 0 || keeps_digits(graph, diagonal);
  const auto resistances = [&](GlobalIndex first, int m, std::span<const double> x) {
    take(first, m, resistances_of(graph, diagonal, first, m, x));
  };
  return pseudoinverse_matrix(graph, solver, resistances, tolerance) && converged && exact;
}

ResistancesFrom exact_resistances_from(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex from,
                                       double tolerance) {
  check_node(graph, from);
  ResistancesFrom found;
  if (const auto all = eliminated(graph)) {
    const auto place = from == kGround ? graph.global_size() : from;
    for (LocalIndex i = 0; i < graph.size(); ++i) found.resistance.push_back((*all)(place, graph.global(i)));
    found.to_ground = (*all)(place, graph.global_size());
    found.by_elimination = true;
    return found;
  }
  std::vector<double> diagonal(at(graph.size()), 0.0);
  const auto rows = detail::exact_diagonal(graph, solver, diagonal, tolerance);
  found.resistance = resistances_from(graph, solver, from, diagonal, tolerance);
  const auto [own, component] = end_facts(graph, diagonal, from);
  found.to_ground = component == graph.grounded_component() ? own : HUGE_VAL;
  found.converged = rows.converged && (tolerance > 0 || keeps_digits(graph, diagonal));
  return found;
}

std::vector<double> resistances_from(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex from,
                                     std::span<const double> diagonal, double tolerance) {
  check_node(graph, from);
  const auto& nodes = graph.nodes();
  std::vector<double> r(at(graph.size()), HUGE_VAL), b(r.size(), 0.0), x(r.size(), 0.0);
  if (from != kGround) {
    if (nodes.owns(from)) b[at(from - nodes.first())] = 1;
    solver.solve(b, x, 1, exact_solve(tolerance));
  }
  const auto [own, component] = end_facts(graph, diagonal, from);
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (graph.component()[i] != component) continue;
    r[i] = std::max(diagonal[i] + own - 2 * x[i], 0.0);
  }
  if (from != kGround && nodes.owns(from)) r[at(from - nodes.first())] = 0;
  return r;
}

}  // namespace synbal
