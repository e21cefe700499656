// A graph's Laplacian as a PETSc matrix.
#include "laplacian/graph_preconditioner.hpp"

#include <utility>
#include <vector>

#include "synbal/krylov/petsc_preconditioner.hpp"

namespace synbal::detail {

namespace {

/// PETSc options with this prefix replace and tune the preconditioner.
constexpr const char* kPrefix = "laplacian_";

class GraphMatrix final : public MatrixSource {
 public:
  explicit GraphMatrix(const ConductanceGraph& graph) : graph_(&graph) {}

  [[nodiscard]] const Comm& comm() const override { return graph_->comm(); }
  [[nodiscard]] LocalIndex size() const override { return graph_->size(); }
  [[nodiscard]] GlobalIndex global_size() const override { return graph_->global_size(); }
  [[nodiscard]] std::span<const double> diagonal() const override { return graph_->degree(); }
  [[nodiscard]] std::int64_t entries() const override {
    return (size() > 0 ? graph_->row_end(size() - 1) : 0) + size();
  }
  [[nodiscard]] PetscMat assemble(std::span<const double> scale, std::span<const double> diagonal,
                                  MPI_Comm comm) const override {
    return symmetric_matrix(comm, global_size(), scaled_rows(scale, diagonal));
  }

 private:
  [[nodiscard]] PetscRows scaled_rows(std::span<const double> own_scale, std::span<const double> diagonal) const {
    const auto& graph = *graph_;
    const auto n = graph.size();
    const auto first = graph.nodes().first();
    const auto scale = with_ghosts(graph.halo(), own_scale);
    PetscRows rows;
    rows.row_ptr.reserve(at(n) + 1), rows.column.reserve(at(entries())), rows.value.reserve(at(entries()));
    for (LocalIndex i = 0; i < n; ++i) {
      const auto put = [&](std::int64_t e) {
        const auto j = graph.neighbour()[e];
        rows.column.push_back(static_cast<PetscInt>(graph.global(j)));
        rows.value.push_back(-graph.conductance()[e] * scale[at(i)] * scale[at(j)]);
      };
      auto ghost = graph.row_remote(i);
      for (; ghost < graph.row_end(i) && graph.global(graph.neighbour()[ghost]) < first; ++ghost) put(ghost);
      auto own = graph.row_begin(i);
      for (; own < graph.row_remote(i) && graph.neighbour()[own] < i; ++own) put(own);
      rows.column.push_back(static_cast<PetscInt>(first + i));
      rows.value.push_back(diagonal[at(i)]);
      for (; own < graph.row_remote(i); ++own) put(own);
      for (; ghost < graph.row_end(i); ++ghost) put(ghost);
      rows.row_ptr.push_back(static_cast<PetscInt>(rows.column.size()));
    }
    return rows;
  }

  const ConductanceGraph* graph_;
};

}  // namespace

bool user_chose_preconditioner() { return synbal::user_chose_preconditioner(kPrefix); }

std::unique_ptr<BlockPreconditioner> graph_preconditioner(const ConductanceGraph& graph, Preconditioner kind) {
  return petsc_preconditioner(GraphMatrix(graph), kPrefix, kind);
}

}  // namespace synbal::detail
