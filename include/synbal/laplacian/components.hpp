// Sums over the connected components of a graph.
#pragma once

#include "synbal/krylov/component_sums.hpp"
#include "synbal/laplacian/graph.hpp"

namespace synbal {

static_assert(HasComponents<ConductanceGraph>);
using GraphComponents = ComponentSums;

}  // namespace synbal
