// The eigensolvers that the slowest modes are measured against: SLEPc's, as it offers them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synbal/graph/graph.hpp"

namespace synbal::benchmark {

/// krylov-schur (smallest, without inverse), lobpcg-jacobi, lobpcg-boomeramg (with the options that suit these graphs
/// best), gd-boomeramg (generalised Davidson)
const std::vector<std::string>& mode_peer_names();

struct ModePeerRun {
  int count = 0;               ///< pairs that SLEPc calls converged
  std::vector<double> value;   ///< [count]
  std::vector<double> vector;  ///< [n * count], interleaved
  std::int64_t iterations = 0;
  double seconds = 0;  ///< set-up of the preconditioner included, assembly of the matrix not
};

/// The assembled Laplacian, made once.
class ModePeers {
 public:
  /// Collective. The graph must outlive it and be connected.
  explicit ModePeers(const ConductanceGraph& graph);
  ~ModePeers();
  ModePeers(const ModePeers&) = delete;
  ModePeers& operator=(const ModePeers&) = delete;

  /// Collective. The `count` smallest positive eigenvalues, to |L v - lambda v| <= tolerance lambda, or as many as
  /// there are after `seconds`.
  ModePeerRun run(const std::string& name, int count, double tolerance, double seconds);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal::benchmark
