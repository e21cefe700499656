// The eigenproblem is LAPACK's.
#include "synbal/krylov/tridiagonal.hpp"

#include <utility>

#include "synbal/core/error.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/core/types.hpp"
// clang-format off: needs the types of the headers before it
#include <petscblaslapack.h>
// clang-format on

namespace synbal {

RitzPairs diagonalise(std::vector<double> diagonal, std::vector<double> beside) {
  const auto n = diagonal.size();
  RitzPairs pairs{static_cast<int>(n), std::move(diagonal), std::vector<double>(n * n)};
  if (n == 0) return pairs;
  std::vector<double> work(2 * n + 2);
  const PetscBLASInt size = pairs.dimension;
  PetscBLASInt info = 0;
  LAPACKsteqr_("I", &size, pairs.value.data(), beside.data(), pairs.vector.data(), &size, work.data(), &info);
  if (info != 0) throw internal_error("LAPACK found no eigenvalues of a tridiagonal matrix");
  return pairs;
}

}  // namespace synbal
