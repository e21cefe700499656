// Columns to ranks, a solve of whole columns there, and back.
#include "synbal/krylov/elimination_preconditioner.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "krylov/constants.hpp"

namespace synbal {

namespace {

/// Columns that rank r solves for: begin(r) .. begin(r + 1) - 1.
struct Shares {
  int columns, ranks;
  [[nodiscard]] int begin(Rank r) const { return static_cast<int>(std::int64_t{columns} * r / ranks); }
  [[nodiscard]] int count(Rank r) const { return begin(r + 1) - begin(r); }
};

/// Entries first .. first + count - 1 of all rows between a block of `columns` and one of `count`.
template <class Move>
void for_each_entry(std::int64_t rows, int columns, int first, int count, Move&& move) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (int k = 0; k < count; ++k) move(at(i * columns + first + k), at(i * count + k));
  }
}

}  // namespace

EliminationPreconditioner::EliminationPreconditioner(const Comm& comm, const Ownership& rows,
                                                     std::shared_ptr<const StarMesh> mesh, const ComponentSums* sums,
                                                     std::span<const double> diagonal)
    : comm_(&comm), rows_(&rows), mesh_(std::move(mesh)), sums_(sums), diagonal_(diagonal) {
  if (sums_ != nullptr) diagonal_sums_ = sums_->sum(diagonal_);
}

void EliminationPreconditioner::apply(std::span<const double> r, std::span<double> u, int columns) {
  if (comm_->size() == 1) {
    std::copy(r.begin(), r.end(), u.begin());
    mesh_->solve(u, columns);
  } else {
    apply_together(r, u, columns);
  }
  if (sums_ != nullptr) take_out_constants(*sums_, u, columns, diagonal_, diagonal_sums_);
}

// Collective.
void EliminationPreconditioner::apply_together(std::span<const double> r, std::span<double> u, int columns) const {
  const Shares shares{columns, comm_->size()};
  const auto own = std::int64_t{rows_->count()};
  const int solved = shares.count(comm_->rank());
  std::vector<std::int64_t> there, here;
  std::vector<double> sent;
  for (Rank to = 0; to < comm_->size(); ++to) {
    there.push_back(own * shares.count(to)), here.push_back(rows_->count(to) * solved);
    const auto begin = sent.size();
    sent.resize(begin + at(there.back()));
    for_each_entry(own, columns, shares.begin(to), shares.count(to),
                   [&](std::size_t whole, std::size_t part) { sent[begin + part] = r[whole]; });
  }
  auto block = comm_->exchange<double>(sent, there, here);  // rank after rank, so row after row
  if (solved > 0) mesh_->solve(block, solved);
  const auto back = comm_->exchange<double>(block, here, there);
  std::size_t begin = 0;
  for (Rank from = 0; from < comm_->size(); ++from) {
    for_each_entry(own, columns, shares.begin(from), shares.count(from),
                   [&](std::size_t whole, std::size_t part) { u[whole] = back[begin + part]; });
    begin += at(there[at(from)]);
  }
}

}  // namespace synbal
