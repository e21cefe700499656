// PETSc at arm's length: the throwing check and the move-only handles. Include this in .cpp files only, after comm.hpp:
// PETSc's headers turn some MPI functions into macros.
#pragma once

#include <petscksp.h>

#include "synbal/core/handle.hpp"

namespace synbal {

/// Throws internal_error with the expression and the place when a PETSc call fails.
void check_petsc(PetscErrorCode code, const char* expression, const char* file, int line);
#define SYNBAL_PETSC(...) ::synbal::check_petsc((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

template <class T, PetscErrorCode (*Destroy)(T*)>
struct PetscTraits {
  static T null() { return nullptr; }
  static void destroy(T raw) noexcept { Destroy(&raw); }
};
using PetscVec = Handle<Vec, PetscTraits<Vec, VecDestroy>>;
using PetscMat = Handle<Mat, PetscTraits<Mat, MatDestroy>>;
using PetscKsp = Handle<KSP, PetscTraits<KSP, KSPDestroy>>;
using PetscPc = Handle<PC, PetscTraits<PC, PCDestroy>>;
using PetscPartitioning = Handle<MatPartitioning, PetscTraits<MatPartitioning, MatPartitioningDestroy>>;
using PetscIs = Handle<IS, PetscTraits<IS, ISDestroy>>;

}  // namespace synbal
