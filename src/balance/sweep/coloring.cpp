// Random colouring with conflict resolution: few rounds, each one pass over the pattern and one exchange both ways.
#include "synbal/balance/coloring.hpp"

#include <algorithm>

#include "synbal/balance/edges.hpp"
#include "synbal/core/random.hpp"

namespace synbal {

namespace {

constexpr std::uint32_t kColorStream = 0xC0104;
constexpr int kRoundsPerRange = 16;  // then those that still clash move on to fresh colours
constexpr std::uint32_t kDraws = 8;

/// Working state of one colouring.
class Colorer {
 public:
  Colorer(const BalanceProblem& problem, const CostRows& rows, std::uint64_t seed)
      : problem_(problem),
        rows_(rows),
        random_(seed, kColorStream),
        n_(problem.size()),
        total_(at(n_) + problem.halo().ghosts().size()),
        range_(initial_range(problem)),
        color_(total_),
        loses_(total_),
        seen_(at(range_), -1) {}

  Coloring run() {
    rank_neurons();
    for (LocalIndex i = 0; i < n_; ++i) color_[at(i)] = draw(i, 0);
    Coloring result;
    do {
      share_colors();
      find_losers();
      ++result.rounds;
    } while (redraw(static_cast<std::uint32_t>(result.rounds)));
    std::int32_t highest = -1;
    for (LocalIndex i = 0; i < n_; ++i) highest = std::max(highest, color_[at(i)]);
    result.count = problem_.comm().max(highest) + 1;
    result.color = std::move(color_);
    return result;
  }

 private:
  static std::int32_t initial_range(const BalanceProblem& problem) {
    const auto mean_degree = 2 * problem.edges() / std::max<std::int64_t>(problem.global_size(), 1);
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(2 * mean_degree, 16, 1 << 16));
  }

  [[nodiscard]] GlobalIndex global(LocalIndex i) const { return problem_.neurons().first() + i; }

  // Rank: synapses first, so that hubs keep what they drew, then a hash; equal ranks are told apart by the index.
  void rank_neurons() {
    std::vector<std::int64_t> degree(total_, 0);
    for_each_edge(problem_, [&](LocalIndex i, LocalIndex j, double) { ++degree[at(i)], ++degree[at(j)]; });
    HaloExchange<std::int64_t> exchange(problem_.halo());
    exchange.reverse_begin([&](LocalIndex g) { return degree[at(n_ + g)]; });
    exchange.reverse_end([&](LocalIndex i, std::int64_t value) { degree[at(i)] += value; });
    rank_.resize(total_);
    for (LocalIndex i = 0; i < n_; ++i) {
      const auto hash = random_.bits(static_cast<std::uint64_t>(global(i)), 0xFFFFFFFF)[0] >> 36;
      rank_[at(i)] = (std::min<std::int64_t>(degree[at(i)], 1 << 30) << 28) | static_cast<std::int64_t>(hash);
    }
    exchange.forward(std::span(rank_).first(at(n_)), std::span(rank_).subspan(at(n_)));
  }

  std::int32_t draw(LocalIndex i, std::uint32_t step) const {
    const auto within = random_.below(static_cast<std::uint64_t>(range_), static_cast<std::uint64_t>(global(i)), step);
    return base_ + static_cast<std::int32_t>(within);
  }

  void share_colors() {
    HaloExchange<std::int32_t>(problem_.halo())
        .forward(std::span(color_).first(at(n_)), std::span(color_).subspan(at(n_)));
  }

  [[nodiscard]] bool below(LocalIndex i, LocalIndex j) const {
    if (rank_[at(i)] != rank_[at(j)]) return rank_[at(i)] < rank_[at(j)];
    return global(i) < (j < n_ ? global(j) : problem_.halo().ghosts()[at(j - n_)]);
  }

  void find_losers() {
    std::fill(loses_.begin(), loses_.end(), 0);
    for_each_edge(problem_, [&](LocalIndex i, LocalIndex j, double) {
      if (i != j && color_[at(i)] == color_[at(j)]) loses_[at(below(i, j) ? i : j)] = 1;
    });
    HaloExchange<std::uint8_t> exchange(problem_.halo());
    exchange.reverse_begin([&](LocalIndex g) { return loses_[at(n_ + g)]; });
    exchange.reverse_end([&](LocalIndex i, std::uint8_t value) { loses_[at(i)] |= value; });
  }

  /// Collective. True when some neuron drew again. All draws look at the colours before the round, on every rank.
  bool redraw(std::uint32_t round) {
    if (round % kRoundsPerRange == 0) base_ += range_;
    std::vector<std::pair<LocalIndex, std::int32_t>> drawn;
    for (LocalIndex i = 0; i < n_; ++i) {
      if (loses_[at(i)] != 0) drawn.emplace_back(i, draw_unlike_inputs(i, round));
    }
    for (const auto& [i, c] : drawn) color_[at(i)] = c;
    return problem_.comm().any(!drawn.empty());
  }

  std::int32_t draw_unlike_inputs(LocalIndex i, std::uint32_t round) {
    ++stamp_;
    rows_.for_row(i, [&](LocalIndex j, double) {
      const auto within = color_[at(j)] - base_;
      if (within >= 0 && within < range_) seen_[at(within)] = stamp_;
    });
    for (std::uint32_t k = 0; k + 1 < kDraws; ++k) {
      const auto c = draw(i, round * kDraws + k);
      if (seen_[at(c - base_)] != stamp_) return c;
    }
    return draw(i, round * kDraws + kDraws - 1);
  }

  const BalanceProblem& problem_;
  const CostRows& rows_;
  CounterRandom random_;
  LocalIndex n_;
  std::size_t total_;
  std::int32_t range_;
  std::int32_t base_ = 0;
  std::vector<std::int32_t> color_;
  std::vector<std::uint8_t> loses_;
  std::vector<std::int64_t> rank_;
  std::vector<std::int64_t> seen_;  // stamp of the last neuron that saw this colour among its inputs
  std::int64_t stamp_ = 0;
};

}  // namespace

Coloring color(const BalanceProblem& problem, const CostRows& rows, std::uint64_t seed) {
  return Colorer(problem, rows, seed).run();
}

}  // namespace synbal
