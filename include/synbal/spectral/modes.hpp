// The slowest modes: eigenpairs of the Laplacian with the smallest positive eigenvalues.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal {

struct ModesParams {
  int count = 16;                     ///< fewer come back when the rank of L is smaller
  double tolerance = 1e-8;            ///< |L v - lambda v| / lambda for |v| = 1 (normalised: in the norm of D^-1 and D)
  std::int64_t max_iterations = 500;  ///< restarts of the eigensolver in all
  /// False: L v = lambda v, v^T v = 1. True: L v = lambda D v with v^T D v = 1, D the degrees: the modes of the random
  /// walk, which deflation wants.
  bool normalised = false;
  std::uint64_t seed = 1;  ///< of the start vectors
};

struct Modes {
  int count = 0;
  std::vector<double> value;     ///< [count] ascending, positive, in the graph's unit (normalised: a number in (0, 2])
  std::vector<double> vector;    ///< [n * count], interleaved: node i of mode k at [i * count + k]; signs are arbitrary
  std::vector<double> residual;  ///< [count] as for `tolerance`, computed from the vectors
  bool normalised = false;
  bool converged = true;        ///< every residual is within the tolerance
  bool limited = false;         ///< the limit of iterations ended the search
  std::int64_t iterations = 0;  ///< outer ones
  std::string method;           ///< which of SLEPc's solvers, on what
  double seconds = 0;
};

/// Collective. By SLEPc: LAPACK for tiny graphs, else Krylov-Schur on a Chebyshev filter or, where no polynomial parts
/// the slow modes from the others, on the pseudoinverse. The filter is 2.1 to 4.6 times as fast on random, modular and
/// dense small-world graphs of 2e4 nodes and 2e5 edges (16 modes, one core), and as fast where a small world is sparse;
/// LOBPCG with our solves as its preconditioner, tried too, took five times as long on scale-free graphs and 0.85 on
/// lognormal ones. The null space (one constant per component without ground) is projected out. In a graph of several
/// components modes of different ones may share an eigenvalue; any basis of an eigenspace may come back.
Modes slowest_modes(const ConductanceGraph& graph, LaplacianSolver& solver, const ModesParams& params = {});

}  // namespace synbal
