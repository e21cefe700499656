// A network by name, and what subjects need of it.
#pragma once

#include <span>
#include <string>

#include "frame/contest.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal::benchmark {

/// Collective. A file, or what `synbal generate` makes of that name.
[[nodiscard]] Network named_network(const Comm& comm, const std::string& name);
/// Collective. Sizes, and how evenly and how far apart it lies.
[[nodiscard]] Json facts_of(const Comm& comm, const std::string& name, const Network& network);

/// A network ready for solvers.
struct Setting {
  const Comm& comm;
  Network network;
  Components components;
  BalanceProblem problem;
  FusedKernel kernel;
  ComponentSums sums;

  /// Collective.
  Setting(const Comm& comm, const std::string& name);
  /// Collective. Back to where every run begins.
  void restart();
  /// Collective. Whether h ([n] active neurons) balances the network, straight from the weights.
  [[nodiscard]] Verdict verdict_of(std::span<const double> h, double tolerance) const;
};

/// Collective. graph:KIND[,nodes=N][,edges=M][,seed=S] is one of benchmark_graph(); of any other network the costs as
/// they are.
[[nodiscard]] ConductanceGraph named_graph(const Comm& comm, const std::string& name);
/// Collective. Likewise.
[[nodiscard]] Json facts_of(const std::string& name, const ConductanceGraph& graph);

}  // namespace synbal::benchmark
