// Single neurons on the weights, single neurons on h, and rounds over a subset.
#include "synbal/stochastic/neuron_operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "synbal/balance/run_frame.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/own_sums.hpp"
#include "synbal/core/random.hpp"
#include "synbal/network/factor.hpp"

namespace synbal {

namespace {

constexpr std::uint32_t kOrderStream = 401;

bool is_pinned(const Network& network, LocalIndex i) {
  return !network.nodes.pinned.empty() && network.nodes.pinned[at(i)] != 0;
}

void check_factor(const Network& network, const NeuronFactor& factor) {
  if (factor.neuron < 0 || factor.neuron >= network.local_size()) {
    throw usage_error(fmt::format("row {} is none of this rank's {} (a rank scales its own neurons): give local rows",
                                  factor.neuron, network.local_size()));
  }
  if (!(factor.lambda > 0) || !std::isfinite(factor.lambda)) {
    throw usage_error(
        fmt::format("neuron {} cannot be scaled by {} (signs and zeros must stay as they are): give a "
                    "positive, finite factor",
                    network.file_index(factor.neuron), factor.lambda));
  }
  if (is_pinned(network, factor.neuron)) {
    throw usage_error(
        fmt::format("neuron {} cannot be scaled (it is pinned: what it does is seen from outside): "
                    "leave it out, or unpin it",
                    network.file_index(factor.neuron)));
  }
}

/// [n_local + ghosts] Gains of all columns; 1 without gains, of which other ranks may hold some.
std::vector<double> column_gains(const Network& network) {
  auto gain = network.nodes.gain;
  gain.resize(at(network.local_size()), 1.0);
  return with_ghosts(network.halo, std::move(gain));
}

/// visit(entry, into) for all synapses of one neuron that this rank holds, self-loops left out.
template <class Visit>
void for_each_synapse_of(const Network& network, GlobalIndex neuron, Visit&& visit) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const bool own_row = network.rows.first() + i == neuron;
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const bool own_column = network.global(network.column[at(e)]) == neuron;
      if (own_row != own_column) visit(at(e), own_row);
    }
  }
}

/// Costs in units of the power of the neuron's largest (alpha gain^2)^{1/p} |J|, so that none over- or underflows.
struct RelativeCosts {
  SeenCosts seen;
  double largest = 0;
};

RelativeCosts relative_costs(const Comm& comm, const Network& network, GlobalIndex neuron, double power) {
  const auto gain = column_gains(network);
  const auto size_of = [&](std::size_t e) {
    const double g = gain[at(network.column[e])], alpha = network.alpha.empty() ? 1.0 : network.alpha[e];
    const double factor = alpha * g * g;
    return std::abs(network.weight[e]) * (factor == 1 ? 1.0 : std::pow(factor, 1 / power));
  };
  double largest = 0;
  for_each_synapse_of(network, neuron, [&](std::size_t e, bool) { largest = std::max(largest, size_of(e)); });
  largest = comm.max(largest);
  if (largest == 0) return {};
  std::array<double, 2> sums{};
  for_each_synapse_of(network, neuron,
                      [&](std::size_t e, bool into) { sums[into ? 0 : 1] += to_the(size_of(e) / largest, power); });
  comm.sum(std::span<double>(sums));
  return {{sums[0], sums[1]}, largest};
}

void check_neuron(const Comm& comm, const Network& network, GlobalIndex neuron) {
  agreed(comm, [&] {
    if (neuron >= 0 && neuron < network.size()) return;
    throw usage_error(fmt::format("there is no neuron {} (the network has {}, counted from 0): choose another", neuron,
                                  network.size()));
  });
}

void check_fraction(double fraction, bool zero_allowed) {
  if (fraction <= 1 && (fraction > 0 || (zero_allowed && fraction == 0))) return;
  throw usage_error(fmt::format("a step of {} (a neuron may go at most all its way to balance): choose one in {}0, 1]",
                                fraction, zero_allowed ? "[" : "("));
}

}  // namespace

double cost_decrease(const SeenCosts& seen, double exponent) {
  if (exponent == 1) {
    const double root = (seen.in - seen.out) / (std::sqrt(seen.in) + std::sqrt(seen.out));
    return root * root;
  }
  const double step = balancing_step(seen, exponent);
  return std::max(0.0, -seen.in * std::expm1(-step) - seen.out * std::expm1(exponent * step));
}

