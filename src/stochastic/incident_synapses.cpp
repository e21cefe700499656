// How the columns of the costs come to the owners of their neurons, and the order in which stars are kept.
#include "synbal/stochastic/incident_synapses.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "synbal/balance/edges.hpp"
#include "synbal/core/route.hpp"

namespace synbal {

namespace {

/// Collective. 0..N-1 for the active neurons in the file's order, [n]: every rank numbers those whose places in the
/// file fall into its even share of all places.
std::vector<GlobalIndex> ranks_in_file(const BalanceProblem& problem, const Network& network) {
  const auto& comm = problem.comm();
  const auto shares = Ownership::even(comm, network.size());
  std::vector<GlobalIndex> place;
  for (const auto row : problem.network_row()) place.push_back(network.file_index(row));
  const Route way(comm, shares, place);
  auto came = way.send(place);
  std::vector<GlobalIndex> below(at(shares.count()) + 1, 0);  // of each place in the share: active ones before it
  for (const auto g : came) below[at(g - shares.first()) + 1] = 1;
  below[0] = comm.sum_below(static_cast<GlobalIndex>(came.size()));
  for (std::size_t k = 1; k < below.size(); ++k) below[k] += below[k - 1];
  for (auto& g : came) g = below[at(g - shares.first())];
  return way.reply(came);
}

/// A cost between an active neuron and a pinned one, by the place of the pinned one in the file.
struct PinnedCost {
  LocalIndex neuron;
  GlobalIndex place;
  double cost;
};

/// [n] Sums in the order of the places; of equal places the smaller cost first.
std::vector<double> sums_in_file_order(std::vector<PinnedCost>&& costs, LocalIndex n) {
  std::sort(costs.begin(), costs.end(), [](const PinnedCost& a, const PinnedCost& b) {
    return std::tie(a.neuron, a.place, a.cost) < std::tie(b.neuron, b.place, b.cost);
  });
  std::vector<double> sums(at(n), 0.0);
  for (const auto& c : costs) sums[at(c.neuron)] += c.cost;
  return sums;
}

/// Collective. Brings costs that leave ghosts of the network to the owners of these neurons: neuron is a ghost's number
/// on entry, a row of the network after.
std::vector<PinnedCost> sent_to_owners(const Comm& comm, const Network& network, std::vector<PinnedCost>&& costs) {
  std::vector<GlobalIndex> ghost;
  for (auto& c : costs) {
    const auto g = ghost.emplace_back(network.halo.ghosts()[at(c.neuron)]);
    c.neuron = static_cast<LocalIndex>(g - network.rows.first(network.rows.owner(g)));
  }
  return Route(comm, network.rows, ghost).send(costs);
}

}  // namespace

IncidentSynapses::IncidentSynapses(const BalanceProblem& problem, const Network& network)
    : problem_(&problem), network_(&network), file_rank_(ranks_in_file(problem, network)) {
  const auto foreign = fetch_foreign();
  find_ghosts(foreign);
  file_rank_ = with_ghosts(halo_, std::move(file_rank_));
  exponent_.assign(problem.exponent().begin(), problem.exponent().end());
  if (problem.comm().any(!exponent_.empty())) exponent_ = with_ghosts(halo_, std::move(exponent_));
  fill(foreign);
  sum_pinned();
}

void IncidentSynapses::refresh() {
  fill(fetch_foreign());
  sum_pinned();
}

// Ghost columns ascend by owner, so that entries sorted by column are sorted by the rank they go to.
IncidentSynapses::Foreign IncidentSynapses::fetch_foreign() const {
  const auto& comm = problem_->comm();
  const auto& neurons = problem_->neurons();
  const auto& ghosts = problem_->halo().ghosts();
  std::vector<std::int64_t> next(ghosts.size() + 1, 0), counts(at(comm.size()), 0);
  const auto n = problem_->size();
  for_each_remote_edge(*problem_, [&](LocalIndex, LocalIndex j, double) { ++next[at(j - n) + 1]; });
  for (std::size_t g = 0; g < ghosts.size(); ++g) {
    counts[at(neurons.owner(ghosts[g]))] += next[g + 1];
    next[g + 1] += next[g];
  }
  Foreign out{std::vector<GlobalIndex>(at(next.back())), std::vector<LocalIndex>(at(next.back())),
              std::vector<double>(at(next.back()))};
  for_each_remote_edge(*problem_, [&](LocalIndex i, LocalIndex j, double c) {
    const auto e = at(next[at(j - n)]++);
    const auto column = ghosts[at(j - n)];
    out.postsynaptic[e] = neurons.first() + i;
    out.presynaptic[e] = static_cast<LocalIndex>(column - neurons.first(neurons.owner(column)));
    out.cost[e] = c;
  });
  return {comm.exchange(std::span<const GlobalIndex>(out.postsynaptic), counts).values,
          comm.exchange(std::span<const LocalIndex>(out.presynaptic), counts).values,
          comm.exchange(std::span<const double>(out.cost), counts).values};
}

void IncidentSynapses::find_ghosts(const Foreign& foreign) {
  auto ghosts = problem_->halo().ghosts();
  ghosts.insert(ghosts.end(), foreign.postsynaptic.begin(), foreign.postsynaptic.end());
  std::sort(ghosts.begin(), ghosts.end());
  ghosts.erase(std::unique(ghosts.begin(), ghosts.end()), ghosts.end());
  halo_ = Halo(problem_->comm(), problem_->neurons(), std::move(ghosts));
}

// Twice over the same entries: once to count, once to place them.
void IncidentSynapses::fill(const Foreign& foreign) {
  const auto n = size();
  const auto& ghosts = halo_.ghosts();
  const auto place_of = [&](GlobalIndex g) {
    return static_cast<LocalIndex>(n + (std::lower_bound(ghosts.begin(), ghosts.end(), g) - ghosts.begin()));
  };
  std::vector<LocalIndex> ghost_place;  // of the problem's ghosts
  for (const auto g : problem_->halo().ghosts()) ghost_place.push_back(place_of(g));
  const auto for_each_end = [&](auto&& enters, auto&& leaves) {
    for_each_edge(*problem_, [&](LocalIndex i, LocalIndex j, double c) {
      if (j < n) leaves(j, i, c);
      enters(i, j < n ? j : ghost_place[at(j - n)], c);
    });
    for (std::size_t e = 0; e < foreign.cost.size(); ++e) {
      leaves(foreign.presynaptic[e], place_of(foreign.postsynaptic[e]), foreign.cost[e]);
    }
  };
  for (auto* d : {&in_, &out_}) d->begin.assign(at(n) + 2, 0);  // shifted by one more, to count and then to place
  for_each_end([&](LocalIndex i, LocalIndex, double) { ++in_.begin[at(i) + 2]; },
               [&](LocalIndex i, LocalIndex, double) { ++out_.begin[at(i) + 2]; });
  for (auto* d : {&in_, &out_}) {
    for (std::size_t i = 1; i < d->begin.size(); ++i) d->begin[i] += d->begin[i - 1];
    d->neighbour.resize(at(d->begin.back()));
    d->cost.resize(at(d->begin.back()));
  }
  const auto put = [](Direction& d, LocalIndex i, LocalIndex neighbour, double cost) {
    const auto e = at(d.begin[at(i) + 1]++);
    d.neighbour[e] = neighbour;
    d.cost[e] = cost;
  };
  for_each_end([&](LocalIndex i, LocalIndex j, double c) { put(in_, i, j, c); },
               [&](LocalIndex i, LocalIndex j, double c) { put(out_, i, j, c); });
  for (auto* d : {&in_, &out_}) {
    d->begin.pop_back();
    sort(*d);
  }
}

bool IncidentSynapses::ascending(const Direction& d, std::size_t first, std::size_t last) const {
  for (auto e = first; e + 1 < last; ++e) {
    if (file_rank_[at(d.neighbour[e])] >= file_rank_[at(d.neighbour[e + 1])]) return false;
  }
  return true;
}

// Several synapses between the same two neurons (Duplicates::keep) are ordered by cost.
void IncidentSynapses::sort(Direction& d) const {
  struct Entry {
    GlobalIndex key;
    double cost;
    LocalIndex neighbour;
    bool operator<(const Entry& other) const { return std::tie(key, cost) < std::tie(other.key, other.cost); }
  };
  std::vector<Entry> entries;
  for (LocalIndex i = 0; i < size(); ++i) {
    const auto first = at(d.begin[at(i)]), last = at(d.begin[at(i) + 1]);
    if (ascending(d, first, last)) continue;
    entries.clear();
    for (auto e = first; e < last; ++e) entries.push_back({file_rank_[at(d.neighbour[e])], d.cost[e], d.neighbour[e]});
    std::sort(entries.begin(), entries.end());
    for (auto e = first; e < last; ++e) {
      d.neighbour[e] = entries[e - first].neighbour;
      d.cost[e] = entries[e - first].cost;
    }
  }
}

void IncidentSynapses::sum_pinned() {
  const auto rows = network_->local_size();
  std::vector<GlobalIndex> place(at(rows));
  for (LocalIndex i = 0; i < rows; ++i) place[at(i)] = network_->file_index(i);
  place = with_ghosts(network_->halo, std::move(place));
  std::vector<LocalIndex> neuron(at(rows), -1);  // of every row
  for (LocalIndex k = 0; k < size(); ++k) neuron[at(problem_->network_row()[at(k)])] = k;

  std::vector<PinnedCost> from, to, away;
  problem_->for_each_pinned_synapse([&](LocalIndex i, LocalIndex j, double c) {
    if (neuron[at(i)] >= 0) {
      from.push_back({neuron[at(i)], place[at(j)], c});
    } else if (j < rows) {
      to.push_back({neuron[at(j)], place[at(i)], c});
    } else {
      away.push_back({j - rows, place[at(i)], c});
    }
  });
  for (auto c : sent_to_owners(problem_->comm(), *network_, std::move(away))) {
    c.neuron = neuron[at(c.neuron)];
    to.push_back(c);
  }
  from_pinned_ = sums_in_file_order(std::move(from), size());
  to_pinned_ = sums_in_file_order(std::move(to), size());
}

}  // namespace synbal
