// The bound that opposite synapses give without solving anything: c_ij e^x + c_ji e^-x >= 2 sqrt(c_ij c_ji).
#include <algorithm>
#include <cmath>

#include "synbal/balance/certificate.hpp"
#include "synbal/balance/edges.hpp"

namespace synbal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
constexpr std::int64_t kBatch = std::int64_t{1} << 20;  // synapses under way per rank, to bound the memory

/// Total cost of the entries of a row in one column; columns ascend within a block's row.
double cost_in(const CostBlock& block, LocalIndex row, LocalIndex column) {
  const auto begin = block.column.begin() + block.row_ptr[at(row)];
  const auto end = block.column.begin() + block.row_ptr[at(row) + 1];
  const auto [first, last] = std::equal_range(begin, end, column);
  double sum = 0;
  for (auto e = first; e != last; ++e) sum += block.cost[at(e - block.column.begin())];
  return sum;
}

/// A synapse whose opposite lives with another rank.
struct Question {
  GlobalIndex row, column;
  double cost;
};

double local_pairs(const BalanceProblem& problem) {
  const auto& block = problem.local();
  double sum = 0;
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    LocalIndex previous = -1;
    for (auto e = block.row_ptr[at(i)]; e < block.row_ptr[at(i) + 1]; ++e) {
      const auto j = block.column[at(e)];
      if (j >= i || j == previous) continue;
      previous = j;
      sum += 2 * std::sqrt(cost_in(block, i, j)) * std::sqrt(cost_in(block, j, i));
    }
    sum += 2 * std::sqrt(problem.from_pinned()[at(i)]) * std::sqrt(problem.to_pinned()[at(i)]);
  }
  return sum;
}

/// Questions of the rows from `row` on, about one batch; moves `row`.
std::vector<Question> next_questions(const BalanceProblem& problem, LocalIndex& row) {
  const auto& block = problem.remote();
  const auto first = problem.neurons().first();
  std::vector<Question> questions;
  for (; row < problem.size() && static_cast<std::int64_t>(questions.size()) < kBatch; ++row) {
    LocalIndex previous = -1;
    for (auto e = block.row_ptr[at(row)]; e < block.row_ptr[at(row) + 1]; ++e) {
      const auto g = block.column[at(e)];
      const auto other = problem.halo().ghosts()[at(g)];
      if (g == previous || other > first + row) continue;
      previous = g;
      questions.push_back({other, first + row, cost_in(block, row, g)});
    }
  }
  return questions;
}

double answer(const BalanceProblem& problem, const Question& question) {
  const auto& ghosts = problem.halo().ghosts();
  const auto g = std::lower_bound(ghosts.begin(), ghosts.end(), question.column);
  if (g == ghosts.end() || *g != question.column) return 0;
  const auto row = static_cast<LocalIndex>(question.row - problem.neurons().first());
  const double opposite = cost_in(problem.remote(), row, static_cast<LocalIndex>(g - ghosts.begin()));
  return 2 * std::sqrt(question.cost) * std::sqrt(opposite);
}

double remote_pairs(const BalanceProblem& problem, std::vector<Question> questions) {
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
    sum += answer(problem, {their_rows[k], their_columns[k], their_costs[k]});
  }
  return sum;
}

}  // namespace

double reciprocal_bound(const BalanceProblem& problem) {
  double sum = local_pairs(problem);
  LocalIndex row = 0;
  while (problem.comm().any(row < problem.size())) sum += remote_pairs(problem, next_questions(problem, row));
  return problem.comm().sum(sum);
}

}  // namespace synbal
