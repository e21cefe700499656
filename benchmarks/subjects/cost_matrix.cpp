// Rows in PETSc's format.
#include "subjects/cost_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "synbal/balance/edges.hpp"

namespace synbal::benchmark {

PetscMat cost_matrix(const BalanceProblem& problem, MPI_Comm comm, double power) {
  const auto n = problem.size();
  const auto first = problem.neurons().first();
  const auto& ghosts = problem.halo().ghosts();
  std::vector<std::vector<std::pair<PetscInt, double>>> rows(at(n));
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const auto column = j < n ? first + j : ghosts[at(j - n)];
    rows[at(i)].emplace_back(static_cast<PetscInt>(column), power == 1 ? c : std::pow(c, power));
  });
  std::vector<PetscInt> starts{0}, columns;
  std::vector<PetscScalar> values;
  for (auto& row : rows) {
    std::ranges::sort(row);
    for (const auto& [j, c] : row) columns.push_back(j), values.push_back(c);
    starts.push_back(static_cast<PetscInt>(columns.size()));
  }
  const auto size = static_cast<PetscInt>(problem.global_size());
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreateMPIAIJWithArrays(comm, n, n, size, size, starts.data(), columns.data(), values.data(), &raw));
  return PetscMat::adopt(raw);
}

}  // namespace synbal::benchmark
