// synbal laplacian solve|modes|diagonal|heat FILE
#include <array>

#include "app/laplacian_run.hpp"

namespace synbal::app {

Command add_laplacian(const OptionSet& root) {
  const auto command = root.add_command("laplacian", "solves, modes, diagonal and heat on the graph of conductances");
  command.require_command();
  command.footer(
      "The graph has conductances c_ij + c_ji from the costs of the synapses between two neurons of a component, at\n"
      "--at current|equilibrium|RESULT.h5; or the weights themselves with --conductances. Pinned neurons are ground.\n"
      "Results are in the unit of the costs, in the order of FILE. Exit code 4: the tolerance was not reached; the\n"
      "result is written and says so.");
  const std::array commands{add_laplacian_solve(command), add_laplacian_modes(command), add_laplacian_diagonal(command),
                            add_laplacian_heat(command)};
  return {command, [commands](const Context& context) {
            for (const auto& c : commands) {
              if (c.options.chosen()) return c.body(context);
            }
            throw usage_error("no command given (see `synbal laplacian --help`)");
          }};
}

}  // namespace synbal::app
