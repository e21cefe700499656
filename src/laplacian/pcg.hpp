// Conjugate gradients, which live in krylov.
#pragma once

#include "synbal/krylov/pcg.hpp"
#include "synbal/laplacian/components.hpp"
#include "synbal/laplacian/operator.hpp"
#include "synbal/laplacian/solver.hpp"
