// Causes and remedies.
#include "app/outcome/remedy.hpp"

#include <fmt/format.h>

namespace synbal::app {

std::string remedy_of(const SolverResult& solver, double l1) {
  switch (solver.reason) {
    case StopReason::iteration_limit:
      return fmt::format(
          "the limit of {} iterations ended the run: allow more (--max-iterations); --method auto takes the fewest",
          solver.iterations);
    case StopReason::walltime:
      return "--max-walltime ended the run: allow more time or more ranks; with --checkpoint-interval above 0 it could "
             "go on from where it is";
    case StopReason::step_left:
      return fmt::format(
          "balanced as asked, but h may still move by {}: try {}a smaller --tolerance, or accept that by a larger "
          "--step-tolerance",
          text_of(solver.newton_step_inf, "{:.1e}"), solver.newton_steps > 0 ? "" : "--method auto, ");
    default:
      return fmt::format(
          "rounding lets the imbalance fall no further than {}: try --method auto, accept it by a larger --tolerance, "
          "or "
          "leave out the weakest synapses (`synbal info` tells how weak they are)",
          text_of(l1, "{:.1e}"));
  }
}

std::string why_nothing_moves(const InputSection& input) {
  if (input.synapses == 0) return "nothing to balance: there are no synapses (of weights other than 0)";
  return "nothing to balance: no free neuron is on a cycle, so that every synapse leads from one component to another "
         "(or is a self-loop), and h stays 0";
}

}  // namespace synbal::app
