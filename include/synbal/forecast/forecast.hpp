// What a run of `balance` will take: time and memory on so many ranks, and how many ranks are best. Pure functions of a
// layout and a machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "synbal/forecast/layout.hpp"
#include "synbal/forecast/machine.hpp"

namespace synbal {

/// Seconds of one pass (r = t (C s), o = s (C^T t)) on the rank with most synapses, S = max/mean times the mean:
/// - bandwidth: (12 S - cache) / b for what of the costs no cache keeps from one pass to the next, 12 bytes each;
///   b = min(core_bandwidth, node_bandwidth / ranks of the node)
/// - compute:   S * synapse * pace of the family
/// - gather:    S * share of far ones * lines that these fetch (lines_fetched) * far
/// - neurons:   n * neuron * pace
/// - ghosts:    two exchanges (values there, sums back) of 8 bytes: g * (ghost + 16 / link_bandwidth)
/// - latency:   (2 * peers + collectives * ceil(log2 P)) * latency
struct PassTime {
  double bandwidth = 0, compute = 0, gather = 0, neurons = 0, ghosts = 0, latency = 0;
  [[nodiscard]] double total() const { return bandwidth + compute + gather + neurons + ghosts + latency; }
};
[[nodiscard]] PassTime pass_time(const Layout& layout, const FamilyCosts& family, const Machine& machine);

/// Bytes of the mean rank: process, synapses * synapse, neurons * neuron, ghosts * ghost, and what the family's
/// preconditioner takes for its synapses.
struct MemoryNeed {
  double process = 0, synapses = 0, neurons = 0, ghosts = 0, solver = 0;
  [[nodiscard]] double total() const { return process + synapses + neurons + ghosts + solver; }
};
enum class Keeps { weights, costs_alone };
[[nodiscard]] MemoryNeed memory_need(const Layout& layout, const FamilyCosts& family, const Machine& machine,
                                     Keeps keeps);

/// From h = 0 to an imbalance of 1e-10 (the program's own tolerance).
struct Forecast {
  Layout layout;
  PassTime pass;
  double setup = 0;  ///< seconds: most synapses of a rank * setup
  double solve = 0;  ///< seconds: passes * time of a pass + neurons * neuron + most synapses of a rank * synapse
  MemoryNeed with_weights, costs_alone;
  [[nodiscard]] double total() const { return setup + solve; }
  /// Which the solve takes as long as; 0 for nothing.
  [[nodiscard]] double passes() const { return pass.total() > 0 ? solve / pass.total() : 0.0; }
};
[[nodiscard]] Forecast forecast(const Layout& layout, const FamilyCosts& family, const Machine& machine);

/// Among 1, 2, 4, ... ranks whose memory (costs alone) fits a core's share of a node, and whose neurons and ghosts fit
/// 31 bits.
struct BestRanks {
  std::int64_t fewest = 0;     ///< that fit, F; 0 where none does
  std::int64_t efficient = 0;  ///< the most, P, that are half as efficient: F T(F) / (P T(P)) >= 1/2
  std::int64_t fastest = 0;
};
/// `layout_on`: of so many ranks, up to `most`.
[[nodiscard]] BestRanks best_ranks(const std::function<Layout(std::int64_t)>& layout_on, std::int64_t most,
                                   const FamilyCosts& family, const Machine& machine);

}  // namespace synbal
