// All that a program needs to generate, read, balance, follow, look into and write networks. Headers of single subjects
// compile faster; each stands alone. A program begins with a Session, which owns MPI and PETSc:
//
//   const synbal::Session session("my program");
//   const auto& world = session.world();
//   const auto network = synbal::read_network(world, "net.h5", {});
//   const auto components = synbal::strongly_connected_components(world, network);
//   synbal::BalanceProblem problem(world, network, components, 2.0);  // cost |J|^2
//   const auto found = synbal::balance(problem, {});
//
// Collective functions say so; errors are synbal::Error, thrown on all ranks together.
#pragma once

#include "synbal/balance/balance.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/session.hpp"
#include "synbal/flow/flow.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/io/result.hpp"
#include "synbal/io/trajectory.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/factor.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/network/network.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/perturb/perturb.hpp"
#include "synbal/perturb/problem_graph.hpp"
#include "synbal/resistance/diagonal.hpp"
#include "synbal/resistance/edge_resistance.hpp"
#include "synbal/resistance/resistance.hpp"
#include "synbal/spectral/heat.hpp"
#include "synbal/spectral/modes.hpp"
#include "synbal/stochastic/asynchronous.hpp"
#include "synbal/stochastic/schedule_solver.hpp"
