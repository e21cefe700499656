// Numbers of columns known to the compiler.
#pragma once

#include "krylov/width.hpp"
#include "synbal/laplacian/operator.hpp"

namespace synbal::laplacian {

static_assert(SymmetricOperator::kMaxColumns == LaplacianOperator::kMaxColumns);
using synbal::with_width;

}  // namespace synbal::laplacian
