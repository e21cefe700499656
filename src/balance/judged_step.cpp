// One accurate Newton equation, with the clusters' constants projected out where there are clusters.
#include "balance/judged_step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "synbal/balance/newton.hpp"

namespace synbal {

namespace {
constexpr double kStepTolerance = 1e-2;  // of the solve behind the certificate and the step that is left
}  // namespace

JudgedStep judged_step(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components,
                       const NeuronCosts& costs) {
  JudgedStep step;
  step.clusters = find_stiff_clusters(problem, costs, components, true);
  std::optional<ComponentSums> finer;
  if (!step.clusters.trivial())
    finer.emplace(problem.comm(), step.clusters.label, problem.neurons(), step.clusters.grounded);
  if (finer && problem.reproducible()) finer->make_reproducible();
  NewtonEquation equation(problem, kernel, finer ? *finer : components);
  const auto phi = equation.solve_accurately(costs, kStepTolerance, !step.clusters.trivial() && !step.clusters.stiff());
  step.phi.assign(phi.begin(), phi.end());
  step.krylov_iterations = equation.iterations();
  double largest = 0;
  for (const double x : phi) largest = std::max(largest, std::abs(x) / problem.power());
  step.newton_step_inf = equation.solved() ? problem.comm().max(largest) : std::numeric_limits<double>::infinity();
  if (step.clusters.trivial()) return step;
  step.offsets = cluster_offsets(problem, costs, step.clusters, kOffsetTolerance);
  step.newton_step_inf += step.offsets.step_inf + step.offsets.residual_inf;
  for (std::size_t i = 0; i < step.phi.size(); ++i) step.phi[i] += problem.power() * step.offsets.h[i];
  return step;
}

}  // namespace synbal
