// From a network and its components to the normal form: which entries count, and what they cost at the base.
#include "synbal/balance/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "balance/prices.hpp"
#include "balance/remaining_synapses.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/fixed_point.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {

namespace {

constexpr double kLog2Safe = 400;        // costs beyond 2^(+-400) are held in another unit
constexpr double kLog2SafeInUnits = 50;  // the same where small ones beside large ones are held in units of both
constexpr double kLog2Slack = 100;       // by which the largest may drift from there
constexpr double kLog2Wide = 660;        // so are costs that span about 200 decades
constexpr double kLog2Movable = 300;  // costs that span at most 90 decades at h = 0 can be moved without their weights
constexpr double kFurthest = 150;     // log of the factor by which a pass moves costs: far from overflow

/// What is too small is raised.
double held(double cost) { return std::max(cost, BalanceProblem::smallest_cost()); }

}  // namespace

BalanceProblem::BalanceProblem(const Comm& comm, const Network& network, const Components& components, double power)
    : BalanceProblem(comm, network, nullptr, components, power) {
  lay_out();
  follow_unit();
}

BalanceProblem::BalanceProblem(const Comm& comm, Network& network, Components& components, double power,
                               Synapses synapses)
    : BalanceProblem(comm, network, synapses == Synapses::taken_over ? &network : nullptr, components, power) {
  const auto ghosts = lay_out();
  if (!has_synapses()) {
    keep_ghosts(components.leader, network.local_size(), ghosts);
    keep_ghosts(components.on_cycle, network.local_size(), ghosts);
  }
  follow_unit();
}

BalanceProblem::BalanceProblem(const Comm& comm, const Network& network, Network* taken_from,
                               const Components& components, double power)
    : comm_(&comm),
      network_(&network),
      taken_from_(taken_from),
      network_entries_(std::ssize(network.column)),
      active_(comm, network, components),
      layout_(comm, active_),
      power_(power) {
  choose_unit();
  if (log2_span_ > kLog2Movable || comm.any(!exponent().empty())) taken_from_ = nullptr;
  base_.assign(at(size()), 0.0);
}

/// Collective. After the first pass.
void BalanceProblem::follow_unit() {
  if (unit_moved()) rebase(std::vector<double>(base_));
}

namespace {

/// log2 of the largest and the smallest of what is not 0.
struct Log2Range {
  double largest = 0, smallest = 0;

  void add(const Log2Range& other, double power) {
    largest += power * other.largest;
    smallest += power * other.smallest;
  }
};

/// Collective. 0 and 0 where there is nothing.
Log2Range log2_range(const Comm& comm, std::span<const double> values) {
  double largest = 0, smallest = std::numeric_limits<double>::max();
  for (const double v : values) {
    if (v == 0) continue;
    largest = std::max(largest, std::abs(v));
    smallest = std::min(smallest, std::abs(v));
  }
  largest = comm.max(largest);
  smallest = comm.min(smallest);
  return largest == 0 ? Log2Range{} : Log2Range{std::log2(largest), std::log2(smallest)};
}

}  // namespace

// The range of |J|, of the gains and of the alphas decides whether costs can be held as they are.
void BalanceProblem::choose_unit() {
  Log2Range range;
  range.add(log2_range(*comm_, network_->weight), power_);
  range.add(log2_range(*comm_, network_->nodes.gain), 2);
  range.add(log2_range(*comm_, network_->alpha), 1);
  const double log2_largest = range.largest, log2_smallest = range.smallest;
  log2_span_ = log2_largest - log2_smallest;
  wide_ = log2_span_ > kLog2Wide;
  if (wide_) {
    log2_unit_ = std::ceil(log2_largest) - kLog2Safe;  // the large ones high up, so that few small ones are raised
  } else if (std::abs(log2_largest) > kLog2Safe || log2_smallest < -kLog2Safe) {
    log2_unit_ = std::ceil(log2_largest);
  }
}

double BalanceProblem::cost_unit() const noexcept { return std::exp2(log2_unit_); }

double BalanceProblem::log10_cost_unit() const noexcept { return log2_unit_ * std::log10(2.0); }

void BalanceProblem::rebase(std::span<const double> base) {
  const EventScope event(Event::costs);
  move_to(base);
  if (reproducible_) hold_in(units_for_integers(*this));
}

void BalanceProblem::rebase(std::span<const double> base, const KnownSums& sums) {
  const EventScope event(Event::costs);
  auto units = reproducible_ && !wide_ ? units_from_sums(*this, sums, base) : std::nullopt;
  move_to(base);
  if (reproducible_) hold_in(units ? std::move(*units) : units_for_integers(*this));
}

/// Collective. All costs at a new base, held as they are.
void BalanceProblem::move_to(std::span<const double> base) {
  const auto before = std::exchange(base_, {base.begin(), base.end()});
  hold_as_they_are();
  if (!has_synapses()) move_costs(before);
  do {
    compute_costs();
  } while (unit_moved());
}

