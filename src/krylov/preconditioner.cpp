// Names of preconditioners.
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

const char* to_string(Preconditioner preconditioner) noexcept {
  switch (preconditioner) {
    case Preconditioner::jacobi:
      return "jacobi";
    case Preconditioner::incomplete:
      return "incomplete cholesky";
    case Preconditioner::multigrid:
      return "multigrid";
    default:
      return "direct";
  }
}

}  // namespace synbal
