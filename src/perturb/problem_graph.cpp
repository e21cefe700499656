// Costs to conductances: the matrix of costs plus its transpose.
#include "synbal/perturb/problem_graph.hpp"

#include "synbal/balance/edges.hpp"
#include "synbal/core/error.hpp"

namespace synbal {

namespace {

/// The costs of this rank's rows with global columns, in the order in which they lie in the tiles.
GlobalRows cost_rows(const BalanceProblem& problem) {
  GlobalRows rows;
  rows.row_ptr.assign(at(problem.size()) + 1, 0);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex, double) { ++rows.row_ptr[at(i) + 1]; });
  for (std::size_t i = 1; i < rows.row_ptr.size(); ++i) rows.row_ptr[i] += rows.row_ptr[i - 1];
  rows.column.resize(at(rows.row_ptr.back())), rows.weight.resize(rows.column.size());
  std::vector<std::int64_t> next(rows.row_ptr.begin(), rows.row_ptr.end() - 1);
  const auto n = problem.size();
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const auto k = at(next[at(i)]++);
    rows.column[k] = j < n ? problem.neurons().first() + j : problem.halo().ghosts()[at(j - n)];
    rows.weight[k] = c;
  });
  return rows;
}

// Collective.
void check_exponents(const BalanceProblem& problem) {
  if (!problem.comm().any(!problem.exponent().empty())) return;
  throw bad_input(
      "homogeneity exponents other than 1 (the Hessian is then no Laplacian of a graph): leave the exponents out "
      "for what rests on resistances");
}

}  // namespace

ConductanceGraph graph_of(const BalanceProblem& problem) {
  const auto& comm = problem.comm();
  check_exponents(problem);
  GraphParts parts;
  parts.nodes = problem.neurons();
  parts.rows = with_transpose_added(comm, parts.nodes, cost_rows(problem));
  parts.ground.resize(at(problem.size()));
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    parts.ground[at(i)] = problem.from_pinned(i) + problem.to_pinned(i);
  }
  parts.component.assign(problem.component().begin(), problem.component().end());
  parts.component_rows = problem.component_rows();
  parts.grounded_component = problem.grounded_component();
  parts.unit = problem.cost_unit();
  ConductanceGraph graph(comm, std::move(parts));
  graph.set_network_row({problem.network_row().begin(), problem.network_row().end()});
  return graph;
}

}  // namespace synbal