void scale_neurons(const Comm& comm, Network& network, std::span<const NeuronFactor> factors) {
  std::vector<double> h(at(network.local_size()), 0.0);
  agreed(comm, [&] {
    for (const auto& factor : factors) {
      check_factor(network, factor);
      h[at(factor.neuron)] -= std::log(factor.lambda);
    }
  });
  scale_weights(comm, network, h);
}

SeenCosts neuron_costs(const Comm& comm, const Network& network, GlobalIndex neuron, double power) {
  check_neuron(comm, network, neuron);
  const auto [seen, largest] = relative_costs(comm, network, neuron, power);
  const double unit = to_the(largest, power);
  return {seen.in * unit, seen.out * unit};
}

double balance_neuron(const Comm& comm, Network& network, GlobalIndex neuron, double power, double fraction) {
  check_neuron(comm, network, neuron);
  agreed(comm, [&] { check_fraction(fraction, true); });
  const auto seen = relative_costs(comm, network, neuron, power).seen;
  const bool mine = network.rows.owns(neuron);
  const auto row = static_cast<LocalIndex>(neuron - network.rows.first());
  double exponent = mine && !network.nodes.exponent.empty() ? network.nodes.exponent[at(row)] : 1.0;
  exponent = comm.broadcast(exponent, network.rows.owner(neuron));
  const bool balanceable = seen.in > 0 && seen.out > 0;
  const double lambda = balanceable ? std::pow(balancing_factor(seen, power, exponent), fraction) : 1.0;
  const NeuronFactor factor{row, lambda};
  scale_neurons(comm, network, std::span(&factor, mine ? 1 : 0));
  return lambda;
}

void pin_all_but(Network& network, std::span<const std::uint8_t> movable) {
  auto& pinned = network.nodes.pinned;
  pinned.resize(at(network.local_size()), 0);
  for (std::size_t i = 0; i < pinned.size(); ++i) pinned[i] = pinned[i] != 0 || movable[i] == 0 ? 1 : 0;
}

NeuronBalancer::NeuronBalancer(BalanceProblem& problem, IncidentSynapses& stars)
    : problem_(&problem),
      stars_(&stars),
      scaling_(at(stars.size()) + stars.halo().ghosts().size()),
      exchange_(stars.halo()) {}

void NeuronBalancer::scale(LocalIndex i, double lambda) {
  scaling_[at(i)] = moved(scaling_[at(i)], -problem_->power() * std::log(lambda), exponent(i));
}

double NeuronBalancer::balance_seen(LocalIndex i, const SeenCosts& seen, double fraction) {
  const double k = exponent(i);
  const double step = balancing_step(seen, k);
  const double most = kLargestStep / std::max(1.0, k);
  scaling_[at(i)] = moved(scaling_[at(i)], std::clamp(fraction * step, -most, most), k);
  return step;
}

void NeuronBalancer::spread_to_ghosts() {
  const auto n = size();
  const auto exponents = stars_->exponent();
  exchange_.forward_begin([&](LocalIndex i) { return scaling_[at(i)].post; });
  exchange_.forward_end([&](LocalIndex g, double post) {
    const double k = exponents.empty() ? 1.0 : exponents[at(n + g)];
    scaling_[at(n + g)] = {k == 1 ? 1 / post : std::pow(post, -k), post};
  });
}

void NeuronBalancer::exchange() {
  double largest = 0;
  for (LocalIndex i = 0; i < size(); ++i) {
    largest = std::max(largest, std::max(1.0, exponent(i)) * std::abs(std::log(scaling_[at(i)].post)));
  }
  if (problem_->comm().max(largest) <= kRebaseExponent) {
    spread_to_ghosts();
    return;
  }
  problem_->rebase(h());
  stars_->refresh();
  std::fill(scaling_.begin(), scaling_.end(), Scaling{});
}

void NeuronBalancer::begin_round() {
  if (problem_->comm().size() == 1) return;
  before_.resize(at(size()));
  for (LocalIndex i = 0; i < size(); ++i) before_[at(i)] = scaling_[at(i)].post;
}

