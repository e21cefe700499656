// Rows in PETSc's format, with sorted columns.
#include "peer_matrix.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace synbal::benchmark {

namespace {}  // namespace

PetscMat peer_matrix(const ConductanceGraph& graph, MPI_Comm comm) {
  const auto n = graph.size();
  std::vector<PetscInt> row_ptr{0}, column;
  std::vector<PetscScalar> value;
  std::vector<std::pair<GlobalIndex, double>> row;
  for (LocalIndex i = 0; i < n; ++i) {
    row.assign(1, {graph.nodes().first() + i, graph.degree()[at(i)]});
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      row.emplace_back(graph.global(graph.neighbour()[e]), -graph.conductance()[e]);
    }
    std::sort(row.begin(), row.end());
    for (const auto& [j, v] : row) column.push_back(static_cast<PetscInt>(j)), value.push_back(v);
    row_ptr.push_back(static_cast<PetscInt>(column.size()));
  }
  const auto size = static_cast<PetscInt>(graph.global_size());
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreate(comm, &raw));
  auto matrix = PetscMat::adopt(raw);
  SYNBAL_PETSC(MatSetSizes(raw, n, n, size, size));
  SYNBAL_PETSC(MatSetType(raw, MATAIJ));
  SYNBAL_PETSC(MatSeqAIJSetPreallocationCSR(raw, row_ptr.data(), column.data(), value.data()));
  SYNBAL_PETSC(MatMPIAIJSetPreallocationCSR(raw, row_ptr.data(), column.data(), value.data()));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
  return matrix;
}

void set_option(const std::string& name, const char* value) {
  SYNBAL_PETSC(PetscOptionsSetValue(nullptr, name.c_str(), value));
}

void tune_boomeramg(const std::string& prefix) {
  const std::pair<const char*, const char*> tuned[] = {{"coarsen_type", "PMIS"},
                                                       {"interp_type", "ext+i"},
                                                       {"agg_nl", "2"},
                                                       {"P_max", "4"},
                                                       {"strong_threshold", "0.5"},
                                                       {"relax_type_all", "l1scaled-Jacobi"},
                                                       {"relax_type_coarse", "l1scaled-Jacobi"}};
  for (const auto& [key, value] : tuned) set_option(prefix + "hypre_boomeramg_" + std::string(key), value);
}

}  // namespace synbal::benchmark
