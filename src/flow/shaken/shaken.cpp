// One flow after the other, each from where the last one ended, on weights that were changed in between.
#include "synbal/flow/shaken.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "flow/kept/place.hpp"
#include "synbal/balance/synapse_costs.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/range.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {
constexpr const char* kShakePart = "shake";           // of the state that a keeper keeps
constexpr std::uint32_t kTimes = 95, kSynapses = 96;  // streams of random numbers

void check(const ShakeParams& params) {
  require_in({1e-300, 1e300}, "shake", params.rate, "changes in a unit of time");
  require_in({-0.99, 1e3}, "shake", params.eta, "the relative change of a weight");
  if (params.eta == 0) throw usage_error(parameter("shake") + ": a change of 0 changes nothing: give another");
}

/// Of components that hold no pinned neuron. Not collective: those whose leader this rank owns.
std::int64_t free_components(const BalanceProblem& problem) {
  std::int64_t count = 0;
  for (LocalIndex i = 0; i < problem.size(); ++i) {
    const auto leader = problem.component()[at(i)];
    const auto own = problem.component_rows().first() + problem.network_row()[at(i)];
    count += leader == own && leader != problem.grounded_component() ? 1 : 0;
  }
  return count;
}

/// Joins the results of flows that follow each other.
void append(FlowResult& all, FlowResult&& more, bool first) {
  if (first) all.initial_cost = more.initial_cost;
  all.end = more.end, all.message = std::move(more.message), all.time = more.time, all.h = std::move(more.h);
  all.final_cost = more.final_cost, all.imbalance = more.imbalance, all.matrix_passes += more.matrix_passes;
  all.largest_cost_increase = std::max(all.largest_cost_increase, more.largest_cost_increase);
  add(all.statistics, more.statistics);
}
}  // namespace

ShakenFlow::ShakenFlow(Flow& flow, BalanceProblem& problem, Network& network, const Components& components,
                       const ShakeParams& params)
    : flow_(&flow), problem_(&problem), network_(&network), params_(params) {
  const auto& comm = problem.comm();
  agreed(comm, [&] { check(params); });
  find_synapses(components);
  first_ = comm.sum_below(std::ssize(entries_));
  result_.synapses = comm.sum(std::ssize(entries_));
  const auto free = comm.sum(free_components(problem));
  agreed(comm, [&] {
    if (result_.synapses == 0) throw bad_input("no synapse takes part in balancing: there is nothing to change");
  });
  result_.expected = static_cast<double>(problem.global_size() - free) / static_cast<double>(result_.synapses);
}

/// Collective. Those whose change moves something.
void ShakenFlow::find_synapses(const Components& components) {
  const auto& network = *network_;
  const SynapseCosts costs(problem_->comm(), network, problem_->power());
  std::vector<std::uint8_t> held = network.nodes.pinned;
  held.resize(at(network.local_size()), 0);
  held = with_ghosts(network.halo, std::move(held));
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      const bool both_held = held[at(i)] != 0 && held[at(j)] != 0;
      const bool inside = components.on_cycle[at(i)] != 0 && components.leader[at(i)] == components.leader[at(j)];
      if (i == j || both_held || !inside || std::isinf(costs.log_cost(i, e))) continue;
      entries_.push_back(e), rows_.push_back(i);
    }
  }
}

ShakenFlow::Change ShakenFlow::next_change(double time) {
  const CounterRandom times(params_.seed, kTimes), synapses(params_.seed, kSynapses);
  const double wait = -std::log1p(-times.uniform(drawn_)) / params_.rate;
  const auto number = synapses.below(static_cast<std::uint64_t>(result_.synapses), drawn_);
  ++drawn_;
  return {time + wait, static_cast<std::int64_t>(number)};
}

void ShakenFlow::change(std::int64_t number) {
  const auto own = number - first_;
  if (own >= 0 && own < std::ssize(entries_)) network_->weight[at(entries_[at(own)])] *= 1 + params_.eta;
  ++result_.changes;
}

/// Collective. The costs follow.
void ShakenFlow::apply(std::int64_t number, std::span<const double> h) {
  change(number);
  problem_->rebase(h);
}

/// Collective. h_j - h_i of a synapse from j onto i.
double ShakenFlow::difference_over(std::int64_t number, std::span<const double> h) const {
  const auto all = with_ghosts(network_->halo, problem_->to_network(h, 0.0));
  const auto own = number - first_;
  double difference = 0;
  if (own >= 0 && own < std::ssize(entries_)) {
    difference = all[at(network_->column[at(entries_[at(own)])])] - all[at(rows_[at(own)])];
  }
  return problem_->comm().sum(difference);
}

