// Greedy colouring as one ordered pass.
#include "stochastic/greedy_coloring.hpp"

#include <algorithm>

#include "stochastic/schedule_agenda.hpp"
#include "synbal/core/tags.hpp"

namespace synbal {

namespace {

constexpr std::uint32_t kGreedyStream = 0x5C4ED0;
constexpr std::int64_t kNone = -1;

/// Many synapses first, then as drawn.
class ByDegree final : public Agenda {
 public:
  ByDegree(const BlockGraph& graph, std::uint64_t seed) : graph_(graph) {
    const auto& stars = graph.stars();
    const auto n = at(stars.size());
    std::vector<std::int64_t> key(stars.file_rank().size());
    const CounterRandom random(seed, kGreedyStream);
    for (std::size_t i = 0; i < n; ++i) {
      const auto own = static_cast<LocalIndex>(i);
      const auto degree = stars.incoming(own).neighbour.size() + stars.outgoing(own).neighbour.size();
      const auto few = 0x7FFFFFFF - std::min<std::size_t>(degree, 0x7FFFFFFF);
      const auto draw = random.bits(static_cast<std::uint64_t>(stars.file_rank()[i]))[0] >> 32;
      key[i] = static_cast<std::int64_t>((few << 32) | draw);
    }
    HaloExchange<std::int64_t>(stars.halo()).forward(std::span(key).first(n), std::span(key).subspan(n));
    key_.assign(key.begin(), key.end());
  }

  std::span<const LocalIndex> in_order() override {
    for (LocalIndex i = 0; i < graph_.stars().size(); ++i) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [&](LocalIndex a, LocalIndex b) {
      const auto rank = graph_.stars().file_rank();
      return key(a) != key(b) ? key(a) < key(b) : rank[at(a)] < rank[at(b)];
    });
    return order_;
  }

 private:
  const BlockGraph& graph_;
  std::vector<LocalIndex> order_;
};

}  // namespace

std::vector<std::int64_t> greedy_coloring(const BlockGraph& graph, std::uint64_t seed) {
  ByDegree agenda(graph, seed);
  OrderedPass<std::int64_t> pass(graph, tag::schedule_coloring);
  std::vector<std::int64_t> color(graph.stars().file_rank().size(), kNone);
  std::vector<LocalIndex> seen;  // by colour: the last neuron of which a neighbour has it
  pass.run(agenda, color, [&](LocalIndex i) {
    graph.for_each_neighbour(i, [&](LocalIndex q) {
      if (color[at(q)] == kNone) return;
      if (at(color[at(q)]) >= seen.size()) seen.resize(at(color[at(q)]) + 1, -1);
      seen[at(color[at(q)])] = i;
    });
    std::int64_t lowest = 0;
    while (at(lowest) < seen.size() && seen[at(lowest)] == i) ++lowest;
    color[at(i)] = lowest;
  });
  return color;
}

}  // namespace synbal
