// Asynchronous balancing beside sweeps.
#include "subjects/equilibria.hpp"
#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal::benchmark {

void measure_stochastic(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  Setting s(comm, name);
  const std::vector<std::pair<std::string, TransportKind>> ways{{"one-sided", TransportKind::one_sided},
                                                                {"two-sided", TransportKind::two_sided}};
  std::vector<AsynchronousEquilibrium> found(ways.size());
  Equilibrium sweep;
  std::vector<Contender> contenders;
  for (std::size_t k = 0; k < ways.size(); ++k) {
    AsynchronousParams params;
    params.stop.tolerance = choices.tolerance, params.transport = ways[k].second;
    const auto figures = [&, k](const Sample&) -> Json {
      const auto& a = found[k].asynchrony;
      const auto neurons = static_cast<double>(std::max<GlobalIndex>(s.problem.global_size(), 1));
      return {{"relaxations_per_neuron", static_cast<double>(a.relaxations) / neurons},
              {"publications", a.traffic.messages},
              {"bytes_published", a.traffic.bytes},
              {"mean_age_of_values_read", a.staleness.mean},
              {"false_alarms", a.false_alarms}};
    };
    contenders.push_back({.name = "asynchronous, " + ways[k].first,
                          .run =
                              [&, k, params](Phases&) {
                                s.restart();
                                found[k] = balance_asynchronously(s.problem, s.network, params);
                              },
                          .verdict = [&, k] { return s.verdict_of(found[k].equilibrium.h, choices.tolerance); },
                          .figures = figures});
  }
  contenders.push_back({.name = "coloured sweeps",
                        .run =
                            [&](Phases&) {
                              s.restart();
                              sweep = solve_by(s, "sweep", choices.tolerance);
                            },
                        .verdict = [&] { return s.verdict_of(sweep.h, choices.tolerance); },
                        .figures = [&](const Sample& seconds) { return figures_of(s, sweep, seconds); }});
  contest.hold({"stochastic", facts_of(comm, name, s.network)}, std::move(contenders));
}

}  // namespace synbal::benchmark
