// The bound that opposite synapses give without solving anything: c_ij e^x + c_ji e^-x >= 2 sqrt(c_ij c_ji).
#include <algorithm>
#include <cmath>
#include <utility>

#include "synbal/balance/certificate.hpp"
#include "synbal/balance/cost_rows.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kBatch = std::int64_t{1} << 20;  // synapses under way per rank, to bound the memory

/// A synapse whose opposite lives with another rank.
struct Question {
  GlobalIndex row, column;
  double cost;
};

double local_pairs(const BalanceProblem& problem, const CostRows& rows) {
  double sum = 0;
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    LocalIndex previous = -1;
    rows.for_row(i, [&](LocalIndex j, double) {
      if (j >= i || j == previous) return;
      previous = j;
      sum += 2 * std::sqrt(rows.at(i, j)) * std::sqrt(rows.at(j, i));
    });
    sum += 2 * std::sqrt(problem.from_pinned(i)) * std::sqrt(problem.to_pinned(i));
  }
  return sum;
}

/// Questions of the rows from `row` on, about one batch; moves `row`.
std::vector<Question> next_questions(const BalanceProblem& problem, const CostRows& rows, LocalIndex& row) {
  const auto first = problem.neurons().first();
  std::vector<Question> questions;
  for (; row < problem.size() && static_cast<std::int64_t>(questions.size()) < kBatch; ++row) {
    LocalIndex previous = -1;
    rows.for_row(row, [&](LocalIndex j, double) {
      if (j < problem.size() || j == previous) return;
      previous = j;
      const auto other = problem.halo().ghosts()[at(j - problem.size())];
      if (other < first + row) questions.push_back({other, first + row, rows.at(row, j)});
    });
  }
  return questions;
}

double answer(const BalanceProblem& problem, const CostRows& rows, const Question& question) {
  const auto& ghosts = problem.halo().ghosts();
  const auto g = std::lower_bound(ghosts.begin(), ghosts.end(), question.column);
  if (g == ghosts.end() || *g != question.column) return 0;
  const auto row = static_cast<LocalIndex>(question.row - problem.neurons().first());
  const auto column = problem.size() + static_cast<LocalIndex>(g - ghosts.begin());
  return 2 * std::sqrt(question.cost) * std::sqrt(rows.at(row, column));
}

double remote_pairs(const BalanceProblem& problem, const CostRows& cost_rows, std::vector<Question> questions) {
  const auto& comm = problem.comm();
  std::sort(questions.begin(), questions.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  std::vector<GlobalIndex> rows, columns;
  std::vector<double> costs;
  std::vector<std::int64_t> counts(at(comm.size()), 0);
  for (const auto& q : questions) {
    rows.push_back(q.row), columns.push_back(q.column), costs.push_back(q.cost);
    ++counts[at(problem.neurons().owner(q.row))];
  }
  const auto their_rows = comm.exchange(std::span<const GlobalIndex>(rows), counts).values;
  const auto their_columns = comm.exchange(std::span<const GlobalIndex>(columns), counts).values;
  const auto their_costs = comm.exchange(std::span<const double>(costs), counts).values;
  double sum = 0;
  for (std::size_t k = 0; k < their_rows.size(); ++k) {
    sum += answer(problem, cost_rows, {their_rows[k], their_columns[k], their_costs[k]});
  }
  return sum;
}

double bound_of(const BalanceProblem& problem, const CostRows& rows) {
  double sum = local_pairs(problem, rows);
  LocalIndex row = 0;
  while (problem.comm().any(row < problem.size())) {
    sum += remote_pairs(problem, rows, next_questions(problem, rows, row));
  }
  return problem.comm().sum(sum);
}

}  // namespace

double reciprocal_bound(const BalanceProblem& problem) { return bound_of(problem, CostRows(problem)); }

double reciprocal_bound(BalanceProblem&& problem) {
  const CostRows rows(std::move(problem));  // its costs alone
  return bound_of(problem, rows);
}

}  // namespace synbal
