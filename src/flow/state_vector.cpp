// N_Vectors on PETSc or plain MPI vectors.
#include "flow/state_vector.hpp"

#include <fmt/format.h>

#include <limits>

#include "synbal/core/error.hpp"
#include "synbal_config.hpp"

#if SYNBAL_PETSC64
#include <nvector/nvector_parallel.h>
#else
#include <nvector/nvector_petsc.h>

#include "synbal/core/petsc.hpp"
#endif

namespace synbal {

namespace {}  // namespace

void check_sundials(int code, const char* expression, const char* file, int line) {
  if (code >= 0) return;
  throw internal_error(fmt::format("{} failed at {}:{} (SUNDIALS code {})", expression, file, line, code));
}

SunContext make_sundials_context() {
  SUNContext raw = nullptr;
  SYNBAL_SUNDIALS(SUNContext_Create(nullptr, &raw));
  return SunContext::adopt(raw);
}

#if SYNBAL_PETSC64

StateVector make_state_vector(const Comm& comm, LocalIndex n, SUNContext context) {
  const auto global = comm.sum(std::int64_t{n});
  auto vector = StateVector::adopt(N_VNew_Parallel(comm.get(), n, global, context));
  SYNBAL_SUNDIALS(N_VEnableFusedOps_Parallel(vector.get(), SUNTRUE));
  N_VConst(0.0, vector.get());
  return vector;
}

ReadValues::ReadValues(N_Vector vector, LocalIndex n) : vector_(vector), values_(N_VGetArrayPointer(vector), at(n)) {}
ReadValues::~ReadValues() = default;
WriteValues::WriteValues(N_Vector vector, LocalIndex n) : vector_(vector), values_(N_VGetArrayPointer(vector), at(n)) {}
WriteValues::~WriteValues() = default;

#else

StateVector make_state_vector(const Comm& comm, LocalIndex n, SUNContext context) {
  const auto global = comm.sum(std::int64_t{n});
  if (sizeof(PetscInt) == 4 && global > std::numeric_limits<std::int32_t>::max()) {
    throw bad_input(
        fmt::format("{} neurons (more than PETSc's 32-bit indices "
                    "count): build the petsc64 preset",
                    global));
  }
  Vec raw = nullptr;
  SYNBAL_PETSC(VecCreateMPI(comm.get(), n, static_cast<PetscInt>(global), &raw));
  const auto vec = PetscVec::adopt(raw);
  const auto wrapped = StateVector::adopt(N_VMake_Petsc(vec.get(), context));
  SYNBAL_SUNDIALS(N_VEnableFusedOps_Petsc(wrapped.get(), SUNTRUE));
  auto vector = StateVector::adopt(N_VClone(wrapped.get()));  // owns its values, which the wrapper does not
  N_VConst(0.0, vector.get());
  return vector;
}

ReadValues::ReadValues(N_Vector vector, LocalIndex n) : vector_(vector) {
  const double* values = nullptr;
  SYNBAL_PETSC(VecGetArrayRead(N_VGetVector_Petsc(vector), &values));
  values_ = {values, at(n)};
}
ReadValues::~ReadValues() {
  const double* values = values_.data();
  VecRestoreArrayRead(N_VGetVector_Petsc(vector_), &values);
}
WriteValues::WriteValues(N_Vector vector, LocalIndex n) : vector_(vector) {
  double* values = nullptr;
  SYNBAL_PETSC(VecGetArray(N_VGetVector_Petsc(vector), &values));
  values_ = {values, at(n)};
}
WriteValues::~WriteValues() {
  double* values = values_.data();
  VecRestoreArray(N_VGetVector_Petsc(vector_), &values);
}

#endif

}  // namespace synbal