void BalanceProblem::hold_as_they_are() {
  if (has_synapses()) {  // they are computed anew
    units_ = {};
  } else if (!units_.row.empty()) {
    const auto units = std::exchange(units_, {});
    layout_.scale(units.row, units.column);
  }
}

/// Collective.
void BalanceProblem::hold_in(CostUnits units) {
  auto per_unit = units;
  for (auto* values : {&per_unit.row, &per_unit.column}) {
    for (auto& x : *values) x = 1 / x;
  }
  layout_.scale(per_unit.row, per_unit.column);
  units_ = std::move(units);
}

/// Collective. Costs of synapses that were taken over go from the base `from` to the present one, in steps that none of
/// the products leaves the doubles in.
void BalanceProblem::move_costs(std::span<const double> from) {
  const auto n = at(size());
  double furthest = 0;
  std::vector<double> post(n), pre(n + halo().ghosts().size());
  for (std::size_t i = 0; i < n; ++i) {
    post[i] = power_ * (base_[i] - from[i]);
    furthest = std::max(furthest, std::abs(post[i]));
  }
  const int steps = static_cast<int>(std::ceil(comm_->max(furthest) / kFurthest));
  for (std::size_t i = 0; i < n; ++i) pre[i] = std::exp(post[i] / steps), post[i] = std::exp(-post[i] / steps);
  HaloExchange<double>(halo()).forward(std::span(pre).first(n), std::span(pre).subspan(n));
  double smallest = std::numeric_limits<double>::max();
  for (int step = 0; step < steps; ++step) smallest = std::min(smallest, layout_.scale(post, pre));
  if (!comm_->any(smallest < smallest_cost())) return;
  throw usage_error(
      fmt::format("costs fall below {} on the way, where they cannot be held without their weights: have "
                  "the weights held, too",
                  smallest_cost()));
}

// True when the largest cost has left the place high up in the range of doubles where small ones need the room below.
bool BalanceProblem::unit_moved() {
  if (!wide_) return false;
  const double largest = comm_->max(layout_.largest());
  const double safe = reproducible_ ? kLog2SafeInUnits : kLog2Safe;
  const double shift = largest > 0 ? std::ceil(std::log2(largest)) - safe : 0;
  if (std::abs(shift) <= kLog2Slack) return false;
  log2_unit_ += shift;
  return true;
}

Prices BalanceProblem::prices() const { return {active_, base_, power_, log2_unit_}; }

void BalanceProblem::for_each_pinned_synapse(const std::function<void(LocalIndex, LocalIndex, double)>& visit) const {
  const auto prices = this->prices();
  active_.for_each_entry(0, network_->local_size(), [&](LocalIndex i, std::int64_t e, LocalIndex j, SynapseRole role) {
    if (role != SynapseRole::from_pinned && role != SynapseRole::to_pinned) return;
    visit(i, j, held(prices.exact(e, i, j)));
  });
}

/// What one pass over the entries adds up on this rank.
struct BalanceProblem::Sums {
  std::vector<double> leaving;  ///< [network local + ghosts] cost to pinned neurons; empty where nobody is
  /// Where the problem is reproducible, single costs to and from pinned neurons, by the other end among the network's
  /// columns.
  std::vector<std::pair<LocalIndex, double>> to_pinned, from_pinned;
  std::int64_t edges_between = 0;
  double between = 0;
};

BalanceProblem::Sums BalanceProblem::no_sums() {
  loop_.assign(exponent().size(), 0.0);
  if (grounded_component() < 0) return {};
  from_pinned_.assign(at(size()), 0.0);
  return {std::vector<double>(active_.columns(), 0.0), {}, {}};
}

/// One entry at the base.
[[gnu::always_inline]] inline void BalanceProblem::price(LocalIndex i, std::int64_t e, LocalIndex j, SynapseRole role,
                                                         std::int64_t place, const Prices& prices, Sums& sums) {
  if (role == SynapseRole::unchanging) return;
  const double exact = prices.exact(e, i, j);
  switch (role) {
    case SynapseRole::inside:
      layout_.set_cost(j, place, held(exact));
      if (i == j) loop_[at(active_.place_of(i))] += held(exact);
      break;
    case SynapseRole::from_pinned:
      from_pinned_[at(active_.place_of(i))] += held(exact);
      if (reproducible_) sums.from_pinned.emplace_back(i, held(exact));
      break;
    case SynapseRole::to_pinned:
      sums.leaving[at(j)] += held(exact);
      if (reproducible_) sums.to_pinned.emplace_back(j, held(exact));
      break;
    default:
      sums.between += exact, ++sums.edges_between;
  }
}

