// From a network and its components to the normal form: which entries count, and what they cost at the base.
#include "synbal/balance/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <span>
#include <utility>

#include "balance/remaining_synapses.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fixed_point.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/network/factor.hpp"

namespace synbal {

namespace {

constexpr std::int32_t kTrivial = -1;    // label of a free neuron on no cycle: none of its synapses is balanced
constexpr double kLog2Safe = 400;        // costs beyond 2^(+-400) are held in another unit
constexpr double kLog2SafeInUnits = 50;  // the same where small ones beside large ones are held in units of both
constexpr double kLog2Slack = 100;       // by which the largest may drift from there
constexpr double kLog2Wide = 660;        // so are costs that span about 200 decades
constexpr double kLog2Movable = 300;  // costs that span at most 90 decades at h = 0 can be moved without their weights
constexpr double kFurthest = 150;     // log of the factor by which a pass moves costs: far from overflow

/// [rows + ghosts] Values of some ghosts alone, which are named by their numbers.
template <class T>
void keep_ghosts(std::vector<T>& values, LocalIndex rows, std::span<const LocalIndex> ghosts) {
  for (std::size_t g = 0; g < ghosts.size(); ++g) values[at(rows) + g] = values[at(rows + ghosts[g])];
  values.resize(at(rows) + ghosts.size());
  values.shrink_to_fit();
}

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
      free_(comm, network),
      power_(power) {
  label_columns(components);
  number_active_neurons();
  agreed(comm, [&] { check_exponents(); });
  choose_unit();
  if (log2_span_ > kLog2Movable || comm.any(!exponent_.empty())) taken_from_ = nullptr;
  find_ghosts();
  base_.assign(at(size()), 0.0);
}

/// Collective. After the first pass.
void BalanceProblem::follow_unit() {
  if (unit_moved()) rebase(std::vector<double>(base_));
}

void BalanceProblem::check_exponents() const {
  for (LocalIndex i = 0; i < size() && !exponent_.empty(); ++i) {
    if (exponent_[at(i)] == 1 || component_[at(i)] == pinned_component_) continue;
    throw bad_input(
        fmt::format("exponent {} of neuron {} in a component without pinned neurons (a cycle of such neurons "
                    "has no finite minimum): pin a neuron of the component, or leave the exponent 1",
                    exponent_[at(i)], network_->file_index(network_row_[at(i)])));
  }
}

// Labels number the components seen by this rank, so that "same component" is one comparison of small integers.
void BalanceProblem::label_columns(const Components& components) {
  const auto rows = network_->local_size();
  const auto& flags = network_->nodes.pinned;
  std::vector<std::uint8_t> pinned(components.leader.size(), 0);
  std::copy(flags.begin(), flags.end(), pinned.begin());
  HaloExchange<std::uint8_t> exchange(network_->halo);
  exchange.forward(std::span(pinned).first(at(rows)), std::span(pinned).subspan(at(rows)));

  std::vector<GlobalIndex> leaders;
  GlobalIndex pinned_leader = -1;
  for (std::size_t c = 0; c < pinned.size(); ++c) {
    const auto leader = components.leader[c];
    if (components.on_cycle[c] != 0 && (leaders.empty() || leaders.back() != leader)) leaders.push_back(leader);
    if (pinned[c] != 0) pinned_leader = components.leader[c];
  }
  pinned_component_ = comm_->max(pinned_leader);
  std::sort(leaders.begin(), leaders.end());
  leaders.erase(std::unique(leaders.begin(), leaders.end()), leaders.end());
  pinned_label_ = static_cast<std::int32_t>(leaders.size());

  label_.assign(pinned.size(), kTrivial);
  for (std::size_t c = 0; c < pinned.size(); ++c) {
    if (pinned[c] != 0) {
      label_[c] = pinned_label_;
    } else if (components.on_cycle[c] != 0) {
      label_[c] = static_cast<std::int32_t>(std::lower_bound(leaders.begin(), leaders.end(), components.leader[c]) -
                                            leaders.begin());
    }
  }
  one_component_ =
      std::all_of(label_.begin(), label_.end(), [](std::int32_t l) { return l == 0; }) && pinned_label_ == 1;
  const auto active = [&](std::int32_t label) { return label != kTrivial && label != pinned_label_; };
  const auto own = std::span(std::as_const(label_)).first(at(rows));
  const auto actives = at(std::count_if(own.begin(), own.end(), active));
  network_row_.reserve(actives), component_.reserve(actives);
  for (LocalIndex i = 0; i < rows; ++i) {
    if (!active(own[at(i)])) continue;
    network_row_.push_back(i);
    component_.push_back(components.leader[at(i)]);
  }
  // An edge to or from a pinned neuron is inside exactly when the other end is in the pinned component.
  const auto found = std::lower_bound(leaders.begin(), leaders.end(), pinned_component_);
  joins_pinned_ = found != leaders.end() && *found == pinned_component_
                      ? static_cast<std::int32_t>(found - leaders.begin())
                      : pinned_label_ + 1;
}

void BalanceProblem::number_active_neurons() {
  neurons_ = Ownership::of_counts(*comm_, static_cast<GlobalIndex>(network_row_.size()));
  active_index_.assign(at(network_->local_size()), -1);
  for (LocalIndex k = 0; k < size(); ++k) active_index_[at(network_row_[at(k)])] = k;
  const auto& exponent = network_->nodes.exponent;
  bool ones = true;
  for (const auto row : network_row_) ones = ones && (exponent.empty() || exponent[at(row)] == 1);
  if (!comm_->any(!ones)) return;
  for (const auto row : network_row_) exponent_.push_back(exponent.empty() ? 1.0 : exponent[at(row)]);
}

/// Whether the self-loop of a neuron changes with its h: as a synapse that enters and leaves it, it adds (k - 1) c to
/// the gradient over p and (k - 1)^2 c to the Hessian over p^2.
bool BalanceProblem::loop_costs(LocalIndex row) const noexcept {
  const auto& exponent = network_->nodes.exponent;
  return !exponent.empty() && exponent[at(row)] != 1 && active_index_[at(row)] >= 0;
}

[[gnu::always_inline]] inline BalanceProblem::Role BalanceProblem::role(LocalIndex row,
                                                                        LocalIndex column) const noexcept {
  if (row == column) return loop_costs(row) ? Role::inside : Role::unchanging;
  if (one_component_) return Role::inside;
  const auto post = label_[at(row)];
  const auto pre = label_[at(column)];
  if (post == pinned_label_ && pre == pinned_label_) return Role::unchanging;
  if (post == pre && post != kTrivial) return Role::inside;
  if (pre == pinned_label_ && post == joins_pinned_) return Role::from_pinned;
  if (post == pinned_label_ && pre == joins_pinned_) return Role::to_pinned;
  return Role::between;
}

/// visit(row, entry, column, role) for every stored entry of a range of the network's rows.
template <class Visit>
void BalanceProblem::for_each_entry(LocalIndex begin, LocalIndex end, Visit&& visit) const {
  for (LocalIndex i = begin; i < end; ++i) {
    for (auto e = network_->row_ptr[at(i)]; e < network_->row_ptr[at(i) + 1]; ++e) {
      const auto j = network_->column[at(e)];
      visit(i, e, j, free_(e) ? Role::unchanging : role(i, j));
    }
  }
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

/// Collective. [network local + ghosts] Global index among the active neurons; -1 where a column is none.
std::vector<GlobalIndex> BalanceProblem::active_numbers() const {
  const auto rows = network_->local_size();
  std::vector<GlobalIndex> number(label_.size());
  for (LocalIndex i = 0; i < rows; ++i) {
    number[at(i)] = active_index_[at(i)] < 0 ? -1 : neurons_.first() + active_index_[at(i)];
  }
  const auto own = std::span(number).first(at(rows));
  HaloExchange<GlobalIndex>(network_->halo).forward(own, std::span(number).subspan(at(rows)));
  return number;
}

// Ghosts of the network that take part become ghosts of the problem, in the same order. Counts entries on the way.
void BalanceProblem::find_ghosts() {
  const auto rows = network_->local_size();
  std::vector<std::uint8_t> used(label_.size() - at(rows), 0);
  std::int64_t local = 0, remote = 0;
  for_each_entry(0, rows, [&](LocalIndex, std::int64_t, LocalIndex j, Role kind) {
    if (kind != Role::inside) return;
    ++(j < rows ? local : remote);
    if (j >= rows) used[at(j - rows)] = 1;
  });
  const auto number = active_numbers();
  ghost_place_.assign(used.size(), -1);
  std::vector<GlobalIndex> ghosts;
  ghosts.reserve(at(std::ranges::count(used, 1)));
  for (std::size_t g = 0; g < used.size(); ++g) {
    if (used[g] == 0) continue;
    ghost_place_[g] = static_cast<LocalIndex>(ghosts.size());
    ghosts.push_back(number[at(rows) + g]);
  }
  all_take_part_ = size() == rows && ghosts.size() == used.size();
  halo_ = Halo(*comm_, neurons_, std::move(ghosts));
  local_.allocate(size(), size(), local);
  remote_.allocate(size(), halo_.ghost_count(), remote);
}

/// Network rows of a band: from its first active neuron to the next band's; the first band starts at row 0 so that rows
/// without active neurons are in some band, too.
std::pair<LocalIndex, LocalIndex> BalanceProblem::band_rows(LocalIndex band) const noexcept {
  const auto first = std::int64_t{band} * CostTiles::kBandRows, next = first + CostTiles::kBandRows;
  return {band == 0 ? 0 : network_row_[at(first)], next < size() ? network_row_[at(next)] : network_->local_size()};
}

LocalIndex BalanceProblem::bands() const noexcept {
  return static_cast<LocalIndex>((std::int64_t{std::max(size(), 1)} + CostTiles::kBandRows - 1) / CostTiles::kBandRows);
}

/// Of a column of the network, among active neurons or ghosts; not looked up where that would be the same number: it is
/// a read at random for every entry.
[[gnu::always_inline]] inline LocalIndex BalanceProblem::place_of(LocalIndex column) const noexcept {
  const auto rows = network_->local_size();
  if (all_take_part_) return column < rows ? column : column - rows;
  return column < rows ? active_index_[at(column)] : ghost_place_[at(column - rows)];
}

void BalanceProblem::lay_out_band(LocalIndex band) {
  const auto rows = network_->local_size();
  std::vector<std::int64_t> local(at(local_.runs()), 0), remote(at(remote_.runs()), 0);
  const auto [begin, end] = band_rows(band);
  for_each_entry(begin, end, [&](LocalIndex, std::int64_t, LocalIndex j, Role kind) {
    if (kind != Role::inside) return;
    ++(j < rows ? local[at(local_.run_of(place_of(j)))] : remote[at(remote_.run_of(place_of(j)))]);
  });
  local_.add_band(band * CostTiles::kBandRows, local);
  remote_.add_band(band * CostTiles::kBandRows, remote);
}

void BalanceProblem::place(LocalIndex row, LocalIndex column, std::int64_t place) {
  const auto rows = network_->local_size();
  auto& tiles = column < rows ? local_ : remote_;
  const auto j = place_of(column);
  tiles.row[at(place)] = static_cast<std::uint16_t>(active_index_[at(row)] % CostTiles::kBandRows);
  tiles.column[at(place)] = static_cast<std::uint16_t>(j & ((1 << tiles.column_bits) - 1));
}

/// visit(row, entry, column, role, place) for every stored entry of a band; `place` is that of an inside entry in its
/// tiles.
template <class Visit>
void BalanceProblem::for_each_placed(LocalIndex band, Visit&& visit) const {
  const auto rows = network_->local_size();
  BandCursor local(local_, band), remote(remote_, band);
  const auto [begin, end] = band_rows(band);
  for_each_entry(begin, end, [&](LocalIndex i, std::int64_t e, LocalIndex j, Role kind) {
    std::int64_t place = -1;
    if (kind == Role::inside) {
      place = j < rows ? local.next(place_of(j)) : remote.next(place_of(j));
    }
    visit(i, e, j, kind, place);
  });
}

// log of what multiplies |J_ij| from the presynaptic side, for every local column of the network.
std::vector<double> BalanceProblem::log_factors() const {
  const auto rows = network_->local_size();
  std::vector<double> x(label_.size(), 0.0);
  for (LocalIndex k = 0; k < size(); ++k) x[at(network_row_[at(k)])] = exponent(k) * base_[at(k)];
  const auto& gain = network_->nodes.gain;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    if (gain[i] > 0) x[i] += 2 / power_ * std::log(gain[i]);  // a gain of 0 takes no part
  }
  HaloExchange<double>(network_->halo).forward(std::span(x).first(at(rows)), std::span(x).subspan(at(rows)));
  return x;
}

void BalanceProblem::rebase(std::span<const double> base) {
  const EventScope event(Event::costs);
  const auto before = std::exchange(base_, {base.begin(), base.end()});
  hold_as_they_are();
  if (!has_synapses()) move_costs(before);
  do {
    compute_costs();
  } while (unit_moved());
  hold_in_units();
}

/// [n], [n + ghosts] The smallest cost that comes out.
double BalanceProblem::scale(std::span<const double> post, std::span<const double> pre) {
  return std::min(local_.scale(post, pre.first(at(size()))), remote_.scale(post, pre.subspan(at(size()))));
}

void BalanceProblem::hold_as_they_are() {
  if (has_synapses()) {  // they are computed anew
    units_ = {};
  } else if (!units_.row.empty()) {
    const auto units = std::exchange(units_, {});
    scale(units.row, units.column);
  }
}

/// Collective.
void BalanceProblem::hold_in_units() {
  if (!reproducible_) return;
  auto units = units_for_integers(*this);
  auto per_unit = units;
  for (auto* values : {&per_unit.row, &per_unit.column}) {
    for (auto& x : *values) x = 1 / x;
  }
  scale(per_unit.row, per_unit.column);
  units_ = std::move(units);
}

/// Collective. Costs of synapses that were taken over go from the base `from` to the present one, in steps that none of
/// the products leaves the doubles in.
void BalanceProblem::move_costs(std::span<const double> from) {
  const auto n = at(size());
  double furthest = 0;
  std::vector<double> post(n), pre(n + halo_.ghosts().size());
  for (std::size_t i = 0; i < n; ++i) {
    post[i] = power_ * (base_[i] - from[i]);
    furthest = std::max(furthest, std::abs(post[i]));
  }
  const int steps = static_cast<int>(std::ceil(comm_->max(furthest) / kFurthest));
  for (std::size_t i = 0; i < n; ++i) pre[i] = std::exp(post[i] / steps), post[i] = std::exp(-post[i] / steps);
  HaloExchange<double>(halo_).forward(std::span(pre).first(n), std::span(pre).subspan(n));
  double smallest = std::numeric_limits<double>::max();
  for (int step = 0; step < steps; ++step) smallest = std::min(smallest, scale(post, pre));
  if (!comm_->any(smallest < smallest_cost())) return;
  throw usage_error(
      fmt::format("costs fall below {} on the way, where they cannot be held without their weights: have "
                  "the weights held, too",
                  smallest_cost()));
}

// True when the largest cost has left the place high up in the range of doubles where small ones need the room below.
bool BalanceProblem::unit_moved() {
  if (!wide_) return false;
  double largest = 0;
  for (const auto* costs : {&local_.cost, &remote_.cost}) {
    for (const double c : *costs) largest = std::max(largest, c);
  }
  largest = comm_->max(largest);
  const double safe = reproducible_ ? kLog2SafeInUnits : kLog2Safe;
  const double shift = largest > 0 ? std::ceil(std::log2(largest)) - safe : 0;
  if (std::abs(shift) <= kLog2Slack) return false;
  log2_unit_ += shift;
  return true;
}

/// alpha^{1/p} of an entry that takes part: what it does to the weight, as far as costs are concerned.
double BalanceProblem::alpha_root(std::int64_t entry) const noexcept {
  if (network_->alpha.empty()) return 1.0;
  const double alpha = network_->alpha[at(entry)];
  return power_ == 2 ? std::sqrt(alpha) : to_the(alpha, 1 / power_);
}

double BalanceProblem::log_alpha(std::int64_t entry) const noexcept {
  return network_->alpha.empty() ? 0.0 : std::log(network_->alpha[at(entry)]);
}

/// What entries cost at the base, in the unit. `root` is alpha_root().
struct BalanceProblem::Prices {
  std::vector<Factor> pre, post;  // by local columns and by rows of the network
  bool plain;                     // all factors are 1
  double power;

