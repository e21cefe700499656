// From h = 0 to the equilibrium.
#include <fmt/format.h>

#include <memory>

#include "subjects/equilibria.hpp"
#include "subjects/kernel_peer.hpp"
#include "subjects/setting.hpp"
#include "subjects/slepc_balance.hpp"
#include "subjects/subjects.hpp"

namespace synbal::benchmark {

namespace {
/// SLEPc balances for eigenvalues. All that it is held to is that the matrix got smaller; how far it came is a figure.
struct SlepcContender {
  int passes = 0;
  std::vector<double> h = {};
};

/// Collective. What the network costs at h ([n] active neurons).
double cost_at(const Setting& s, std::span<const double> h) {
  return direct_costs(s.comm, s.network, s.components, s.problem.to_network(h, 0.0), s.problem.power()).total;
}

Contender contender_of(SlepcContender& slepc, const std::unique_ptr<SlepcBalance>& peer, const Setting& s) {
  const auto verdict = [&] {
    const double before = cost_at(s, std::vector<double>(slepc.h.size(), 0.0));
    return Verdict{"cost (squared Frobenius norm) over that before", cost_at(s, slepc.h) / before, 1};
  };
  return {.name = fmt::format("SLEPc two-sided balancing, {} passes", slepc.passes),
          .peer = true,
          .run = [&](Phases&) { slepc.h = peer->run(slepc.passes); },
          .verdict = verdict,
          .figures = [&](const Sample&) -> Json {
            return {{"imbalance_left", s.verdict_of(slepc.h, 0).value}};
          },
          .rival = false};
}
}  // namespace

void measure_solve(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  Setting s(comm, name);
  std::vector<Equilibrium> found(choices.methods.size());
  std::vector<Contender> contenders;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const auto run = [&, k](Phases& phases) {
      phases.begin("restart");
      s.restart();
      phases.begin("solve");
      found[k] = solve_by(s, choices.methods[k], choices.tolerance);
    };
    contenders.push_back({.name = choices.methods[k],
                          .run = run,
                          .verdict = [&, k] { return s.verdict_of(found[k].h, choices.tolerance); },
                          .figures = [&, k](const Sample& seconds) { return figures_of(s, found[k], seconds); }});
  }
  s.restart();
  std::unique_ptr<KernelPeer> peer;
  if (contest.settings().peers) peer = std::make_unique<KernelPeer>(s.problem);
  std::unique_ptr<SlepcBalance> slepc;
  if (contest.settings().peers) slepc = std::make_unique<SlepcBalance>(s.problem);
  SlepcContender few{.passes = 5}, many{.passes = 50};  // 5 is its default
  KernelPeer::Minimum minimum;
  contenders.push_back({.name = "PETSc TAO, Newton line search, CG with Jacobi",
                        .peer = true,
                        .run = [&](Phases&) { minimum = peer->minimise(choices.tolerance); },
                        .verdict = [&] { return s.verdict_of(minimum.h, choices.tolerance); },
                        .figures = [&](const Sample&) -> Json {
                          return {{"newton_steps", minimum.steps}, {"krylov_iterations", minimum.krylov_iterations}};
                        }});
  contenders.push_back(contender_of(few, slepc, s));
  contenders.push_back(contender_of(many, slepc, s));
  contest.hold({"solve", facts_of(comm, name, s.network)}, std::move(contenders));
}

}  // namespace synbal::benchmark
