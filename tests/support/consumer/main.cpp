// A program outside the project: makes a network, balances it, and prints what that saves. Run it alone or by mpirun.
#include <cstdio>
#include <synbal/synbal.hpp>

int main() {
  const synbal::Session session("consumer");
  const auto& world = session.world();
  const auto network =
      synbal::generate(world, {.kind = "modular", .nodes = 1600, .degree = 8, .seed = 1, .modules = 16});
  const auto components = synbal::strongly_connected_components(world, network);
  synbal::BalanceProblem problem(world, network, components, 2.0);  // cost |J|^2
  const auto found = synbal::balance(problem, {});
  const double after = found.costs.total * problem.cost_unit();
  if (world.is_root()) {
    std::printf("synbal %s: cost %.10g before, %.10g after\n", synbal::version().c_str(), found.initial_cost, after);
  }
  return found.solver.converged() ? 0 : 4;
}
