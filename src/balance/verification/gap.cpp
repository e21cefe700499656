// The one check that uses the balance problem: how far the cost can be from its minimum.
#include "balance/verification/detail.hpp"
#include "synbal/balance/balance.hpp"

namespace synbal {

using namespace verification;

namespace {
constexpr double kSettled = 1e-8;  // of h: the default step tolerance
}

GapCheck check_gap(BalanceProblem& problem, std::span<const double> h, const Claims& claims) {
  const std::string name = "gap to the minimum / cost";
  if (problem.global_size() == 0) return {skipped(name, "nothing can be balanced"), {}, {}, 0};
  problem.rebase(problem.from_network(h));
  FusedKernel kernel(problem);
  NeuronCosts costs;
  const std::vector<double> here(at(problem.size()), 0.0);
  evaluate(problem, kernel, here, costs);
  const auto proof = assess(problem, kernel, costs);
  GapCheck result{skipped(name, "no bound could be proved"), {}, {}, proof.newton_step_inf};
  if (!proof.certificate.gap || !proof.certificate.lower_bound) return result;
  result.lower_bound = *proof.certificate.lower_bound * problem.cost_unit();
  result.gap = *proof.certificate.gap * problem.cost_unit();
  const double share = *proof.certificate.gap / costs.total;
  const auto note =
      fmt::format("the minimum is at least {:.10g}; {:.1e} to go in h", *result.lower_bound, proof.newton_step_inf);
  if (claims.converged) {
    // Along paths of very many synapses rounding widens the bound beyond what h is off: then the step decides.
    const double limit = std::max(1e-9, 100 * claims.tolerance);
    result.check = bounded(name, share, limit, note);
    if (share > limit && proof.newton_step_inf <= kSettled) result.check.outcome = Outcome::passed;
  } else {
    result.check = {name, Outcome::passed, share, {}, note};
  }
  return result;
}

}  // namespace synbal
