// The integrator's vectors, and SUNDIALS at arm's length. The only room that knows what an N_Vector is made of: PETSc
// vectors, or SUNDIALS' own MPI vectors where PETSc has 64-bit indices (the distribution's nvecpetsc links the PETSc
// with 32-bit ones).
#pragma once

#include <sundials/sundials_context.h>
#include <sundials/sundials_nvector.h>

#include <span>

#include "synbal/core/comm.hpp"
#include "synbal/core/handle.hpp"
#include "synbal/core/types.hpp"

namespace synbal {

/// Throws internal_error with the expression and the place when a SUNDIALS call fails.
void check_sundials(int code, const char* expression, const char* file, int line);
#define SYNBAL_SUNDIALS(...) ::synbal::check_sundials((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

struct SunContextTraits {
  static SUNContext null() { return nullptr; }
  static void destroy(SUNContext raw) noexcept { SUNContext_Free(&raw); }
};
struct StateVectorTraits {
  static N_Vector null() { return nullptr; }
  static void destroy(N_Vector raw) noexcept { N_VDestroy(raw); }
};
using SunContext = Handle<SUNContext, SunContextTraits>;
using StateVector = Handle<N_Vector, StateVectorTraits>;

SunContext make_sundials_context();

/// Collective. A vector of `n` zeros on this rank. `comm` must outlive it and its clones.
/// @throws Error bad_input when there are more values than PetscInt counts.
StateVector make_state_vector(const Comm& comm, LocalIndex n, SUNContext context);

/// Read access to this rank's values, given back at the end of the scope.
class ReadValues {
 public:
  ReadValues(N_Vector vector, LocalIndex n);
  ReadValues(const ReadValues&) = delete;
  ReadValues& operator=(const ReadValues&) = delete;
  ~ReadValues();
  [[nodiscard]] std::span<const double> get() const noexcept { return values_; }

 private:
  N_Vector vector_;
  std::span<const double> values_;
};

/// Access for reading and writing.
class WriteValues {
 public:
  WriteValues(N_Vector vector, LocalIndex n);
  WriteValues(const WriteValues&) = delete;
  WriteValues& operator=(const WriteValues&) = delete;
  ~WriteValues();
  [[nodiscard]] std::span<double> get() const noexcept { return values_; }

 private:
  N_Vector vector_;
  std::span<double> values_;
};

}  // namespace synbal
