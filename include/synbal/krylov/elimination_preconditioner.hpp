// Elimination of the whole graph as a preconditioner: of light factors every rank holds its own.
#pragma once

#include <memory>
#include <span>

#include "synbal/core/comm.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/preconditioner.hpp"
#include "synbal/krylov/star_mesh.hpp"

namespace synbal {

/// A solve with the factor: the ranks share the columns of a block among them, and each column costs its numbers there
/// and back.
class EliminationPreconditioner final : public BlockPreconditioner {
 public:
  /// All must outlive it. `mesh`: the same on all ranks. With `sums` constants are taken out of all that it returns, in
  /// the inner product of `diagonal` ([n]).
  EliminationPreconditioner(const Comm& comm, const Ownership& rows, std::shared_ptr<const StarMesh> mesh,
                            const ComponentSums* sums = nullptr, std::span<const double> diagonal = {});

  void apply(std::span<const double> r, std::span<double> u, int columns) override;
  [[nodiscard]] std::string name() const override { return to_string(Preconditioner::direct); }

 private:
  void apply_together(std::span<const double> r, std::span<double> u, int columns) const;

  const Comm* comm_;
  const Ownership* rows_;
  std::shared_ptr<const StarMesh> mesh_;
  const ComponentSums* sums_;
  std::span<const double> diagonal_;
  std::vector<double> diagonal_sums_;
};

}  // namespace synbal
