// The Lax flow by CVODE with a linear solver as it comes with CVODE, and the products of PETSc.
#pragma once

#include <cstdint>
#include <vector>

#include "subjects/kernel_peer.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/types.hpp"
#include "synbal/flow/flow_params.hpp"

namespace synbal::benchmark {

/// SUNLinSol_SPGMR on difference quotients, all of it CVODE's; SUNLinSol_PCG on the analytic product with Jacobi.
enum class PeerSolver { gmres, conjugate_gradients };

struct FlowPeerRun {
  std::vector<double> h;  ///< [n] where it stopped
  std::int64_t steps = 0, right_hand_sides = 0, krylov_iterations = 0;
};

/// Collective. h' = in - out from h = 0 ([n] values here) until sum |in - out| is below `tolerance` times the cost, or
/// CVODE gives up, or more than `seconds` are over. `costs` are those of a problem of power `power`.
[[nodiscard]] FlowPeerRun flow_by_peer(const Comm& comm, KernelPeer& costs, LocalIndex n, double power,
                                       PeerSolver solver, const IntegratorParams& params, double tolerance,
                                       double seconds);

}  // namespace synbal::benchmark
