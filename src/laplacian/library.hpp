// A preconditioner from PETSc for a graph's Laplacian: multigrid, a factorisation, or what the user asks for.
#pragma once

#include <memory>
#include <string>

#include "laplacian/pcg.hpp"

namespace synbal::laplacian {

/// PETSc options with this prefix replace and tune the preconditioner.
inline constexpr const char* kPetscPrefix = "laplacian_";

/// True when the PETSc options name a preconditioner (-laplacian_pc_type).
bool user_chose_preconditioner();

/// The graph must outlive it. A set-up that a library refuses leaves the object unusable, nothing else.
class LibraryPreconditioner final : public BlockPreconditioner {
 public:
  /// Collective. Assembles and sets up; ready() says whether that worked (the reason is logged).
  LibraryPreconditioner(const ConductanceGraph& graph, Preconditioner kind);
  ~LibraryPreconditioner() override;

  /// The same on all ranks.
  [[nodiscard]] bool ready() const noexcept;
  [[nodiscard]] std::string name() const override;
  void apply(std::span<const double> r, std::span<double> u, int columns) override;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal::laplacian
