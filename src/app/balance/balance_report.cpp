// What a run of `balance` tells at its end.
#include <fmt/format.h>

#include <cmath>

#include "app/balance/balance.hpp"
#include "app/costs/cost_terms.hpp"

namespace synbal::app {

void describe(ReportWriter& report, const BalanceReport& r) {
  describe(report, r.head);
  report("input", r.input)("components", r.components)("cost", r.cost)("imbalance", r.run.found.imbalance);
  report("solver", r.solver())("h", r.h)("time", r.time)("memory", r.memory)("parallel", r.parallel);
  if (r.solver().cuts) report("cuts", *r.solver().cuts);
  if (r.run.asynchrony) report("asynchrony", *r.run.asynchrony);
  if (r.run.schedule) report("schedule", *r.run.schedule);
  if (r.groups) report("groups", *r.groups);
  if (r.known_h_off) report("known_h_off", *r.known_h_off);
  if (r.resumed) report("resumed", *r.resumed);
  if (r.kept) report("checkpoints", *r.kept);
}

void print(const BalanceReport& r) {
  const auto& s = r.solver();
  const auto& imbalance = r.run.found.imbalance;
  print_network(r.input, r.components);
  if (r.groups) fmt::print("tied         {} groups, of which the neurons share one h each\n", *r.groups);
  fmt::print("cost         {} before, {} after ({})\n", cost_text(r.cost.initial, r.cost.log10_initial),
             cost_text(r.cost.final, r.cost.log10_final),
             r.cost.terms.empty() ? "p = " + text_of(r.cost.power, "{:g}") : "weight*power: " + r.cost.terms);
  if (!r.cost.terms.empty()) {
    fmt::print("proof        none: a bound is known for single powers only\n");
  } else if (!r.cost.lower_bound && !r.cost.log10_bound) {
    fmt::print("proof        none: bounds are known near balance only\n");
  } else {
    fmt::print("proof        no scaling can cost less than {}; gap {}\n",
               cost_text(r.cost.lower_bound, r.cost.log10_bound), text_of(r.cost.gap, "{:.2e}"));
  }
  fmt::print("imbalance    {} relative to the cost; {} at most in log(in/out) of a neuron\n",
             text_of(imbalance.l1, "{:.2e}"), text_of(imbalance.max_log_ratio, "{:.2e}"));
  print_cuts(s.cuts);
  if (r.known_h_off) fmt::print("known h      {:.2e} off at most from what balances this network\n", *r.known_h_off);
  fmt::print("solver       {}: {}, {} sweeps, {} Newton steps, {} Krylov iterations, {} matrix passes\n", s.method,
             to_string(s.reason), s.sweeps, s.newton_steps, s.krylov_iterations, s.matrix_passes);
  print_method(r.run);
  if (r.resumed) print(*r.resumed);
  print_spent(r.time, "solving", r.memory, r.head.ranks);
  fmt::print("result       {}\n", r.output);
}

BalanceReport report_of(const BalanceOptions& o, const InputSection& input, const LoadedNetwork& loaded,
                        const BalanceProblem& problem, const MethodRun& run, const PhaseTimes& times) {
  const auto& found = run.found;
  CostSection cost{problem.power(), found.initial_cost, found.costs.total * problem.cost_unit()};
  cost.bound_by(found.certificate, problem);
  cost.terms = text_of_terms(o.method.terms);
  cost.log10_initial = found.initial_log10_cost;
  cost.log10_final = std::log10(found.costs.total) + problem.log10_cost_unit();
  return {{},      input, components_of(loaded.components, problem, found.initial_cost),
          cost,    run,   h_of(problem, found.h),
          times,   {},    parallel_of(loaded.network, problem),
          o.output};
}

}  // namespace synbal::app