/// Collective. What leaves to pinned neurons on other ranks comes home.
void BalanceProblem::add_up(Sums&& sums) {
  if (grounded_component() < 0) return;
  if (reproducible_) return add_up_in_any_order(sums);
  const auto rows = network_->local_size();
  HaloExchange<double> exchange(network_->halo);
  exchange.reverse_begin([&](LocalIndex g) { return sums.leaving[at(rows + g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { sums.leaving[at(i)] += value; });
  to_pinned_.assign(at(size()), 0.0);
  for (LocalIndex k = 0; k < size(); ++k) to_pinned_[at(k)] = sums.leaving[at(network_row()[at(k)])];
}

/// Collective. The same in fixed point.
void BalanceProblem::add_up_in_any_order(const Sums& sums) {
  const auto total = [&](const std::vector<std::pair<LocalIndex, double>>& terms) {
    FixedSums fixed(network_->halo);
    for (const auto& [place, cost] : terms) fixed.expect(place, cost);
    fixed.settle();
    for (const auto& [place, cost] : terms) fixed.add(place, cost);
    const auto of_rows = fixed.sums();
    std::vector<double> of_neurons;
    of_neurons.reserve(network_row().size());
    for (const auto row : network_row()) of_neurons.push_back(of_rows[at(row)].first);
    return of_neurons;
  };
  from_pinned_ = total(sums.from_pinned), to_pinned_ = total(sums.to_pinned);
}

/// Collective. The first pass: places entries, prices them, and takes over those inside where that is asked for.
/// @return the network's ghosts that are left then, by their numbers before.
std::vector<LocalIndex> BalanceProblem::lay_out() {
  auto sums = no_sums();
  std::optional<RemainingSynapses> remaining;
  if (taken_from_ != nullptr) remaining.emplace(*taken_from_);
  {
    const auto prices = this->prices();
    for (LocalIndex band = 0; band < bands(); ++band) {
      layout_.lay_out_band(active_, band);
      layout_.for_each_placed(active_, band,
                              [&](LocalIndex i, std::int64_t e, LocalIndex j, SynapseRole role, std::int64_t where) {
                                if (role == SynapseRole::inside) layout_.place(active_, i, j, where);
                                price(i, e, j, role, where, prices, sums);
                                if (remaining && role != SynapseRole::inside) remaining->keep(i, e);
                              });
      if (remaining) remaining->give_back(network_->row_ptr[at(layout_.band_rows(active_, band).second)]);
    }
  }
  count_edges(sums);
  add_up(std::move(sums));
  if (!remaining) return {};
  auto ghosts = remaining->finish(*comm_);
  active_.keep_ghosts(ghosts);
  layout_.leave_network();  // no entry that is left is among the costs
  return ghosts;
}

void BalanceProblem::make_reproducible() {
  reproducible_ = true;
  if (grounded_component() >= 0 || wide_) {
    do {
      compute_costs();
    } while (unit_moved());
  }
  hold_in(units_for_integers(*this));
}

void BalanceProblem::compute_costs() {
  if (!has_synapses() && grounded_component() < 0) return;  // nothing that is left has a cost that moves
  const auto prices = this->prices();
  auto sums = no_sums();
  for (LocalIndex band = 0; band < bands(); ++band) {
    layout_.for_each_placed(active_, band,
                            [&](LocalIndex i, std::int64_t e, LocalIndex j, SynapseRole role, std::int64_t where) {
                              price(i, e, j, role, where, prices, sums);
                            });
  }
  add_up(std::move(sums));
}

/// Collective. Once, at h = 0.
void BalanceProblem::count_edges(const Sums& own) {
  edges_ = comm_->sum(layout_.size());
  edges_between_ = comm_->sum(own.edges_between);
  if (edges_between_ == 0) return;
  double inside = layout_.sum();
  for (const double c : from_pinned_) inside += c;
  for (const double c : own.leaving) inside += c;
  std::array<double, 2> sums{own.between, inside};
  comm_->sum(std::span<double>(sums));
  cost_between_ = sums[0] * cost_unit();
  share_between_ = sums[0] > 0 ? sums[0] / (sums[0] + sums[1]) : 0.0;
}

void BalanceProblem::for_each_log_cost(const std::function<void(GlobalIndex, GlobalIndex, double)>& visit) const {
  const auto rows = network_->local_size();
  std::vector<double> log_gain(active_.columns(), 0.0);
  for (std::size_t i = 0; i < network_->nodes.gain.size(); ++i) log_gain[i] = 2 * std::log(network_->nodes.gain[i]);
  const auto own = std::span(log_gain).first(at(rows));
  HaloExchange<double>(network_->halo).forward(own, std::span(log_gain).subspan(at(rows)));
  const auto number = active_.numbers();
  active_.for_each_entry(0, rows, [&](LocalIndex i, std::int64_t e, LocalIndex j, SynapseRole role) {
    if (role == SynapseRole::unchanging || role == SynapseRole::between) return;
    const double log_weight = std::log(std::abs(network_->weight[at(e)]));
    const double log_alpha = network_->alpha.empty() ? 0.0 : std::log(network_->alpha[at(e)]);
    visit(number[at(i)], number[at(j)], power_ * log_weight + log_gain[at(j)] + log_alpha);
  });
}

}  // namespace synbal
