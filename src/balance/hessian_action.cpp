// One pass of the fused kernel a product; assembly in coordinate form, where PETSc sends what belongs elsewhere.
#include "synbal/balance/hessian_action.hpp"

#include <utility>

#include "synbal/balance/edges.hpp"

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
  Entries entries(2 * (problem.local().size() + problem.remote().size()) + n);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    if (i == j) return;  // self-loops are in the diagonal
    const double v = -c * pre[at(j)] * costs.post[at(i)] * k[at(j)] * s[at(i)] * s[at(j)];
    const GlobalIndex other = j < n ? first + j : ghosts[at(j - n)];
    entries.add(first + i, other, v);
    entries.add(other, first + i, v);
  });
  for (LocalIndex i = 0; i < n; ++i) entries.add(first + i, first + i, diagonal[at(i)]);
  return entries;
}

}  // namespace

HessianAction::HessianAction(const BalanceProblem& problem, FusedKernel& kernel)
    : problem_(&problem), kernel_(&kernel), diagonal_(at(problem.size()), 0.0) {}

void HessianAction::set_point(const NeuronCosts& costs) {
  costs_ = &costs;
  const auto loops = problem_->self_loops();
  row_sum_.resize(loops.size());
  for (LocalIndex i = 0; i < problem_->size(); ++i) {
    const double k = problem_->exponent(i);
    const double sum = costs.in[at(i)] + k * k * costs.out[at(i)];
    diagonal_[at(i)] = sum;
    if (loops.empty()) continue;
    row_sum_[at(i)] = sum;
    diagonal_[at(i)] -= 2 * k * loops[at(i)] * costs.pre[at(i)] * costs.post[at(i)];
  }
}

void HessianAction::apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) {
  const auto m = at(columns);
  const auto& costs = *costs_;
  const auto exponent = problem_->exponent();
  const auto k = [&](LocalIndex i) { return exponent.empty() ? 1.0 : exponent[at(i)]; };
  const double* const row_sum = row_sum_.empty() ? diagonal_.data() : row_sum_.data();
  for (std::size_t column = 0; column < m; ++column) {
    const double* from = x.data() + column;
    double* to = y.data() + column;
    double dot = 0;
    kernel_->run(
        [&](LocalIndex i) {
          return std::pair(costs.pre[at(i)] * k(i) * from[at(i) * m], costs.post[at(i)] * from[at(i) * m]);
        },
        [&](LocalIndex i, double in, double out) {
          const double value =
              row_sum[at(i)] * from[at(i) * m] - costs.post[at(i)] * in - k(i) * costs.pre[at(i)] * out;
          to[at(i) * m] = value;
          dot += from[at(i) * m] * value;
        });
    dots[column] = dot;
  }
}

void HessianAction::apply(std::span<const double> x, std::span<double> y) {
  double dot = 0;
  apply(x, y, 1, std::span(&dot, 1));
}

std::int64_t HessianAction::entries() const noexcept {
  return 2 * (problem_->local().size() + problem_->remote().size()) + problem_->size();
}

PetscMat HessianAction::assemble(std::span<const double> scale, std::span<const double> diagonal, MPI_Comm comm) const {
  auto [row, column, value] = entries_of(*problem_, *costs_, scale, diagonal);
  const auto n = problem_->size();
  const auto global = static_cast<PetscInt>(problem_->global_size());
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreate(comm, &raw));
  auto matrix = PetscMat::adopt(raw);
  SYNBAL_PETSC(MatSetSizes(raw, n, n, global, global));
  SYNBAL_PETSC(MatSetType(raw, MATAIJ));
  SYNBAL_PETSC(MatSetPreallocationCOO(raw, static_cast<PetscCount>(row.size()), row.data(), column.data()));
  SYNBAL_PETSC(MatSetValuesCOO(raw, value.data(), INSERT_VALUES));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SPD, PETSC_TRUE));
  return matrix;
}

}  // namespace synbal
