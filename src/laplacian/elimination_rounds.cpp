// Independent sets by random priorities (Luby 1986), as parallel tree contraction by rake and compress (Miller & Reif
// 1985) uses them: leaves and links of chains go together, round after round.
#include "laplacian/elimination_rounds.hpp"

#include <algorithm>

#include "synbal/core/random.hpp"
#include "synbal/core/route.hpp"

namespace synbal::detail {

namespace {

/// A candidate tells a neighbour of another rank that it is one.
struct Announcement {
  GlobalIndex target, source;
};

class Rounds {
 public:
  Rounds(const ConductanceGraph& graph, ChangingGraph& changing)
      : nodes_(graph.nodes()), comm_(graph.comm()), changing_(changing) {
    out_.gone.assign(at(graph.size()), 0);
    candidate_.assign(at(graph.size()), 0), place_.assign(at(graph.size()), -1);
    for (LocalIndex i = 0; i < graph.size(); ++i) consider(i);
  }

  EliminationRounds run() {
    for (std::uint32_t number = 0; comm_.any(!candidates_.empty()); ++number) {
      const auto chosen = choose(number);
      apply(eliminate(chosen));
      std::erase_if(candidates_, [&](LocalIndex i) { return out_.gone[at(i)] != 0; });
    }
    std::int64_t own = 0;
    for (const auto& round : out_.rounds) own += static_cast<std::int64_t>(round->nodes.size());
    out_.eliminated = comm_.sum(own);
    return std::move(out_);
  }

 private:
  void consider(LocalIndex i) {
    if (candidate_[at(i)] != 0 || changing_.neighbours(i) > 2) return;
    candidate_[at(i)] = 1;
    candidates_.push_back(i);
  }

  [[nodiscard]] std::uint64_t priority(GlobalIndex node, std::uint32_t round) const {
    return random_.bits(static_cast<std::uint64_t>(node), round)[0];
  }
  [[nodiscard]] bool yields(GlobalIndex node, GlobalIndex to, std::uint32_t round) const {
    return std::pair(priority(node, round), node) < std::pair(priority(to, round), to);
  }

  // Collective. Records at the owners of their targets.
  template <class Record>
  std::vector<Record> delivered(const std::vector<Record>& records) const {
    std::vector<GlobalIndex> target;
    target.reserve(records.size());
    for (const auto& record : records) target.push_back(record.target);
    return Route(comm_, nodes_, target).send(records);
  }

  // Collective. Candidates that beat their neighbours among the candidates.
  std::vector<LocalIndex> choose(std::uint32_t round) {
    const auto beaten = beaten_candidates(round);
    std::vector<LocalIndex> chosen;
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
      if (beaten[c] == 0) chosen.push_back(candidates_[c]);
    }
    return chosen;
  }

  // Collective. [candidates] Those next to candidates of other ranks announce themselves there.
  std::vector<std::uint8_t> beaten_candidates(std::uint32_t round) {
    const auto first = nodes_.first();
    std::vector<Announcement> announcements;
    std::vector<std::uint8_t> beaten(candidates_.size(), 0);
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
      const auto node = first + candidates_[c];
      place_[at(candidates_[c])] = static_cast<LocalIndex>(c);
      for (const auto& link : changing_.low_degree(candidates_[c]).links()) {
        if (!nodes_.owns(link.node)) {
          announcements.push_back({link.node, node});
        } else if (candidate_[at(link.node - first)] != 0 && yields(node, link.node, round)) {
          beaten[c] = 1;
        }
      }
    }
    for (const auto& [target, source] : delivered(announcements)) {
      const auto i = at(target - first);
      if (candidate_[i] != 0 && yields(target, source, round)) beaten[at(place_[i])] = 1;
    }
    return beaten;
  }

  // Series rule and star-mesh transformation for at most two neighbours j, k: with d = w_j + w_k + g, the neighbours
  // get the edge w_j w_k / d and the conductances w_j g / d, w_k g / d to ground.
  std::vector<RowUpdate> eliminate(const std::vector<LocalIndex>& chosen) {
    std::vector<RowUpdate> updates;
    auto round = std::make_unique<EliminationRound>();
    place_neighbours(*round, chosen);
    for (std::size_t c = 0; c < chosen.size(); ++c) {
      const auto i = chosen[c];
      const auto low = changing_.low_degree(i);
      const double w[2] = {low.conductance(0), low.conductance(1)};
      const double ground = changing_.ground(i), pivot = w[0] + w[1] + ground;
      auto& node = round->nodes[c];
      node.inverse_pivot = pivot > 0 ? 1 / pivot : 0.0;
      for (std::size_t k = 0; k < low.count; ++k) node.share[k] = w[k] / pivot;
      const double between = w[0] * node.share[1];
      for (std::size_t k = 0; k < low.count; ++k) {
        const auto other = between > 0 ? low.link[1 - k].node : -1;
        updates.push_back({low.link[k].node, nodes_.first() + i, other, node.share[k] * ground, between});
      }
      changing_.remove(i);
      out_.gone[at(i)] = 1, candidate_[at(i)] = 0;
    }
    out_.rounds.push_back(std::move(round));
    return updates;
  }

  // Collective. The nodes with their neighbours as local indices, those of other ranks as ghosts of the round.
  void place_neighbours(EliminationRound& round, const std::vector<LocalIndex>& chosen) const {
    std::vector<GlobalIndex> neighbours;
    for (const auto i : chosen) {
      for (const auto& link : changing_.low_degree(i).links()) neighbours.push_back(link.node);
    }
    round.halo = Halo(comm_, nodes_, foreign(nodes_, std::move(neighbours)));
    for (const auto i : chosen) {
      auto& node = round.nodes.emplace_back();
      node.node = i;
      const auto& low = changing_.low_degree(i);
      for (std::size_t k = 0; k < low.count; ++k) node.neighbour[k] = round.halo.local(low.link[k].node);
    }
  }

  // Collective. Brings the updates to the rows they change, in an order that does not depend on who owns what.
  void apply(const std::vector<RowUpdate>& updates) {
    auto own = delivered(updates);
    std::sort(own.begin(), own.end(), [](const RowUpdate& a, const RowUpdate& b) {
      return std::pair(a.target, a.source) < std::pair(b.target, b.source);
    });
    for (auto begin = own.begin(); begin != own.end();) {
      const auto end = std::find_if(begin, own.end(), [&](const RowUpdate& u) { return u.target != begin->target; });
      const auto i = static_cast<LocalIndex>(begin->target - nodes_.first());
      changing_.update(i, {begin, end});
      consider(i);
      begin = end;
    }
  }

  const Ownership& nodes_;
  const Comm& comm_;
  ChangingGraph& changing_;
  CounterRandom random_{0, 0x656c696d};  // "elim": a fixed stream of its own
  std::vector<std::uint8_t> candidate_;  // [n] has at most two neighbours and is still there
  std::vector<LocalIndex> candidates_;
  std::vector<LocalIndex> place_;  // [n] among the candidates
  EliminationRounds out_;
};

}  // namespace

EliminationRounds eliminate_in_rounds(const ConductanceGraph& graph, ChangingGraph& changing) {
  return Rounds(graph, changing).run();
}

}  // namespace synbal::detail
