// Costs, sums and classes.
#include "balance/chance/draws.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/balance/synapse_costs.hpp"
#include "synbal/core/halo.hpp"

namespace synbal::chance {

/// visit(row, entry) of this rank.
template <class Visit>
static void for_each_entry(const Network& network, Visit&& visit) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) visit(i, e);
  }
}

EntryCosts costs_of(const Comm& comm, const Network& network, double power) {
  const SynapseCosts synapses(comm, network, power);
  EntryCosts costs;
  costs.entry.resize(network.weight.size());
  double largest = -std::numeric_limits<double>::infinity();
  for_each_entry(network, [&](LocalIndex i, std::int64_t e) {
    costs.entry[at(e)] = synapses.log_cost(i, e);
    largest = std::max(largest, costs.entry[at(e)]);
  });
  largest = comm.max(largest);
  for (auto& c : costs.entry) c = std::isinf(largest) ? 0 : std::exp(c - largest);
  sum_up(network, costs.entry, costs.in, costs.out);
  return costs;
}

void sum_up(const Network& network, std::span<const double> entry, std::vector<double>& in, std::vector<double>& out) {
  const auto n = at(network.local_size());
  in.assign(n, 0.0);
  out.assign(n + network.halo.ghosts().size(), 0.0);
  for_each_entry(network, [&](LocalIndex i, std::int64_t e) {
    in[at(i)] += entry[at(e)];
    out[at(network.column[at(e)])] += entry[at(e)];
  });
  HaloExchange<double> exchange(network.halo);
  exchange.reverse_begin([&](LocalIndex g) { return out[n + at(g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { out[at(i)] += value; });
  out.resize(n);
}

double norm_of(const Comm& comm, const Network& network, std::span<const double> entry) {
  std::vector<double> in, out;
  sum_up(network, entry, in, out);
  double square = 0;
  for (std::size_t i = 0; i < in.size(); ++i) square += (in[i] - out[i]) * (in[i] - out[i]);
  return std::sqrt(comm.sum(square));
}

Classes classes_of(const Comm& comm, const Network& network, const std::vector<std::int64_t>& label) {
  Classes classes;
  classes.number.assign(at(network.local_size()), 0);
  if (!comm.any(!label.empty())) return classes;
  const auto own = distinct(label);
  const auto all = distinct(comm.gather_all(std::span<const std::int64_t>(own)));
  for (std::size_t i = 0; i < label.size(); ++i) {
    classes.number[i] = std::ranges::lower_bound(all, label[i]) - all.begin();
  }
  classes.count = std::max<std::int64_t>(std::ssize(all), 1);
  return classes;
}

}  // namespace synbal::chance
