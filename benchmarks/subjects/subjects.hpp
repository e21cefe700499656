// What is measured: each subject is a function that holds a contest on one network.
#pragma once

#include <string>
#include <vector>

#include "frame/contest.hpp"

namespace synbal::benchmark {

/// What subjects are told beside what all are.
struct Choices {
  double tolerance = 1e-10;  ///< of imbalances
  double residual = 1e-8;    ///< of linear solves and modes
  std::vector<std::string> methods{"newton", "sweep"};
  int columns = 16;  ///< of simulations
  int count = 8;     ///< modes
  int solves = 64;   ///< of estimates
  std::string folder = ".";
  std::vector<std::string> extensions{".h5"};
};

/// All are collective.
using Subject = void(Contest& contest, const Choices& choices, const std::string& network);

/// The fused product with C and its transpose; PETSc's MatMult and MatMultTranspose.
Subject measure_kernel;
/// Equilibria by every method that is asked for; a plain Newton-CG by PETSc's TAO.
Subject measure_solve;
/// The Lax flow to its equilibrium, beside Newton's method.
Subject measure_flow;
/// Asynchronous balancing beside sweeps.
Subject measure_stochastic;
/// L x = b; conjugate gradients of PETSc with its preconditioners. Networks may be families of graphs, see
/// named_graph().
Subject measure_laplacian;
/// The slowest modes; SLEPc's solvers.
Subject measure_modes;
/// Effective resistances of all edges.
Subject measure_resistance;
/// Steps of a simulation of many columns; PETSc's product with a dense block.
Subject measure_simulate;
/// What blocks of rows on up to 1,024 ranks need of each other, counted and expected; nothing is timed.
Subject measure_blocks;
/// Files of networks, there and back; the same bytes by plain writes and reads.
Subject measure_io;

}  // namespace synbal::benchmark
