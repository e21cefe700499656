// Sweeps over the colours, and the solver that repeats them until balanced.
#include "synbal/balance/sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "synbal/balance/edges.hpp"
#include "synbal/core/own_sums.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {

namespace {
constexpr LocalIndex kRowsAhead = 3;  // rows of a colour lie apart: fetch their entries early
}  // namespace

Sweeper::Sweeper(const BalanceProblem& problem, std::uint64_t seed)
    : problem_(&problem), rows_(problem), coloring_(color(problem, rows_, seed)), exchange_(problem, coloring_) {
  const auto n = problem.size();
  color_begin_.assign(at(coloring_.count) + 1, 0);
  for (LocalIndex i = 0; i < n; ++i) ++color_begin_[at(coloring_.color[at(i)]) + 1];
  for (std::size_t c = 1; c < color_begin_.size(); ++c) color_begin_[c] += color_begin_[c - 1];
  members_.resize(at(n));
  auto next = color_begin_;
  for (LocalIndex i = 0; i < n; ++i) members_[at(next[at(coloring_.color[at(i)])]++)] = i;
  slots_.resize(at(n) + problem.halo().ghosts().size());
  post_.resize(at(n));
  remote_out_.assign(at(n), 0.0);
}

void Sweeper::start(std::span<const double> delta) {
  const auto n = problem_->size();
  const double p = problem_->power();
  for (auto& slot : slots_) slot = {};
  for (LocalIndex i = 0; i < n; ++i) {
    slots_[at(i)].pre = std::exp(p * problem_->exponent(i) * delta[at(i)]);
    post_[at(i)] = std::exp(-p * delta[at(i)]);
  }
  share_pre();
  for_each_edge(*problem_, [&](LocalIndex i, LocalIndex j, double c) { slots_[at(j)].out += c * post_[at(i)]; });
  rows_.refresh(*problem_);
}

void Sweeper::share_pre() {
  const auto n = problem_->size();
  HaloExchange<double> exchange(problem_->halo());
  exchange.forward_begin([&](LocalIndex i) { return slots_[at(i)].pre; });
  exchange.forward_end([&](LocalIndex g, double value) { slots_[at(n + g)].pre = value; });
}

// Out-costs are summed in the order in which a sweep would have summed them.
void Sweeper::go_on_from(std::span<const double> post) {
  for (auto& slot : slots_) slot = {};
  std::copy(post.begin(), post.end(), post_.begin());
  for (LocalIndex i = 0; i < problem_->size(); ++i) {
    const double k = problem_->exponent(i);
    slots_[at(i)].pre = k == 1 ? 1 / post_[at(i)] : std::pow(post_[at(i)], -k);
  }
  share_pre();
  rows_.refresh(*problem_);
  for (const auto i : members_) scatter(i, 0, post_[at(i)]);
  for (auto& slot : slots_) slot.out = std::exchange(slot.next_out, 0.0);
}

void Sweeper::visit(LocalIndex i, SweepView& view) {
  auto& own = slots_[at(i)];
  double in = problem_->from_pinned(i);
  rows_.for_row(i, [&](LocalIndex j, double c) { in += c * slots_[at(j)].pre; });
  const double k = problem_->exponent(i);
  const double out = k * (own.out + remote_out_[at(i)] + problem_->to_pinned(i));

  const double before = post_[at(i)];
  const double in_cost = in * before;
  view.l1 += std::abs(in_cost - out * own.pre);
  view.cost += in_cost + problem_->to_pinned(i) * own.pre;
  // log of the factor that t = e^{-p delta} takes: balanced is in t' = out s'.
  const double most = kLargestStep / std::max(1.0, k);
  const double change = std::clamp(-(std::log(in_cost) - std::log(out * own.pre)) / (k + 1), -most, most);
  const double after = before * std::exp(change);
  own.pre = k == 1 ? 1 / after : std::pow(after, -k);
  post_[at(i)] = after;
  view.max_step = std::max(view.max_step, std::abs(change));
  view.largest_factor = std::max({view.largest_factor, after, own.pre});

  scatter(i, after - before, after);
}

// One piece of code, never inlined: whether products are rounded before they are added must not depend on who calls.
[[gnu::noinline]] void Sweeper::scatter(LocalIndex i, double moved, double after) {
  rows_.for_row(i, [&](LocalIndex j, double c) {
    auto& slot = slots_[at(j)];
    slot.out += c * moved;
    slot.next_out += c * after;
  });
}

SweepView Sweeper::sweep() {
  const EventScope event(Event::sweep);
  SweepView view;
  for (std::int32_t c = 0; c < coloring_.count; ++c) {
    exchange_.before(c, slots_, remote_out_);
    const auto end = color_begin_[at(c) + 1];
    for (auto m = color_begin_[at(c)]; m < end; ++m) {
      const auto ahead = members_[at(std::min(m + kRowsAhead, end - 1))];
      __builtin_prefetch(rows_.column().data() + rows_.begin(ahead));
      __builtin_prefetch(rows_.cost().data() + rows_.begin(ahead));
      visit(members_[at(m)], view);
    }
  }
  for (auto& slot : slots_) slot.out = std::exchange(slot.next_out, 0.0);
  return over_ranks(view);
}

SweepView Sweeper::over_ranks(const SweepView& own) const {
  std::array<double, 2> sums{own.l1, own_sum_for_good(own.cost)};
  std::array<double, 2> maxima{own.max_step, own.largest_factor};
  problem_->comm().sum(std::span<double>(sums));
  problem_->comm().max(std::span<double>(maxima));
  return {sums[1] > 0 ? sums[0] / sums[1] : 0.0, sums[1], maxima[0] / problem_->power(), maxima[1]};
}

std::vector<double> Sweeper::delta() const {
  std::vector<double> delta(post_.size());
  for (std::size_t i = 0; i < delta.size(); ++i) delta[i] = -std::log(post_[i]) / problem_->power();
  return delta;
}

}  // namespace synbal
