// From what was found to the files.
#include <algorithm>
#include <functional>

#include "app/balance/balance.hpp"
#include "app/costs/cost_terms.hpp"
#include "app/outcome/neuron_table.hpp"
#include "synbal/io/result.hpp"
#include "synbal/network/outside.hpp"

namespace synbal::app {

void InOut::add(const InOut& other) {
  std::ranges::transform(in, other.in, in.begin(), std::plus<>());
  std::ranges::transform(out, other.out, out.begin(), std::plus<>());
}

InOut taken_over(const BalanceProblem& problem) {
  if (problem.has_synapses()) return {};
  std::vector<double> in(at(problem.size())), out(in);
  const std::vector<double> ones(in.size(), 1.0);
  FusedKernel kernel(problem);
  kernel(ones, ones, in, out);
  for (auto* costs : {&in, &out}) std::ranges::for_each(*costs, [&](double& c) { c *= problem.cost_unit(); });
  return {problem.to_network(in, 0.0), problem.to_network(out, 0.0)};
}

InOut costs_at(const Comm& comm, const BalanceOptions& o, const LoadedNetwork& loaded, std::span<const double> h,
               const InOut& taken) {
  auto costs = costs_of_terms(comm, loaded, h, o.terms());
  InOut sum{std::move(costs.in), std::move(costs.out)};
  if (!taken.in.empty()) sum.add(taken);
  return sum;
}

void write_balanced(const Comm& comm, const BalanceOptions& o, LoadedNetwork&& loaded, BalancedRows&& rows,
                    const SolverResult& solver, Provenance about, ExitCode code, bool weights) {
  auto& [network, components] = loaded;
  auto& [h, before, after] = rows;
  about.reason = to_string(solver.reason), about.exit_code = static_cast<int>(code);
  about.tolerance = o.params.stop.tolerance;
  about.cost_terms = text_of_terms(o.method.terms);
  about.cost_scope = o.all_costs ? "all" : "recurrent", about.gauge = to_string(o.gauge);
  if (weights) scale_weights(comm, network, h);
  if (o.all_costs) {
    components.number = numbers_inside(comm, components);
    network = without_outside(comm, std::move(network));
    for (auto* values : {&h, &after.in, &after.out, &before.in, &before.out}) values->pop_back();
  }
  write_result(comm, network,
               {.h = h,
                .component = components.number,
                .in_cost = after.in,
                .out_cost = after.out,
                .history = solver.history,
                .balanced = weights ? &network : nullptr,
                .provenance = about,
                .in_cost_before = before.in,
                .out_cost_before = before.out},
               o.output);
  if (o.table.empty()) return;
  write_neurons(comm, network, {h, before.in, before.out, after.in, after.out}, about, o.table);
}

}  // namespace synbal::app
