// The formulas.
#include "synbal/forecast/forecast.hpp"

#include <algorithm>
#include <cmath>

namespace synbal {

namespace {

constexpr double kCostBytes = 12;       // a cost and where it belongs
constexpr double kSlotsOfLine = 4;      // of 16 bytes
constexpr double kExchangedBytes = 16;  // a value there, a sum back

double bandwidth_of_rank(std::int64_t ranks, const Machine& machine) {
  const auto sharing = static_cast<double>(std::min<std::int64_t>(ranks, machine.cores));
  return std::min(machine.core_bandwidth, machine.node_bandwidth / sharing);
}

double most_synapses(const Layout& layout) { return layout.synapses * layout.synapses_max_over_mean; }

}  // namespace

double lines_fetched(const Layout& layout) {
  if (layout.synapses == 0) return 0;
  const double places = layout.neurons + layout.ghosts;
  const double tiles = std::max(1.0, layout.neurons / kFarPlaces) * std::max(1.0, places / kFarPlaces);
  const double entries = layout.synapses / tiles, lines = std::min(kFarPlaces, places) / kSlotsOfLine;
  return lines / entries * -std::expm1(-entries / lines);
}

PassTime pass_time(const Layout& layout, const FamilyCosts& family, const Machine& machine) {
  const double most = most_synapses(layout);
  const double rounds = std::ceil(std::log2(static_cast<double>(layout.ranks)));
  PassTime time;
  time.bandwidth = std::max(0.0, most * kCostBytes - machine.cache) / bandwidth_of_rank(layout.ranks, machine);
  time.compute = most * machine.pass.synapse * family.pace;
  time.gather = most * layout.far * lines_fetched(layout) * machine.pass.far;
  time.neurons = layout.neurons * machine.pass.neuron * family.pace;
  time.ghosts = layout.ghosts * (machine.pass.ghost + kExchangedBytes / machine.link_bandwidth);
  time.latency = (2 * layout.peers + machine.collectives * rounds) * machine.latency;
  return time;
}

MemoryNeed memory_need(const Layout& layout, const FamilyCosts& family, const Machine& machine, Keeps keeps) {
  const auto& costs = keeps == Keeps::weights ? machine.weights : machine.costs_alone;
  return {machine.process, layout.synapses * costs.synapse, layout.neurons * costs.neuron, layout.ghosts * costs.ghost,
          layout.synapses * family.solver};
}

Forecast forecast(const Layout& layout, const FamilyCosts& family, const Machine& machine) {
  Forecast f;
  f.layout = layout, f.pass = pass_time(layout, family, machine);
  f.setup = most_synapses(layout) * family.setup;
  f.solve = family.passes * f.pass.total() + layout.neurons * family.neuron + most_synapses(layout) * family.synapse;
  f.with_weights = memory_need(layout, family, machine, Keeps::weights);
  f.costs_alone = memory_need(layout, family, machine, Keeps::costs_alone);
  return f;
}

BestRanks best_ranks(const std::function<Layout(std::int64_t)>& layout_on, std::int64_t most, const FamilyCosts& family,
                     const Machine& machine) {
  constexpr double efficiency = 0.5, most_places = 2147483647;  // local indices are 32-bit
  const double room = machine.memory / machine.cores;
  BestRanks best;
  double work_of_fewest = 0, least = 0;
  for (std::int64_t ranks = 1; ranks <= most; ranks *= 2) {
    const auto f = forecast(layout_on(ranks), family, machine);
    if (f.costs_alone.total() > room || f.layout.neurons + f.layout.ghosts > most_places) continue;
    const double time = f.total(), work = time * static_cast<double>(ranks);
    if (best.fewest == 0) best.fewest = best.fastest = ranks, work_of_fewest = work, least = time;
    if (work * efficiency <= work_of_fewest) best.efficient = ranks;
    if (time < least) best.fastest = ranks, least = time;
  }
  return best;
}

}  // namespace synbal
