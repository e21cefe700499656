// Costs and weights at a time, or one after the other.
#include <fmt/format.h>

#include "app/balance/balance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/memory_room.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::app {

namespace {

/// What needs weights beside costs while solving, or afterwards; nothing where costs alone will do.
std::optional<std::string> needs_weights(const BalanceOptions& o) {
  using enum BalanceMethod;
  const auto method = o.method.method;
  if (method != automatic && method != newton && method != sweep) return "this --method visits single synapses";
  if (!o.method.terms.empty()) return "--cost has several powers";
  if (o.all_costs) return "--cost-scope all looks at what stands around the network";
  if (o.gauge != Gauge::zero_mean) return "--gauge looks at what stands around the network";
  if (!o.only_h && o.input.read.partition == PartitionKind::ptscotch) {
    return "weights that are written are read again, and ptscotch may divide the network otherwise then";
  }
  return {};
}

}  // namespace

bool gives_weights_up(const Comm& comm, const BalanceOptions& o, const Network& network, const CostView& view) {
  constexpr std::int64_t large = 1'000'000;  // synapses; smaller networks fit anywhere
  if (o.held == Held::weights) return false;
  auto obstacle = needs_weights(o);
  if (!obstacle && view.groups()) obstacle = "neurons are tied";
  agreed(comm, [&] {
    if (!obstacle || o.held != Held::costs) return;
    throw usage_error(fmt::format("--hold costs: {}: leave the option out", *obstacle));
  });
  if (obstacle) return false;
  if (o.held == Held::costs) return true;
  if (o.only_h || network.nnz < large) return o.only_h && network.nnz >= large;
  const bool fits = has_room(comm, memory_of_costs(network));
  if (!fits) log_info("costs and weights do not fit together: the weights are read again in the end");
  return !fits;
}

Network read_again(const Comm& comm, const BalanceOptions& o, const Network& before) {
  log_info("reading {} again, for its weights", o.input.path);
  auto network = read_network(comm, o.input.path, o.input.read);
  const bool same = network.facts.checksum == before.facts.checksum && network.nnz == before.nnz &&
                    network.rows.first() == before.rows.first() && network.local_size() == before.local_size();
  agreed(comm, [&] {
    if (!same) throw bad_input(fmt::format("{}: is not what it was when it was balanced", o.input.path));
  });
  network.nodes = before.nodes;
  return network;
}

}  // namespace synbal::app
