// Whole columns of L^+ and of the resistances, block by block.
#include "resistance/resistance_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "synbal/core/error.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal {

namespace {

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

/// Diagonal entry and component of one node or of ground. Collective unless that.
std::pair<double, std::int64_t> end_facts(const ConductanceGraph& graph, std::span<const double> diagonal,
                                          GlobalIndex node) {
  if (node == kGround) return {0.0, graph.grounded_component()};
  const auto facts = facts_of(graph, diagonal, node, 1);
  return {facts.diagonal[0], facts.component[0]};
}

}  // namespace

bool pseudoinverse_matrix(const ConductanceGraph& graph, LaplacianSolver& solver, const ColumnBlock& take,
                          double tolerance) {
  const auto& nodes = graph.nodes();
  const auto params = exact_solve(tolerance);
  bool converged = true;
  for (GlobalIndex first = 0; first < nodes.size(); first += LaplacianOperator::kMaxColumns) {
    const auto m = static_cast<int>(std::min<GlobalIndex>(LaplacianOperator::kMaxColumns, nodes.size() - first));
    std::vector<double> b(at(graph.size()) * at(m), 0.0), x(b.size());
    for (int k = 0; k < m; ++k) {
      if (nodes.owns(first + k)) b[at(first + k - nodes.first()) * at(m) + at(k)] = 1;
    }
    converged = solver.solve(b, x, m, params).converged && converged;
    take(first, m, x);
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

bool detail::exact_diagonal(const ConductanceGraph& graph, LaplacianSolver& solver, std::span<double> diagonal,
                            double tolerance) {
  const auto& nodes = graph.nodes();
  const auto keep = [&](GlobalIndex first, int m, std::span<const double> x) {
    for (int k = 0; k < m; ++k) {
      if (!nodes.owns(first + k)) continue;
      const auto i = at(first + k - nodes.first());
      diagonal[i] = x[i * at(m) + at(k)];
    }
  };
  return pseudoinverse_matrix(graph, solver, keep, tolerance);
}

bool resistance_matrix(const ConductanceGraph& graph, LaplacianSolver& solver, const ColumnBlock& take,
                       double tolerance) {
  std::vector<double> diagonal(at(graph.size()), 0.0);
  const bool converged = detail::exact_diagonal(graph, solver, diagonal, tolerance);
  const auto resistances = [&](GlobalIndex first, int m, std::span<const double> x) {
    take(first, m, resistances_of(graph, diagonal, first, m, x));
  };
  return pseudoinverse_matrix(graph, solver, resistances, tolerance) && converged;
}

std::vector<double> resistances_from(const ConductanceGraph& graph, LaplacianSolver& solver, GlobalIndex from,
                                     std::span<const double> diagonal, double tolerance) {
  if (from != kGround && (from < 0 || from >= graph.global_size())) {
    throw bad_input(fmt::format("node {} does not exist (the graph has the nodes 0 to {}): name one of these", from,
                                graph.global_size() - 1));
  }
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