void NeuronBalancer::end_round() {
  for (std::size_t i = 0; i < before_.size(); ++i) {
    const double k = exponent(static_cast<LocalIndex>(i));
    scaling_[i] = moved({1, std::sqrt(before_[i]) * std::sqrt(scaling_[i].post)}, 0.0, k);
  }
  exchange();
}

Deviation NeuronBalancer::deviation() const {
  Deviation found;
  for (LocalIndex i = 0; i < size(); ++i) {
    const auto seen = costs(i);
    const double out = exponent(i) * seen.out;
    found.cost += seen.in + stars_->to_pinned(i) * scaling_[at(i)].pre;
    found.deficit += (seen.in - out) * (seen.in - out);
    found.l1 += std::abs(seen.in - out);
    found.max_log_ratio = std::max(found.max_log_ratio, std::abs(std::log(seen.in) - std::log(out)));
  }
  std::array<double, 3> sums{own_sum_for_good(found.cost), found.deficit, found.l1};
  problem_->comm().sum(std::span<double>(sums));
  const double ratio = problem_->comm().max(found.max_log_ratio);
  return {sums[0], sums[1], sums[0] > 0 ? sums[2] / sums[0] : 0.0, ratio};
}

std::vector<double> NeuronBalancer::h() const {
  std::vector<double> h(problem_->base().begin(), problem_->base().end());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] -= std::log(scaling_[i].post) / problem_->power();
  return h;
}

std::vector<LocalIndex> random_order(const IncidentSynapses& stars, std::span<const LocalIndex> members,
                                     std::uint64_t seed, std::int64_t round) {
  const CounterRandom random(seed, kOrderStream);
  struct Drawn {
    std::uint64_t key;
    GlobalIndex place;
    LocalIndex member;
    bool operator<(const Drawn& other) const { return std::tie(key, place) < std::tie(other.key, other.place); }
  };
  std::vector<Drawn> drawn;
  drawn.reserve(members.size());
  for (const auto i : members) {
    const auto place = stars.file_rank()[at(i)];
    drawn.push_back({random.bits(static_cast<std::uint64_t>(place), static_cast<std::uint32_t>(round))[0], place, i});
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<LocalIndex> order;
  order.reserve(drawn.size());
  for (const auto& d : drawn) order.push_back(d.member);
  return order;
}

namespace {

void check_members(const NeuronBalancer& neurons, std::span<const LocalIndex> members) {
  for (const auto i : members) {
    if (i >= 0 && i < neurons.size()) continue;
    throw usage_error(
        fmt::format("member {} of the subset is none of this rank's {} active neurons: give their local "
                    "indices",
                    i, neurons.size()));
  }
}

/// Collective. max |log(in / (k out))| over the members, at what was last exchanged.
double largest_log_ratio(const NeuronBalancer& neurons, std::span<const LocalIndex> members) {
  double largest = 0;
  for (const auto i : members) {
    const double k = neurons.exponent(i);
    largest = std::max(largest, (k + 1) * std::abs(balancing_step(neurons.costs(i), k)));
  }
  return neurons.problem().comm().max(largest);
}

}  // namespace

SubsetResult balance_subset(NeuronBalancer& neurons, std::span<const LocalIndex> members, const SubsetParams& params) {
  const auto& comm = neurons.problem().comm();
  agreed(comm, [&] {
    check_fraction(params.fraction, false);
    check_members(neurons, members);
  });
  const auto visits = comm.sum(static_cast<std::int64_t>(members.size()));
  SubsetResult result;
  neurons.exchange();
  result.max_log_ratio = largest_log_ratio(neurons, members);
  while (result.max_log_ratio > params.tolerance && result.rounds < params.max_rounds) {
    neurons.begin_round();
    for (const auto i : random_order(neurons.stars(), members, params.seed, result.rounds)) {
      neurons.balance(i, params.fraction);
    }
    neurons.end_round();
    ++result.rounds;
    result.relaxations += visits;
    result.max_log_ratio = largest_log_ratio(neurons, members);
  }
  if (result.max_log_ratio <= params.tolerance) result.reason = StopReason::converged;
  return result;
}

}  // namespace synbal
