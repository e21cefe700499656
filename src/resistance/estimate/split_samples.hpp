// Random projections of L^+ in which short walks and slow modes no longer occur: what estimates of resistances and of
// diagonals average over.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <span>
#include <vector>

#include "resistance/estimate/walks.hpp"
#include "resistance/quadrature.hpp"
#include "synbal/core/block_exchange.hpp"
#include "synbal/core/random.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/resistance/edge_resistance.hpp"
#include "synbal/spectral/modes.hpp"

namespace synbal::detail {

/// A random sign for every edge and random vector, belonging to the ends of the edge. An edge to ground has its node
/// twice.
class EdgeSigns {
 public:
  EdgeSigns(std::uint64_t seed, GlobalIndex nodes) : random_(seed, 0x51A1), nodes_(nodes) {}

  /// Bit k says the sign of vector first + k (set: +1), for at most 16 of them; first is a multiple of 16.
  [[nodiscard]] std::uint32_t bits(GlobalIndex i, GlobalIndex j, int first) const {
    const auto low = static_cast<std::uint64_t>(i < j ? i : j), high = static_cast<std::uint64_t>(i < j ? j : i);
    const auto words =
        random_.bits(low * static_cast<std::uint64_t>(nodes_) + high, static_cast<std::uint32_t>(first / 128));
    const auto place = static_cast<unsigned>(first % 128);
    return static_cast<std::uint32_t>(words[place / 64] >> (place % 64)) & 0xFFFFU;
  }

 private:
  CounterRandom random_;
  GlobalIndex nodes_;
};

struct SplitParams {
  int solves = 64;
  std::uint64_t seed = 1;
  double missing = 1e-5;  ///< energy that a random solve may lack; each mode contributes 1
  int steps = 2;          ///< degree of pi
  const Modes* modes = nullptr;
};

/// Blocks are interleaved over owned nodes and ghosts: [(n + ghosts) * columns].
struct PowerBlock {
  int columns;
  std::array<std::span<const double>, 3> x;  ///< P^t x for t = 0, 1, 2, x without slow modes
};
struct SampleBlock {
  int first;  ///< number of the first random vector
  int columns;
  std::span<const double> x;  ///< L^+ B^T W^1/2 z
  std::span<const double> y;  ///< pi(P) of it, without slow modes
};

/// E|z| for a standard normal z: sqrt(2/pi).
inline double mean_of_normal() { return std::sqrt(2 * std::numbers::inv_pi); }

/// What an estimator does with the samples. All may communicate.
struct SplitVisitor {
  std::function<Polynomial(const PowerBlock&)> choose;              ///< after the first block was solved
  std::function<void(const SampleBlock&)> sample;                   ///< every block
  std::function<void(int columns, std::span<const double>)> modes;  ///< pi(P) v, v^T L v = 1: counts fully
};

/// Collective. What relative errors, found on all ranks, say about an estimate.
void note_errors(const Comm& comm, std::span<const double> errors, EstimateQuality& quality);

/// What came of the solves.
struct SplitOutcome {
  Polynomial pi{};
  bool converged = true;
  double seconds = 0;  ///< in the solver
};

/// Collective. Random projections after Spielman & Srivastava (2011), of what walks and modes leave:
/// L^+ = sum_t q_t A_t + sum_v pi(P) v v^T pi(P)^T + E[y y^T]: the walks, the slow modes that were given,
/// and the rest as an expectation over the samples (within components; A_t in walks.hpp).
SplitOutcome sample_split(const ConductanceGraph& graph, LaplacianSolver& solver, const EigenvalueBound& bound,
                          const SplitParams& params, const SplitVisitor& visitor);

}  // namespace synbal::detail