void ShakenFlow::answer_seen(double before, double after, double imbalance) {
  const double share = -(after - before) / std::log1p(params_.eta);
  ++result_.observed;
  absorbed_ += share, absorbed_squares_ += share * share, imbalances_ += imbalance;
}

void ShakenFlow::conclude() {
  const auto count = static_cast<double>(std::max<std::int64_t>(result_.observed, 1));
  result_.absorbed = absorbed_ / count, result_.imbalance = imbalances_ / count;
  const double variance = std::max(0.0, absorbed_squares_ / count - result_.absorbed * result_.absorbed);
  result_.standard_error = std::sqrt(variance / count);
}

/// The way from one change to the next.
struct ShakenFlow::Stretch {
  FlowResult all = {};  ///< of the stretches before it
  double begin = 0;
  std::optional<Change> last = {};  ///< at its begin
  double before = 0;                ///< the difference over that synapse then
};

void ShakenFlow::tell(RunPart& part, const Stretch& s) const {
  part.put("begin", s.begin), part.put("before", s.before), part.put("initial_cost", s.all.initial_cost);
  part.put("increase", s.all.largest_cost_increase);
  part.put("matrix_passes", static_cast<double>(s.all.matrix_passes));
  part.numbers["statistics"] = numbers_of(s.all.statistics);
  part.put("changes", static_cast<double>(result_.changes)),
      part.put("observed", static_cast<double>(result_.observed));
  part.numbers["sums"] = {absorbed_, absorbed_squares_, imbalances_};
}

/// Not collective. The same changes once more, as far as they were made.
void ShakenFlow::go_on_from(const RunPart& part, Stretch& s) {
  s.begin = part.number("begin"), s.before = part.number("before");
  s.all.initial_cost = part.number("initial_cost"), s.all.largest_cost_increase = part.number("increase");
  s.all.matrix_passes = part.count("matrix_passes");
  s.all.statistics = statistics_of(part.numbers.at("statistics"));
  for (auto left = part.count("changes"); left > 0; --left) {
    s.last = next_change(0);
    s.last->time = s.begin;
    change(s.last->number);
  }
  result_.observed = part.count("observed");
  const auto& sums = part.numbers.at("sums");
  absorbed_ = sums.at(0), absorbed_squares_ = sums.at(1), imbalances_ = sums.at(2);
}

FlowResult ShakenFlow::operator()(std::span<const double> h, const FlowParams& params, const FlowObserver& observer) {
  const double half = (params.start_time + params.end_time) / 2;
  const Timer timer;
  Stretch stretch{.begin = params.start_time};
  auto& all = stretch.all;
  all.h.assign(h.begin(), h.end());
  auto part = params;
  part.stop_at_equilibrium = false;
  if (const auto kept = params.keeper != nullptr ? params.keeper->take(kShakePart) : std::nullopt) {
    go_on_from(*kept, stretch);
    all.h.assign(params.keeper->start().begin(), params.keeper->start().end());
    problem_->rebase(all.h);
  }
  const KeptPart told_to_keeper(params.keeper, kShakePart, [&](RunPart& to) { tell(to, stretch); });
  while (true) {
    const bool first = result_.changes == 0;
    part.start_time = stretch.begin;
    const auto next = next_change(part.start_time);
    part.end_time = std::min(next.time, params.end_time);
    if (params.max_seconds > 0) part.max_seconds = std::max(1e-9, params.max_seconds - timer.seconds());
    const auto steps = all.statistics;
    const bool is_last = part.end_time >= params.end_time;
    const auto tell = [&](const FlowMoment& moment) {
      auto told = moment;
      const bool between = (moment.time == part.start_time && !first) || (moment.time == part.end_time && !is_last);
      told.output = moment.output && !between;
      told.statistics = steps;
      add(told.statistics, moment.statistics);
      if (observer) observer(told);
    };
    append(all, (*flow_)(all.h, part, tell), first);
    if (is_last || all.end != FlowEnd::end_time) break;
    const auto& last = stretch.last;
    if (last && last->time >= half) answer_seen(stretch.before, difference_over(last->number, all.h), all.imbalance.l1);
    stretch.before = difference_over(next.number, all.h);
    apply(next.number, all.h);
    stretch.last = next, stretch.begin = next.time;
    if (params.integrator.max_steps > 0) {
      part.integrator.max_steps = std::max<std::int64_t>(1, params.integrator.max_steps - all.statistics.steps);
    }
  }
  conclude();
  return all;
}

}  // namespace synbal
