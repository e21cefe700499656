// Rounds: what is seen, what is done, what is remembered.
#include "stochastic/simulator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "stochastic/simulator_memory.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/exact_sum.hpp"
#include "synbal/core/own_sums.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/tags.hpp"

namespace synbal {

namespace {

/// Of a neuron whose post-factor is known.
Scaling scaling_of(double post, double exponent) {
  return {exponent == 1 ? 1 / post : std::pow(post, -exponent), post};
}

/// The name of what was remembered so many rounds ago.
std::string past_name(std::int64_t age) { return "past." + std::to_string(age); }

static_assert(PassOrder::kTags > Schedule::kMostSweeps);  // a round ends with a collective operation

const double kLargestFactor = std::exp(60.0);  // products of two with the smallest cost stay above the smallest double
constexpr double kSolved = 1e-14;              // step in p h below which a block counts as balanced inside
constexpr double kNearlySolved = 1e-11;        // the same when steps do not shrink any more: rounding

std::vector<std::int32_t> blocks_of(const IncidentSynapses& stars, const Schedule& schedule) {
  std::vector<std::int32_t> block;
  for (const auto rank : stars.file_rank()) block.push_back(schedule.block(rank));
  return block;
}

/// With one block, nothing is seen but the present, unless a round is damped.
bool remembers(const Schedule& schedule) { return schedule.blocks() > 1 || schedule.params().damping < 1; }

/// Collective. Refuses what would not fit before it is allocated.
Schedule affordable(const IncidentSynapses& stars, const ScheduleParams& params) {
  const auto& comm = stars.problem().comm();
  Schedule schedule = agreed(comm, [&] { return Schedule(params, stars.problem().global_size()); });
  const auto states = remembers(schedule) ? schedule.oldest() + 1 : 1;
  check_states_fit(comm, states, static_cast<ByteCount>(stars.file_rank().size() * sizeof(Scaling)));
  return schedule;
}

/// Sums over all ranks.
struct Sums {
  double imbalance;
  double cost;
  std::int64_t count;
  [[nodiscard]] double ratio() const { return cost > 0 ? imbalance / cost : 0.0; }
};

/// Collective. One reduction.
Sums summed(const Comm& comm, const ExactSum& imbalance, const ExactSum& cost, std::int64_t count) {
  ExactSum number;
  number.add(static_cast<double>(count));
  std::array<double, 3> sums{};
  sum_exactly(comm, std::array{imbalance, cost, number}, sums);
  return {sums[0], sums[1], static_cast<std::int64_t>(sums[2])};
}

}  // namespace

/// What is added up over a round on this rank.
struct Simulator::Met {
  ExactSum imbalance, cost;
  std::int64_t visits = 0;
  std::int64_t sweeps = 0;
  double max_step = 0;        // of this sweep, in p h
  std::vector<double> steps;  // the same of all sweeps
  double largest_factor = 0;
};

Simulator::Simulator(const IncidentSynapses& stars, const ScheduleParams& params, std::span<const double> delta)
    : stars_(&stars),
      schedule_(affordable(stars, params)),
      graph_(std::make_unique<BlockGraph>(stars, blocks_of(stars, schedule_))),
      agenda_(make_agenda(*graph_, schedule_)),
      pass_(*graph_, tag::simulator),
      scaling_(stars.file_rank().size()),
      active_(stars.file_rank().size(), 1),
      reads_(at(schedule_.oldest()) + 1, 0) {
  const double p = stars.problem().power();
  for (LocalIndex i = 0; i < stars.size(); ++i) scaling_[at(i)] = moved({}, p * delta[at(i)], exponent(i));
  share(scaling_.data());
  if (!remembers(schedule_)) return;
  past_.resize(at(schedule_.oldest()) * scaling_.size());
  for (std::int64_t r = 0; r < schedule_.oldest(); ++r) remember();
}

/// Collective. [n + ghosts] Brings the ghosts' values.
void Simulator::share(Scaling* scaling) const {
  const auto n = stars_->size();
  HaloExchange<double> exchange(stars_->halo());
  exchange.forward_begin([&](LocalIndex i) { return scaling[i].post; });
  exchange.forward_end([&](LocalIndex g, double post) { scaling[n + g] = scaling_of(post, exponent(n + g)); });
}

Scaling* Simulator::slot(std::int64_t age) noexcept {
  return const_cast<Scaling*>(std::as_const(*this).slot(age));  // NOLINT: past_ is this object's own
}

const Scaling* Simulator::slot(std::int64_t age) const noexcept {
  const auto number = newest_ + 1 - age;
  return past_.data() + at(number < 0 ? number + schedule_.oldest() : number) * scaling_.size();
}

void Simulator::remember() {
  if (past_.empty()) return;
  newest_ = newest_ + 1 < schedule_.oldest() ? newest_ + 1 : 0;
  std::copy(scaling_.begin(), scaling_.end(), slot(1));
}

void Simulator::find_active() {
  const auto& params = schedule_.params();
  if (params.stragglers == 0 && params.activity == 1) return;
  std::int32_t last = -1;
  bool active = false;
  for (std::size_t j = 0; j < active_.size(); ++j) {
    const auto block = graph_->block(static_cast<LocalIndex>(j));
    if (block != last) active = schedule_.active(block, round_);
    last = block;
    active_[j] = active;
  }
}

// A star ascends by the file's order and blocks are contiguous there: their neurons follow each other.
template <class Factor>
void Simulator::add_as_seen(const Synapses& star, std::int32_t own, Factor&& factor, double& sum) {
  std::int32_t last = own;
  std::int64_t age = 0;
  std::size_t first = 0;  // of that age
  const Scaling* from = scaling_.data();
  double total = sum;
  for (std::size_t e = 0; e < star.neighbour.size(); ++e) {
    const auto j = star.neighbour[e];
    const auto block = graph_->block(j);
    if (block != last) {
      reads_[at(age)] += static_cast<std::int64_t>(e - first);
      first = e;
      last = block;
      age = block == own ? 0 : schedule_.age(reading_, block);
      from = age == 0 ? scaling_.data() : slot(age);
    }
    total += star.cost[e] * factor(from[at(j)]);
  }
  reads_[at(age)] += static_cast<std::int64_t>(star.neighbour.size() - first);
  sum = total;
}

SeenCosts Simulator::seen(LocalIndex i) {
  const auto in = stars_->incoming(i), out = stars_->outgoing(i);
  if (past_.empty()) {
    reads_[0] += static_cast<std::int64_t>(in.neighbour.size() + out.neighbour.size());
    return seen_costs(*stars_, i, scaling_);
  }
  const auto own_block = graph_->block(i);
  if (own_block != reader_) reading_ = schedule_.reading(own_block, round_);
  reader_ = own_block;
  SeenCosts seen{stars_->from_pinned(i), stars_->to_pinned(i)};
  add_as_seen(
      in, own_block, [](const Scaling& s) { return s.pre; }, seen.in);
  add_as_seen(
      out, own_block, [](const Scaling& s) { return s.post; }, seen.out);
  const auto& own = scaling_[at(i)];
  return {seen.in * own.post, seen.out * own.pre};
}

Scaling Simulator::limited(const Scaling& scaling, double exponent) {
  const double most = exponent <= 1 ? kLargestFactor : std::pow(kLargestFactor, 1 / exponent);
  const double post = std::clamp(scaling.post, 1 / most, most);
  return scaling_of(post, exponent);
}

void Simulator::visit(LocalIndex i, Met& met) {
  auto& own = scaling_[at(i)];
  const double k = exponent(i);
  const auto costs = seen(i);
  if (met.sweeps == 0) {
    met.imbalance.add(std::abs(costs.in - k * costs.out));
    met.cost.add(costs.in + stars_->to_pinned(i) * own.pre);
  }
  const double step = schedule_.params().step * balancing_step(costs, k);
  own = moved(own, step, k);
  if (std::max(own.pre, own.post) > kLargestFactor) own = limited(own, k);
  met.max_step = std::max(met.max_step, std::abs(step));
  met.largest_factor = std::max({met.largest_factor, own.pre, own.post});
  ++met.visits;
}

void Simulator::sweep(Met& met) {
  const EventScope event(Event::visits);
  agenda_->begin(active_, round_, sweeps_++);
  met.max_step = 0;
  pass_.run(*agenda_, scaling_, [&](LocalIndex i) { visit(i, met); });
  met.steps.push_back(met.max_step);
  ++met.sweeps;
}

// All blocks go on until the last one is balanced inside, which harms none.
void Simulator::sweep_until_solved(Met& met) {
  double before = std::numeric_limits<double>::infinity();
  while (met.sweeps < Schedule::kMostSweeps) {
    sweep(met);
    const double step = stars_->problem().comm().max(met.steps.back());
    if (step <= kSolved || (step <= kNearlySolved && step >= before)) return;
    before = step;
  }
}

void Simulator::damp() {
  const double share = schedule_.params().damping;
  if (share == 1) return;
  const Scaling* before = slot(1);
  for (std::size_t j = 0; j < scaling_.size(); ++j) {
    if (active_[j] == 0) continue;
    const double change = share * std::log(scaling_[j].post / before[j].post);
    scaling_[j] = moved(before[j], -change, exponent(static_cast<LocalIndex>(j)));
  }
}

RoundView Simulator::round() {
  ++round_;
  reader_ = -1;
  find_active();
  Met met;
  if (schedule_.params().local_sweeps == 0) sweep_until_solved(met);
  while (met.sweeps < schedule_.params().local_sweeps) sweep(met);
  damp();
  remember();
  return over_ranks(met);
}

RoundView Simulator::over_ranks(Met& met) const {
  (void)own_sum_for_good(met.largest_factor);
  const auto& comm = stars_->problem().comm();
  const auto sums = summed(comm, met.imbalance, met.cost, met.visits);
  auto& maxima = met.steps;
  maxima.push_back(met.largest_factor);
  comm.max(std::span<double>(maxima));
  RoundView view{round_, sums.count, met.sweeps, sums.ratio(), sums.cost, 0, maxima.back()};
  maxima.pop_back();
  for (const double step : maxima) view.max_step += schedule_.params().damping * step / stars_->problem().power();
  return view;
}

PresentView Simulator::present() const {
  ExactSum imbalance, cost;
  double max_step = 0;
  for (LocalIndex i = 0; i < stars_->size(); ++i) {
    const double k = exponent(i);
    const auto costs = seen_costs(*stars_, i, scaling_);
    imbalance.add(std::abs(costs.in - k * costs.out));
    cost.add(costs.in + stars_->to_pinned(i) * scaling_[at(i)].pre);
    max_step = std::max(max_step, std::abs(balancing_step(costs, k)));
  }
  const auto& comm = stars_->problem().comm();
  const auto sums = summed(comm, imbalance, cost, stars_->size());
  return {sums.ratio(), sums.cost, comm.max(max_step) / stars_->problem().power()};
}

std::vector<double> Simulator::delta() const {
  std::vector<double> delta(at(stars_->size()));
  for (std::size_t i = 0; i < delta.size(); ++i) delta[i] = -std::log(scaling_[i].post) / stars_->problem().power();
  return delta;
}

// Where a neuron was lies within the same bounds about where it is: a little nearer than in truth, if need be.
void Simulator::rebased() {
  for (std::size_t r = 0; r < past_.size(); r += scaling_.size()) {
    for (std::size_t j = 0; j < scaling_.size(); ++j) {
      auto& was = past_[r + j];
      was = limited({1, was.post / scaling_[j].post}, exponent(static_cast<LocalIndex>(j)));
    }
  }
  std::fill(scaling_.begin(), scaling_.end(), Scaling{});
}

void Simulator::tell(RunPart& part) const {
  const auto post_of = [&](const Scaling* scaling) {
    std::vector<double> post(at(stars_->size()));
    std::transform(scaling, scaling + post.size(), post.begin(), [](const Scaling& s) { return s.post; });
    return post;
  };
  part.put("round", static_cast<double>(round_));
  part.put("sweeps_drawn", static_cast<double>(sweeps_));
  const auto reads = reads_by_age();
  part.numbers["reads"].assign(reads.begin(), reads.end());
  part.neurons["post"] = post_of(scaling_.data());
  if (past_.empty()) return;
  for (std::int64_t age = 1; age <= schedule_.oldest(); ++age) part.neurons[past_name(age)] = post_of(slot(age));
}

void Simulator::go_on_from(const RunPart& part) {
  const auto take = [&](std::span<const double> post, Scaling* scaling) {
    for (std::size_t i = 0; i < post.size(); ++i)
      scaling[i] = scaling_of(post[i], exponent(static_cast<LocalIndex>(i)));
    share(scaling);
  };
  round_ = part.count("round"), sweeps_ = part.count("sweeps_drawn");
  const auto& reads = part.numbers.at("reads");
  const bool counts = stars_->problem().comm().is_root();  // they are sums over all ranks
  for (std::size_t k = 0; counts && k < reads_.size() && k < reads.size(); ++k) {
    reads_[k] = static_cast<std::int64_t>(reads[k]);
  }
  take(part.values("post"), scaling_.data());
  for (std::int64_t age = 1; !past_.empty() && age <= schedule_.oldest(); ++age) {
    take(part.values(past_name(age)), slot(age));
  }
  agenda_->go_on_after(round_);
}

std::vector<std::int64_t> Simulator::reads_by_age() const {
  auto reads = reads_;
  stars_->problem().comm().sum(std::span<std::int64_t>(reads));
  return reads;
}

}  // namespace synbal
