// The indexed heap, the running sums behind its keys, and the rounds of several ranks.
#include "synbal/stochastic/greedy.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "synbal/balance/run_frame.hpp"

namespace synbal {

namespace {

constexpr double kCancelled = 1e-3;  // a sum that falls below this share of itself at once is summed anew
}  // namespace

NeuronHeap::NeuronHeap(LocalIndex n) : key_(at(n), 0.0), heap_(at(n)), place_(at(n)) {
  for (std::size_t k = 0; k < heap_.size(); ++k) put(k, static_cast<LocalIndex>(k));
}

bool NeuronHeap::before(LocalIndex a, LocalIndex b) const noexcept {
  return key_[at(a)] != key_[at(b)] ? key_[at(a)] > key_[at(b)] : a < b;
}

void NeuronHeap::put(std::size_t place, LocalIndex i) noexcept {
  heap_[place] = i;
  place_[at(i)] = place;
}

void NeuronHeap::rise(std::size_t place) {
  const auto i = heap_[place];
  while (place > 0) {
    const auto parent = (place - 1) / 2;
    if (!before(i, heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, i);
}

void NeuronHeap::sink(std::size_t place) {
  const auto i = heap_[place];
  for (auto child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], i)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, i);
}

void NeuronHeap::set(LocalIndex i, double key) {
  key_[at(i)] = key;
  rise(place_[at(i)]);
  sink(place_[at(i)]);
}

void NeuronHeap::assign(std::span<const double> keys) {
  key_.assign(keys.begin(), keys.end());
  for (auto k = heap_.size() / 2; k-- > 0;) sink(k);
}

GreedyVisitor::GreedyVisitor(NeuronBalancer& neurons, GreedyKey key)
    : neurons_(&neurons),
      kind_(key),
      heap_(neurons.size()),
      sums_(at(neurons.size())),
      deviation_(at(neurons.size()), 0.0) {
  restart();
}

SeenCosts GreedyVisitor::seen(LocalIndex i) const noexcept {
  const auto& own = neurons_->scaling(i);
  return {sums_[at(i)].in * own.post, sums_[at(i)].out * own.pre};
}

double GreedyVisitor::deviation(const SeenCosts& seen, LocalIndex i) const noexcept {
  return std::abs(seen.in - neurons_->exponent(i) * seen.out);
}

double GreedyVisitor::key_of(const SeenCosts& seen, LocalIndex i) const {
  return kind_ == GreedyKey::imbalance ? deviation(seen, i) : cost_decrease(seen, neurons_->exponent(i));
}

void GreedyVisitor::sum_anew(LocalIndex i) {
  const auto costs = neurons_->costs(i);
  const auto& own = neurons_->scaling(i);
  sums_[at(i)] = {costs.in / own.post, costs.out / own.pre};
}

void GreedyVisitor::restart() {
  std::vector<double> keys;
  imbalance_ = decrease_ = 0;
  for (LocalIndex i = 0; i < neurons_->size(); ++i) {
    sum_anew(i);
    deviation_[at(i)] = deviation(seen(i), i);
    imbalance_ += deviation_[at(i)];
    keys.push_back(key_of(seen(i), i));
  }
  heap_.assign(keys);
}

void GreedyVisitor::note(LocalIndex i) {
  const auto now = seen(i);
  imbalance_ -= deviation_[at(i)];
  deviation_[at(i)] = deviation(now, i);
  imbalance_ += deviation_[at(i)];
  heap_.set(i, key_of(now, i));
}

/// Changes one of a neighbour's sums, unless little would remain but rounding errors.
void GreedyVisitor::shift(LocalIndex i, double& sum, double change) {
  const double before = sum;
  sum += change;
  if (sum < kCancelled * before) sum_anew(i);
  note(i);
}

LocalIndex GreedyVisitor::visit() {
  const auto i = heap_.top();
  sum_anew(i);
  const auto costs = seen(i);
  decrease_ += cost_decrease(costs, neurons_->exponent(i));
  const auto before = neurons_->scaling(i);
  neurons_->balance_seen(i, costs);
  const auto& after = neurons_->scaling(i);
  note(i);
  const auto n = neurons_->size();
  const auto out = neurons_->stars().outgoing(i), in = neurons_->stars().incoming(i);
  for (std::size_t e = 0; e < out.neighbour.size(); ++e) {
    const auto m = out.neighbour[e];
    if (m < n) shift(m, sums_[at(m)].in, out.cost[e] * (after.pre - before.pre));
  }
  for (std::size_t e = 0; e < in.neighbour.size(); ++e) {
    const auto m = in.neighbour[e];
    if (m < n) shift(m, sums_[at(m)].out, in.cost[e] * (after.post - before.post));
  }
  return i;
}

namespace {

/// What a rank aims at in a round, and what it did.
struct GreedyRound {
  double goal = 0;  // of its own imbalance
  std::int64_t budget = 0;
};

/// Not collective. Visits until the goal is met. Returns the number of visits.
std::int64_t visit_until(GreedyVisitor& visitor, const NeuronBalancer& neurons, const GreedyRound& round) {
  std::int64_t visits = 0;
  while (visits < round.budget && visitor.imbalance() > round.goal) {
    const auto i = visitor.visit();
    ++visits;
    if (std::abs(std::log(neurons.scaling(i).post)) > kRebaseExponent) break;
  }
  return visits;
}

}  // namespace

GreedyResult balance_greedily(NeuronBalancer& neurons, const GreedyParams& params) {
  const auto& comm = neurons.problem().comm();
  GreedyResult result;
  neurons.exchange();
  GreedyVisitor visitor(neurons, params.key);
  result.deviation = neurons.deviation();
  while (result.deviation.l1 > params.tolerance && result.relaxations < params.max_relaxations) {
    const double allowed = 0.5 * params.tolerance * result.deviation.cost / comm.size();
    GreedyRound round{std::max(allowed, comm.size() > 1 ? visitor.imbalance() / 2 : 0.0), 0};
    round.budget =
        std::min(GreedyParams::kVisitsPerRound * neurons.size(), params.max_relaxations - result.relaxations);
    neurons.begin_round();
    result.relaxations += comm.sum(visit_until(visitor, neurons, round));
    neurons.end_round();
    visitor.restart();
    ++result.rounds;
    result.deviation = neurons.deviation();
  }
  if (result.deviation.l1 <= params.tolerance) result.reason = StopReason::converged;
  return result;
}

}  // namespace synbal
