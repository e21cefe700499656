// The solvers that the Laplacian solver is measured against: conjugate gradients of PETSc with its preconditioners.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::benchmark {

/// jacobi, icc (block Jacobi of it on several ranks), boomeramg (default options), boomeramg-tuned
const std::vector<std::string>& peer_names();

struct PeerRun {
  bool converged = false;  ///< as PETSc says
  std::int64_t iterations = 0;
  double setup_seconds = 0, solve_seconds = 0;
};

/// The assembled Laplacian, made once: its assembly is not timed, as that of the graph is not.
class Peers {
 public:
  /// Collective. The graph must outlive it.
  explicit Peers(const ConductanceGraph& graph);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  /// Collective. Sets the preconditioner up and solves L x = b (b in the range of L) to a relative residual.
  PeerRun run(const std::string& name, std::span<const double> b, std::span<double> x, double tolerance);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal::benchmark
