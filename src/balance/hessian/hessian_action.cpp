// One pass of the fused kernel a product; rows for PETSc, in two passes over the synapses.
#include "synbal/balance/hessian_action.hpp"

#include <algorithm>
#include <utility>

#include "synbal/balance/edges.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/route.hpp"
#include "synbal/krylov/petsc_preconditioner.hpp"

namespace synbal {

namespace {

struct Entry {
  PetscInt column;  // global
  double value;
};

/// One of a row that another rank owns.
struct Sent {
  GlobalIndex row;
  Entry entry;
};

/// What an entry beside the diagonal is made of, besides the cost of a synapse: L_ij = - c_ij into_i from_j + ...
struct Factors {
  std::vector<double> into, from;  // [n], [n + ghosts]
};

Factors factors_of(const BalanceProblem& problem, const NeuronCosts& costs, std::span<const double> scale) {
  Factors f{std::vector<double>(scale.begin(), scale.end()), std::vector<double>(scale.begin(), scale.end())};
  for (std::size_t i = 0; i < scale.size(); ++i) {
    f.into[i] *= costs.post[i];
    f.from[i] *= costs.pre[i] * problem.exponent(static_cast<LocalIndex>(i));
  }
  f.from = with_ghosts<double>(problem, f.from);
  return f;
}

/// Collective. By row of this rank, in any order and some twice: what synapses there and back make, and the diagonal.
Lists<Entry> entries_of(const BalanceProblem& problem, const Factors& f, std::span<const double> diagonal) {
  const auto n = problem.size();
  const auto& ghosts = problem.halo().ghosts();
  const auto first = problem.neurons().first();
  const auto global = [&](LocalIndex i) { return static_cast<PetscInt>(first + i); };
  const auto value = [&](LocalIndex i, LocalIndex j, double c) { return -c * f.from[at(j)] * f.into[at(i)]; };

  std::vector<Sent> out;
  std::vector<GlobalIndex> row;
  out.reserve(at(problem.remote().size())), row.reserve(at(problem.remote().size()));
  for_each_remote_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    row.push_back(ghosts[at(j - n)]);
    out.push_back({row.back(), {global(i), value(i, j, c)}});
  });
  const auto came = Route(problem.comm(), problem.neurons(), row).send(std::move(out));

  return lists_of<Entry>(n, [&](auto&& put) {
    for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
      if (i == j) return;  // self-loops are in the diagonal
      const double v = value(i, j, c);
      put(i, Entry{j < n ? global(j) : static_cast<PetscInt>(ghosts[at(j - n)]), v});
      if (j < n) put(j, Entry{global(i), v});
    });
    for (const auto& [i, entry] : came) put(i - first, entry);
    for (LocalIndex i = 0; i < n; ++i) put(i, Entry{global(i), diagonal[at(i)]});
  });
}

/// Columns ascending, each once.
PetscRows rows_of(Lists<Entry>&& entries) {
  PetscRows rows;
  rows.row_ptr.reserve(entries.start.size()), rows.column.reserve(entries.values.size());
  rows.value.reserve(entries.values.size());
  for (std::size_t i = 0; i + 1 < entries.start.size(); ++i) {
    const auto row =
        std::span(entries.values).subspan(at(entries.start[i]), at(entries.start[i + 1] - entries.start[i]));
    std::ranges::sort(row, {}, &Entry::column);
    PetscInt last = -1;
    for (const auto& [column, value] : row) {
      if (column == last) {
        rows.value.back() += value;
      } else {
        rows.column.push_back(last = column), rows.value.push_back(value);
      }
    }
    rows.row_ptr.push_back(static_cast<PetscInt>(rows.column.size()));
  }
  return rows;
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
  const EventScope event(Event::assembly);
  const auto factors = factors_of(*problem_, *costs_, scale);
  return symmetric_matrix(comm, problem_->global_size(), rows_of(entries_of(*problem_, factors, diagonal)));
}

}  // namespace synbal
