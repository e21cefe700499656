// Assembly in coordinate form: PETSc sends what belongs elsewhere.
#include "balance/laplacian_matrix.hpp"

#include <limits>
#include <vector>

#include "synbal/balance/edges.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {

struct Entries {
  std::vector<PetscInt> row, column;
  std::vector<double> value;

  explicit Entries(std::int64_t count) { row.reserve(at(count)), column.reserve(at(count)), value.reserve(at(count)); }
  void add(GlobalIndex i, GlobalIndex j, double v) {
    row.push_back(static_cast<PetscInt>(i)), column.push_back(static_cast<PetscInt>(j)), value.push_back(v);
  }
};

Entries entries_of(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> scale,
                   std::span<const double> diagonal) {
  const auto n = problem.size();
  const auto first = problem.neurons().first();
  const auto& ghosts = problem.halo().ghosts();
  std::vector<double> exponent(at(n), 1.0);
  if (!problem.exponent().empty()) exponent.assign(problem.exponent().begin(), problem.exponent().end());
  const auto pre = with_ghosts<double>(problem, costs.pre);
  const auto k = with_ghosts<double>(problem, exponent);
  const auto s = with_ghosts<double>(problem, scale);
  Entries entries(laplacian_entries(problem));
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    const double v = -c * pre[at(j)] * costs.post[at(i)] * k[at(j)] * s[at(i)] * s[at(j)];
    const GlobalIndex other = j < n ? first + j : ghosts[at(j - n)];
    entries.add(first + i, other, v);
    entries.add(other, first + i, v);
  });
  for (LocalIndex i = 0; i < n; ++i) entries.add(first + i, first + i, diagonal[at(i)]);
  return entries;
}

}  // namespace

// Both entries of every synapse and the diagonal.
std::int64_t laplacian_entries(const BalanceProblem& problem) {
  return 2 * (problem.local().size() + problem.remote().size()) + problem.size();
}

bool exceeds_petsc_int(const BalanceProblem& problem) {
  const bool exceeds = problem.comm().any(laplacian_entries(problem) > std::numeric_limits<PetscInt>::max());
  if (exceeds) log_debug("too many synapses a rank for an assembled matrix with PETSc's 32-bit indices");
  return exceeds;
}

PetscMat assemble_laplacian(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> scale,
                            std::span<const double> diagonal, MPI_Comm comm) {
  auto entries = entries_of(problem, costs, scale, diagonal);
  const auto n = problem.size();
  const auto global = static_cast<PetscInt>(problem.global_size());
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreate(comm, &raw));
  auto matrix = PetscMat::adopt(raw);
  SYNBAL_PETSC(MatSetSizes(raw, n, n, global, global));
  SYNBAL_PETSC(MatSetType(raw, MATAIJ));
  auto& [row, column, value] = entries;
  SYNBAL_PETSC(MatSetPreallocationCOO(raw, static_cast<PetscCount>(row.size()), row.data(), column.data()));
  SYNBAL_PETSC(MatSetValuesCOO(raw, value.data(), INSERT_VALUES));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SPD, PETSC_TRUE));
  return matrix;
}

void laplacian_diagonal(const BalanceProblem& problem, const NeuronCosts& costs, std::span<double> diagonal) {
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const double k = problem.exponent(i);
    diagonal[at(i)] = costs.in[at(i)] + k * k * costs.out[at(i)];
  }
}

}  // namespace synbal