  [[nodiscard]] double exact(double weight, double root, LocalIndex i, LocalIndex j) const {
    if (plain) return to_the(std::abs(weight), power);
    const auto& f = pre[at(j)];
    const auto& g = post[at(i)];
    int exponent = 0, of_root = 0;  // the largest and the subnormal weights keep their digits
    const double mantissa =
        std::frexp(std::abs(weight), &exponent) * std::frexp(root, &of_root) * (f.mantissa * g.mantissa);
    exponent += of_root + f.exponent + g.exponent;
    // Small powers of what is no double may be one.
    if (std::abs(exponent) > 1000) return std::exp2(power * (exponent + std::log2(mantissa)));
    return to_the(times_power_of_two(mantissa, exponent), power);
  }
  [[nodiscard]] double held(double weight, double root, LocalIndex i, LocalIndex j) const {
    return std::max(exact(weight, root, i, j), smallest_cost());
  }
};

BalanceProblem::Prices BalanceProblem::prices() const {
  Prices prices{{}, {}, true, power_};
  prices.pre.reserve(label_.size());
  for (const double x : log_factors()) prices.pre.push_back(factor_of(x));
  const double log_unit = -log2_unit_ / power_ * std::numbers::ln2;
  prices.post.assign(at(network_->local_size()), factor_of(log_unit));
  for (LocalIndex k = 0; k < size(); ++k) prices.post[at(network_row_[at(k)])] = factor_of(-base_[at(k)] + log_unit);
  const auto is_one = [](const Factor& f) { return f.mantissa == 1 && f.exponent == 0; };
  prices.plain = network_->alpha.empty() && std::all_of(prices.pre.begin(), prices.pre.end(), is_one) &&
                 std::all_of(prices.post.begin(), prices.post.end(), is_one);
  return prices;
}

void BalanceProblem::for_each_pinned_synapse(const std::function<void(LocalIndex, LocalIndex, double)>& visit) const {
  const auto prices = this->prices();
  for_each_entry(0, network_->local_size(), [&](LocalIndex i, std::int64_t e, LocalIndex j, Role kind) {
    if (kind != Role::from_pinned && kind != Role::to_pinned) return;
    visit(i, j, prices.held(network_->weight[at(e)], alpha_root(e), i, j));
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
  loop_.assign(exponent_.size(), 0.0);
  if (pinned_component_ < 0) return {};
  from_pinned_.assign(at(size()), 0.0);
  return {std::vector<double>(label_.size(), 0.0), {}, {}};
}

/// One entry at the base.
[[gnu::always_inline]] inline void BalanceProblem::price(LocalIndex i, std::int64_t e, LocalIndex j, Role kind,
                                                         std::int64_t place, const Prices& prices, Sums& sums) {
  if (kind == Role::unchanging) return;
  const double weight = network_->weight[at(e)], root = alpha_root(e);
  switch (kind) {
    case Role::inside:
      (j < network_->local_size() ? local_ : remote_).cost[at(place)] = prices.held(weight, root, i, j);
      if (i == j) loop_[at(active_index_[at(i)])] += prices.held(weight, root, i, j);
      break;
    case Role::from_pinned:
      from_pinned_[at(active_index_[at(i)])] += prices.held(weight, root, i, j);
      if (reproducible_) sums.from_pinned.emplace_back(i, prices.held(weight, root, i, j));
      break;
    case Role::to_pinned:
      sums.leaving[at(j)] += prices.held(weight, root, i, j);
      if (reproducible_) sums.to_pinned.emplace_back(j, prices.held(weight, root, i, j));
      break;
    default:
      sums.between += prices.exact(weight, root, i, j), ++sums.edges_between;
  }
}

/// Collective. What leaves to pinned neurons on other ranks comes home.
void BalanceProblem::add_up(Sums&& sums) {
  if (pinned_component_ < 0) return;
  if (reproducible_) return add_up_in_any_order(sums);
  const auto rows = network_->local_size();
  HaloExchange<double> exchange(network_->halo);
  exchange.reverse_begin([&](LocalIndex g) { return sums.leaving[at(rows + g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { sums.leaving[at(i)] += value; });
  to_pinned_.assign(at(size()), 0.0);
  for (LocalIndex k = 0; k < size(); ++k) to_pinned_[at(k)] = sums.leaving[at(network_row_[at(k)])];
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
    of_neurons.reserve(network_row_.size());
    for (const auto row : network_row_) of_neurons.push_back(of_rows[at(row)].first);
    return of_neurons;
  };
  from_pinned_ = total(sums.from_pinned), to_pinned_ = total(sums.to_pinned);
}

/// Collective. The first pass: places entries, prices them, and takes over those inside where that is asked for.
/// @return the network's ghosts that are left then, by their numbers before.
std::vector<LocalIndex> BalanceProblem::lay_out() {
  auto prices = this->prices();
  auto sums = no_sums();
  std::optional<RemainingSynapses> remaining;
  if (taken_from_ != nullptr) remaining.emplace(*taken_from_);
  for (LocalIndex band = 0; band < bands(); ++band) {
    lay_out_band(band);
    for_each_placed(band, [&](LocalIndex i, std::int64_t e, LocalIndex j, Role kind, std::int64_t where) {
      if (kind == Role::inside) place(i, j, where);
      price(i, e, j, kind, where, prices, sums);
      if (remaining && kind != Role::inside) remaining->keep(i, e);
    });
    if (remaining) remaining->give_back(network_->row_ptr[at(band_rows(band).second)]);
  }
  prices = {};
  count_edges(sums);
  add_up(std::move(sums));
  if (!remaining) return {};
  auto ghosts = remaining->finish(*comm_);
  keep_ghosts(label_, network_->local_size(), ghosts);
  ghost_place_ = std::vector<LocalIndex>();  // no entry that is left is among the costs
  return ghosts;
}

void BalanceProblem::make_reproducible() {
  reproducible_ = true;
  if (pinned_component_ >= 0 || wide_) {
    do {
      compute_costs();
    } while (unit_moved());
  }
  hold_in_units();
}

void BalanceProblem::compute_costs() {
  if (!has_synapses() && pinned_component_ < 0) return;  // nothing that is left has a cost that moves
  const auto prices = this->prices();
  auto sums = no_sums();
  for (LocalIndex band = 0; band < bands(); ++band) {
    for_each_placed(band, [&](LocalIndex i, std::int64_t e, LocalIndex j, Role kind, std::int64_t where) {
      price(i, e, j, kind, where, prices, sums);
    });
  }
  add_up(std::move(sums));
}

/// Collective. Once, at h = 0.
void BalanceProblem::count_edges(const Sums& own) {
  edges_ = comm_->sum(local_.size() + remote_.size());
  edges_between_ = comm_->sum(own.edges_between);
  if (edges_between_ == 0) return;
  double inside = 0;
  for (const auto* costs : {&local_.cost, &remote_.cost}) {
    for (const double c : *costs) inside += c;
  }
  for (const double c : from_pinned_) inside += c;
  for (const double c : own.leaving) inside += c;
  std::array<double, 2> sums{own.between, inside};
  comm_->sum(std::span<double>(sums));
  cost_between_ = sums[0] * cost_unit();
  share_between_ = sums[0] > 0 ? sums[0] / (sums[0] + sums[1]) : 0.0;
}

void BalanceProblem::for_each_log_cost(const std::function<void(GlobalIndex, GlobalIndex, double)>& visit) const {
  const auto rows = network_->local_size();
  std::vector<double> log_gain(label_.size(), 0.0);
  for (std::size_t i = 0; i < network_->nodes.gain.size(); ++i) log_gain[i] = 2 * std::log(network_->nodes.gain[i]);
  const auto own = std::span(log_gain).first(at(rows));
  HaloExchange<double>(network_->halo).forward(own, std::span(log_gain).subspan(at(rows)));
  const auto number = active_numbers();
  for_each_entry(0, rows, [&](LocalIndex i, std::int64_t e, LocalIndex j, Role kind) {
    if (kind == Role::unchanging || kind == Role::between) return;
    const double log_weight = std::log(std::abs(network_->weight[at(e)]));
    visit(number[at(i)], number[at(j)], power_ * log_weight + log_gain[at(j)] + log_alpha(e));
  });
}

std::vector<double> BalanceProblem::to_network(std::span<const double> values, double elsewhere) const {
  std::vector<double> spread(at(network_->local_size()), elsewhere);
  for (std::size_t k = 0; k < network_row_.size(); ++k) spread[at(network_row_[k])] = values[k];
  return spread;
}

std::vector<double> BalanceProblem::from_network(std::span<const double> values) const {
  std::vector<double> own;
  own.reserve(network_row_.size());
  for (const auto row : network_row_) own.push_back(values[at(row)]);
  return own;
}

}  // namespace synbal
