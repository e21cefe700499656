// Every owned neuron with all its synapses, incoming and outgoing: what a neuron needs to balance itself alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "synbal/balance/problem.hpp"

namespace synbal {

/// The synapses of one neuron in one direction. Neighbours are local: owned active neurons, then ghosts of
/// stars.halo().
struct Synapses {
  std::span<const LocalIndex> neighbour;
  std::span<const double> cost;  ///< at the problem's base, in its unit
};

/// The rows of C and, sent by the owners of the other rows, its columns: 24 bytes per synapse. The synapses of a star
/// ascend by the neighbour's place in the file, and costs to and from pinned neurons are summed in that order, so that
/// what a neuron computes has the same bits at any rank count and under any partition.
class IncidentSynapses {
 public:
  /// Collective. The problem must outlive the stars. `network` is the one the problem was made of.
  IncidentSynapses(const BalanceProblem& problem, const Network& network);

  /// Collective. Takes the costs again after the problem's base moved.
  void refresh();

  [[nodiscard]] const BalanceProblem& problem() const noexcept { return *problem_; }
  [[nodiscard]] LocalIndex size() const noexcept { return problem_->size(); }
  [[nodiscard]] Synapses incoming(LocalIndex i) const noexcept { return star(in_, i); }
  [[nodiscard]] Synapses outgoing(LocalIndex i) const noexcept { return star(out_, i); }
  /// For visits in random order: fetch early what incoming(i) and outgoing(i) look up, and some visits later the
  /// beginnings of the stars themselves.
  void prefetch_places(LocalIndex i) const noexcept {
    __builtin_prefetch(in_.begin.data() + i);
    __builtin_prefetch(out_.begin.data() + i);
    __builtin_prefetch(from_pinned_.data() + i);
    __builtin_prefetch(to_pinned_.data() + i);
  }
  void prefetch_star(LocalIndex i) const noexcept {
    for (const auto& s : {incoming(i), outgoing(i)}) {
      constexpr std::size_t line = 64;
      const auto lines_of = [&](const auto& part) {
        const auto* const first = reinterpret_cast<const char*>(part.data());
        for (std::size_t b = 0; b < std::min(part.size_bytes(), kPrefetched); b += line) __builtin_prefetch(first + b);
      };
      lines_of(s.neighbour);
      lines_of(s.cost);
    }
  }
  [[nodiscard]] double from_pinned(LocalIndex i) const noexcept { return from_pinned_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] double to_pinned(LocalIndex i) const noexcept { return to_pinned_[static_cast<std::size_t>(i)]; }
  /// Ghosts: the neighbours in either direction that live elsewhere.
  [[nodiscard]] const Halo& halo() const noexcept { return halo_; }
  /// [n + ghosts] Homogeneity exponents; empty where all are 1.
  [[nodiscard]] std::span<const double> exponent() const noexcept { return exponent_; }
  /// [n + ghosts] The place of each neuron among all active ones in the file's order: 0..N-1, whatever the partition.
  [[nodiscard]] std::span<const GlobalIndex> file_rank() const noexcept { return file_rank_; }

 private:
  static constexpr std::size_t kPrefetched = 512;  // bytes; what follows is fetched by the hardware
  struct Direction {
    std::vector<std::int64_t> begin{0};
    HugeVector<LocalIndex> neighbour;
    HugeVector<double> cost;
  };
  [[nodiscard]] static Synapses star(const Direction& d, LocalIndex i) noexcept {
    const auto k = static_cast<std::size_t>(i);
    const auto first = static_cast<std::size_t>(d.begin[k]), count = static_cast<std::size_t>(d.begin[k + 1]) - first;
    return {std::span(d.neighbour.data() + first, count), std::span(d.cost.data() + first, count)};
  }

  /// Synapses onto other ranks' neurons, as the owners of the presynaptic side receive them.
  struct Foreign {
    std::vector<GlobalIndex> postsynaptic;
    std::vector<LocalIndex> presynaptic;  // owned
    std::vector<double> cost;
  };
  [[nodiscard]] Foreign fetch_foreign() const;
  void find_ghosts(const Foreign& foreign);
  void fill(const Foreign& foreign);
  void sort(Direction& direction) const;
  [[nodiscard]] bool ascending(const Direction& direction, std::size_t first, std::size_t last) const;
  void sum_pinned();

  const BalanceProblem* problem_;
  const Network* network_;
  Halo halo_;
  Direction in_, out_;
  std::vector<double> from_pinned_, to_pinned_, exponent_;
  std::vector<GlobalIndex> file_rank_;
};

}  // namespace synbal
