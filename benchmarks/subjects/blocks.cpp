// Ghosts, messages and imbalance that runs on 1 to 1,024 ranks would have, counted on one rank, beside what the
// performance model expects of the family. Nothing is timed: a line for each number of ranks.
#include <fmt/format.h>

#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/core/error.hpp"
#include "synbal/forecast/layout.hpp"
#include "synbal/io/sizes.hpp"

namespace synbal::benchmark {

namespace {
Json json_of(const Layout& layout) {
  return {{"synapses", layout.synapses}, {"synapses_max_over_mean", layout.synapses_max_over_mean},
          {"ghosts", layout.ghosts},     {"ghost_fraction", layout.neurons > 0 ? layout.ghosts / layout.neurons : 0.0},
          {"peers", layout.peers},       {"far", layout.far}};
}
}  // namespace

void measure_blocks(Contest& contest, const Choices& /*choices*/, const std::string& name) {
  constexpr std::int64_t most = 1'024;
  const auto& comm = contest.comm();
  if (comm.size() > 1) throw usage_error("blocks are counted on one rank: leave mpirun out");
  const auto network = named_network(comm, name);
  const auto made = network_sizes(comm, name, {}).generated;
  for (std::int64_t ranks = 1; ranks <= std::min(most, network.size()); ranks *= 2) {
    const auto blocks = made ? even_blocks(network.size(), ranks) : blocks_by_synapses(network, ranks);
    Json line{{"benchmark", "blocks"}, {"network", facts_of(comm, name, network)}, {"ranks", ranks}};
    line["counted"] = json_of(counted_layout(network, blocks));
    if (made) line["expected"] = json_of(expected_layout(*made, ranks));
    fmt::print("{}\n", line.dump());
  }
}

}  // namespace synbal::benchmark
