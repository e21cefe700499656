// Visits: without logarithms where that can be, and with stars fetched before they are needed.
#include "stochastic/asynchronous/relaxer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "synbal/balance/run_frame.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {

namespace {

constexpr std::uint32_t kRelaxingStream = 0x41;
constexpr double kFarthest = 100;  // |log| of a factor, held there until the base moves: sums stay within doubles
const double kMostPlain = kRebaseFactor, kLeastPlain = std::exp(-kRebaseExponent);
const double kMostTaken = std::exp(kFarthest + 1), kLeastTaken = std::exp(-kFarthest - 1);
constexpr LocalIndex kPlacesAhead = 16, kStarsAhead = 8;  // visits between a fetch and its use

}  // namespace

Relaxer::Relaxer(const IncidentSynapses& stars, VisitOrder order, double step, std::uint64_t seed)
    : stars_(&stars),
      kind_(order),
      step_(step),
      plain_(step == 1 && stars.exponent().empty()),
      random_(seed, kRelaxingStream),
      scaling_(at(stars.size()) + stars.halo().ghosts().size()),
      order_(at(stars.size())) {
  std::iota(order_.begin(), order_.end(), 0);
  if (order == VisitOrder::independent) visits_.assign(at(stars.size()), 0);
}

void Relaxer::start(std::span<const double> delta) {
  const double p = stars_->problem().power();
  for (LocalIndex i = 0; i < size(); ++i) {
    const double k = stars_->problem().exponent(i);
    scaling_[at(i)] = {std::exp(p * k * delta[at(i)]), std::exp(-p * delta[at(i)])};
  }
  std::vector<double> ghosts(stars_->halo().ghosts().size());
  HaloExchange<double> exchange(stars_->halo());
  exchange.forward_begin([&](LocalIndex i) { return post(i); });
  exchange.forward_end([&](LocalIndex g, double value) { ghosts[at(g)] = value; });
  take(0, ghosts);
  far_out_ = false;
}

void Relaxer::take(LocalIndex first, std::span<const double> post) {
  auto slot = scaling_.begin() + size() + first;
  auto g = at(size()) + at(first);
  for (const double value : post) {
    if (value > kLeastTaken && value < kMostTaken) {
      *slot = {plain_ || stars_->exponent().empty() ? 1 / value : std::pow(value, -stars_->exponent()[g]), value};
    }
    ++slot, ++g;
  }
}

// A permutation grows as it is needed: place v gets one of those that are left.
void Relaxer::draw(LocalIndex first, LocalIndex last) {
  const auto n = static_cast<std::uint64_t>(size());
  const auto key = static_cast<std::uint64_t>(stars_->problem().neurons().first());
  const auto sweep = static_cast<std::uint32_t>(sweeps_);
  for (auto v = at(first); v < at(last); ++v) {
    if (kind_ == VisitOrder::permutation) {
      std::swap(order_[v], order_[v + random_.below(n - v, key + v, sweep)]);
    } else {
      order_[v] = static_cast<LocalIndex>(random_.below(n, key + v, sweep));
      ++visits_[at(order_[v])];
    }
  }
}

LocalIndex Relaxer::relax(LocalIndex count) {
  const EventScope event(Event::visits);
  const auto first = position_;
  const auto last = first + std::min(count, size() - first);
  draw(first, last);
  if (plain_) {
    visit_all<true>(first, last);
  } else {
    visit_all<false>(first, last);
  }
  position_ = last;
  relaxations_ += last - first;
  if (position_ == size()) finish_sweep();
  return last - first;
}

void Relaxer::finish_sweep() {
  ++sweeps_;
  position_ = 0;
  met_ = std::exchange(meeting_, {});
}

// What the neighbours have is not fetched early: these reads do not wait for each other.
void Relaxer::fetch_ahead(LocalIndex v, LocalIndex last) const {
  if (v + kPlacesAhead < last) {
    const auto i = order_[at(v + kPlacesAhead)];
    stars_->prefetch_places(i);
    __builtin_prefetch(scaling_.data() + i);
  }
  if (v + kStarsAhead < last) stars_->prefetch_star(order_[at(v + kStarsAhead)]);
}

template <bool kPlain>
void Relaxer::visit_all(LocalIndex first, LocalIndex last) {
  for (auto v = first; v < last; ++v) {
    fetch_ahead(v, last);
    visit<kPlain>(order_[at(v)]);
  }
}

template <bool kPlain>
void Relaxer::visit(LocalIndex i) {
  const Synapses incoming = stars_->incoming(i), outgoing = stars_->outgoing(i);
  double in = stars_->from_pinned(i), out = stars_->to_pinned(i);
  auto& own = scaling_[at(i)];
  meeting_.cost += out * own.pre;  // what leaves to pinned neurons is in nobody's in-cost
  const Scaling* const scaling = scaling_.data();
  for (std::size_t e = 0; e < incoming.neighbour.size(); ++e)
    in += incoming.cost[e] * scaling[incoming.neighbour[e]].pre;
  for (std::size_t e = 0; e < outgoing.neighbour.size(); ++e) {
    out += outgoing.cost[e] * scaling[outgoing.neighbour[e]].post;
  }
  const double exponent = kPlain ? 1 : stars_->problem().exponent(i);
  const double in_cost = in * own.post;
  meeting_.cost += in_cost;
  meeting_.l1 += std::abs(in_cost - exponent * out * own.pre);
  if constexpr (kPlain) {
    const double post = std::sqrt(out / in);
    own = post > kLeastPlain && post < kMostPlain ? Scaling{1 / post, post} : stepped(in, out, own, 1);
  } else {
    own = stepped(in, out, own, exponent);
  }
}

// In logarithms: p delta goes its share of the way to log(in / (k out)) / (k + 1), the sums without the own factor.
Scaling Relaxer::stepped(double in, double out, const Scaling& own, double exponent) {
  const double optimum = (std::log(in) - std::log(exponent * out)) / (exponent + 1);
  const double before = -std::log(own.post);
  const double most = kFarthest / std::max(1.0, exponent);
  const double x = std::clamp(before + step_ * (optimum - before), -most, most);
  far_out_ = far_out_ || std::abs(x) * std::max(1.0, exponent) >= kRebaseExponent;
  const double post = std::exp(-x);
  return {exponent == 1 ? 1 / post : std::exp(exponent * x), post};
}

std::vector<double> Relaxer::delta() const {
  std::vector<double> delta(at(size()));
  for (LocalIndex i = 0; i < size(); ++i) delta[at(i)] = -std::log(post(i)) / stars_->problem().power();
  return delta;
}

std::pair<std::int64_t, std::int64_t> Relaxer::visits_per_neuron() const {
  if (kind_ == VisitOrder::permutation) return {sweeps_, sweeps_ + (position_ > 0 ? 1 : 0)};
  const auto [least, most] = std::minmax_element(visits_.begin(), visits_.end());
  return visits_.empty() ? std::pair<std::int64_t, std::int64_t>{0, 0}
                         : std::pair<std::int64_t, std::int64_t>{*least, *most};
}

}  // namespace synbal
