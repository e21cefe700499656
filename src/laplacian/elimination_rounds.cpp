// Independent sets by random priorities (Luby 1986), as parallel tree contraction by rake and compress (Miller & Reif
// 1985) uses them: leaves and links of chains go together, round after round.
#include "laplacian/elimination_rounds.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "synbal/core/random.hpp"

namespace synbal::detail {

namespace {

/// Fixed-size records for other ranks, each a few 64-bit words, brought to their ranks by one exchange.
template <std::size_t Words>
class Mail {
 public:
  using Record = std::array<std::int64_t, Words>;
  void put(Rank to, const Record& record) { letters_.emplace_back(to, record); }
  /// Collective.
  std::vector<Record> deliver(const Comm& comm) {
    std::stable_sort(letters_.begin(), letters_.end(), [](auto& a, auto& b) { return a.first < b.first; });
    std::vector<std::int64_t> words, counts(at(comm.size()), 0);
    for (const auto& [to, record] : letters_) {
      words.insert(words.end(), record.begin(), record.end());
      counts[at(to)] += static_cast<std::int64_t>(Words);
    }
    letters_.clear();
    const auto received = comm.exchange(std::span<const std::int64_t>(words), counts);
    std::vector<Record> records(received.values.size() / Words);
    for (std::size_t k = 0; k < records.size(); ++k) {
      std::copy_n(received.values.begin() + static_cast<std::ptrdiff_t>(k * Words), Words, records[k].begin());
    }
    return records;
  }

 private:
  std::vector<std::pair<Rank, Record>> letters_;
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

  // Candidates that beat their neighbours among the candidates; those on other ranks announce themselves.
  std::vector<LocalIndex> choose(std::uint32_t round) {
    const auto first = nodes_.first();
    Mail<2> mail;
    std::vector<std::uint8_t> beaten(candidates_.size(), 0);
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
      place_[at(candidates_[c])] = static_cast<LocalIndex>(c);
    }
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
      const auto node = first + candidates_[c];
      for (const auto& link : changing_.few(candidates_[c]).links()) {
        if (!nodes_.owns(link.node)) {
          mail.put(nodes_.owner(link.node), {link.node, node});
        } else if (candidate_[at(link.node - first)] != 0 && yields(node, link.node, round)) {
          beaten[c] = 1;
        }
      }
    }
    for (const auto& [target, source] : mail.deliver(comm_)) {
      if (candidate_[at(target - first)] == 0) continue;
      if (yields(target, source, round)) beaten[at(place_[at(target - first)])] = 1;
    }
    std::vector<LocalIndex> chosen;
    for (std::size_t c = 0; c < candidates_.size(); ++c) {
      if (beaten[c] == 0) chosen.push_back(candidates_[c]);
    }
    return chosen;
  }

  // Series rule and star-mesh transformation for at most two neighbours j, k: with d = w_j + w_k + g, the neighbours
  // get the edge w_j w_k / d and the conductances w_j g / d, w_k g / d to ground.
  std::vector<RowUpdate> eliminate(const std::vector<LocalIndex>& chosen) {
    std::vector<RowUpdate> updates;
    std::vector<std::array<GlobalIndex, 2>> neighbours;
    auto round = std::make_unique<EliminationRound>();
    for (const auto i : chosen) {
      const auto few = changing_.few(i);
      const double w[2] = {few.conductance(0), few.conductance(1)};
      const double ground = changing_.ground(i);
      const double pivot = w[0] + w[1] + ground;
      EliminationRound::Node node;
      node.node = i;
      node.inverse_pivot = pivot > 0 ? 1 / pivot : 0.0;
      for (std::size_t k = 0; k < few.count; ++k) node.share[k] = w[k] / pivot;
      const double between = w[0] * node.share[1];
      for (std::size_t k = 0; k < few.count; ++k) {
        const auto other = between > 0 ? few.link[1 - k].node : -1;
        updates.push_back({few.link[k].node, nodes_.first() + i, other, node.share[k] * ground, between});
      }
      changing_.remove(i);
      out_.gone[at(i)] = 1, candidate_[at(i)] = 0;
      neighbours.push_back({few.node(0), few.node(1)});
      round->nodes.push_back(node);
    }
    place_neighbours(*round, neighbours);
    out_.rounds.push_back(std::move(round));
    return updates;
  }

  // Collective. The neighbours as local indices, those of other ranks as ghosts of the round.
  void place_neighbours(EliminationRound& round, const std::vector<std::array<GlobalIndex, 2>>& neighbours) const {
    std::vector<GlobalIndex> ghosts;
    for (const auto& pair : neighbours) {
      for (const auto node : pair) {
        if (node >= 0 && !nodes_.owns(node)) ghosts.push_back(node);
      }
    }
    std::sort(ghosts.begin(), ghosts.end());
    ghosts.erase(std::unique(ghosts.begin(), ghosts.end()), ghosts.end());
    for (std::size_t k = 0; k < neighbours.size(); ++k) {
      for (std::size_t side = 0; side < 2; ++side) {
        const auto node = neighbours[k][side];
        if (node < 0) continue;
        const auto place =
            nodes_.owns(node)
                ? node - nodes_.first()
                : nodes_.count() + (std::lower_bound(ghosts.begin(), ghosts.end(), node) - ghosts.begin());
        round.nodes[k].neighbour[side] = static_cast<LocalIndex>(place);
      }
    }
    round.halo = Halo(comm_, nodes_, std::move(ghosts));
  }

  // Collective. Brings the updates to the rows they change, in an order that does not depend on who owns what.
  void apply(std::vector<RowUpdate> updates) {
    Mail<5> mail;
    std::vector<RowUpdate> own;
    for (const auto& u : updates) {
      if (nodes_.owns(u.target)) {
        own.push_back(u);
      } else {
        mail.put(nodes_.owner(u.target), {u.target, u.source, u.other, std::bit_cast<std::int64_t>(u.ground),
                                          std::bit_cast<std::int64_t>(u.conductance)});
      }
    }
    for (const auto& [target, source, other, ground, conductance] : mail.deliver(comm_)) {
      own.push_back({target, source, other, std::bit_cast<double>(ground), std::bit_cast<double>(conductance)});
    }
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
