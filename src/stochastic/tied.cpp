// From groups of neurons to a network of groups, and back.
#include "synbal/stochastic/tied.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/factor.hpp"
#include "synbal/network/groups.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

/// Costs between groups under way: kept as (sum of |J|^p)^{1/p}, which neither over- nor underflows, and merged
/// whenever the list has doubled.
class PairSums {
 public:
  explicit PairSums(double power) : power_(power) {}

  void add(GlobalIndex to, GlobalIndex from, double weight) {
    entries_.push_back({to, from, weight});
    if (entries_.size() >= limit_) {
      merge();
      limit_ = std::max(limit_, 2 * entries_.size());
    }
  }

  [[nodiscard]] Triplets take() {
    merge();
    Triplets triplets;
    for (const auto& e : entries_) {
      triplets.row.push_back(e.to);
      triplets.column.push_back(e.from);
      triplets.weight.push_back(e.weight);
    }
    entries_ = {};
    return triplets;
  }

 private:
  struct Entry {
    GlobalIndex to, from;
    double weight;
    bool operator<(const Entry& other) const {
      return std::tie(to, from, weight) < std::tie(other.to, other.from, other.weight);
    }
    [[nodiscard]] bool joins(const Entry& other) const { return to == other.to && from == other.from; }
  };

  void merge() {
    std::sort(entries_.begin(), entries_.end());
    std::size_t out = 0;
    for (std::size_t begin = 0, end = 0; begin < entries_.size(); begin = end) {
      while (end < entries_.size() && entries_[end].joins(entries_[begin])) ++end;
      const double largest = entries_[end - 1].weight;
      double sum = 0;
      for (auto e = begin; e < end; ++e) sum += to_the(entries_[e].weight / largest, power_);
      entries_[out++] = {entries_[begin].to, entries_[begin].from, end - begin == 1 ? largest : root(sum) * largest};
    }
    entries_.resize(out);
  }
  [[nodiscard]] double root(double sum) const { return power_ == 2 ? std::sqrt(sum) : std::pow(sum, 1 / power_); }

  double power_;
  std::size_t limit_ = std::size_t{1} << 16;
  std::vector<Entry> entries_;
};

double exponent_of(const Network& network, LocalIndex i) {
  return network.nodes.exponent.empty() ? 1.0 : network.nodes.exponent[at(i)];
}

/// Collective. This rank's synapses as costs between groups (and inside those whose exponent is not 1); `group`:
/// numbers of the columns' groups.
Triplets pair_sums(const Comm& comm, const Network& network, const std::vector<GlobalIndex>& group, double power) {
  std::vector<double> gain = network.nodes.gain;
  gain.resize(at(network.local_size()), 1.0);
  for (auto& g : gain) g = g == 1 ? 1.0 : std::pow(g, 2 / power);
  gain = with_ghosts(network.halo, std::move(gain));
  return agreed(comm, [&] {
    PairSums sums(power);
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
        const auto j = network.column[at(e)];
        // Inside a group nothing changes but where the exponent is not 1: that is a self-loop of the group.
        const bool pinned = !network.nodes.pinned.empty() && network.nodes.pinned[at(i)] != 0;
        if (group[at(i)] == group[at(j)] && (exponent_of(network, i) == 1 || pinned)) continue;
        const double alpha = network.alpha.empty() ? 1.0 : std::pow(network.alpha[at(e)], 1 / power);
        const double weight = std::abs(network.weight[at(e)]) * gain[at(j)] * alpha;
        if (weight != 0) sums.add(group[at(i)], group[at(j)], weight);
      }
    }
    return sums.take();
  });
}

/// Merges what several ranks sent of one pair.
GlobalRows merged(GlobalRows&& rows, GlobalIndex first, double power) {
  PairSums sums(power);
  for (std::size_t i = 0; i + 1 < rows.row_ptr.size(); ++i) {
    for (auto e = at(rows.row_ptr[i]); e < at(rows.row_ptr[i + 1]); ++e) {
      sums.add(first + static_cast<GlobalIndex>(i), rows.column[e], rows.weight[e]);
    }
  }
  auto triplets = sums.take();
  GlobalRows out;
  out.row_ptr.assign(rows.row_ptr.size(), 0);
  for (const auto row : triplets.row) ++out.row_ptr[at(row - first) + 1];
  for (std::size_t i = 1; i < out.row_ptr.size(); ++i) out.row_ptr[i] += out.row_ptr[i - 1];
  out.column = std::move(triplets.column);
  out.weight = std::move(triplets.weight);
  return out;
}

/// Collective. The exponent of every neuron's group, which all members must share.
void check_exponents(const Comm& comm, const Network& network, std::span<const GlobalIndex> leader) {
  if (!comm.any(!network.nodes.exponent.empty())) return;
  std::vector<double> own;
  for (LocalIndex i = 0; i < network.local_size(); ++i) own.push_back(exponent_of(network, i));
  const auto of_leader = Directory(comm, network.rows, leader).fetch(own);
  agreed(comm, [&] {
    for (std::size_t i = 0; i < own.size(); ++i) {
      const bool pinned = !network.nodes.pinned.empty() && network.nodes.pinned[i] != 0;
      if (pinned || own[i] == of_leader[i]) continue;
      throw bad_input(
          fmt::format("neuron {} with homogeneity exponent {} is tied to one with {} (no common factor keeps what both "
                      "compute): tie neurons of equal exponents",
                      network.file_index(static_cast<LocalIndex>(i)), own[i], of_leader[i]));
    }
  });
}

/// Per-group data from the leaders, which this rank holds.
void describe_groups(const Network& network, std::span<const LocalIndex> leading, NodeData& nodes) {
  for (const auto i : leading) {
    if (!network.nodes.pinned.empty()) nodes.pinned.push_back(network.nodes.pinned[at(i)]);
    if (!network.nodes.exponent.empty()) nodes.exponent.push_back(exponent_of(network, i));
  }
}

}  // namespace

std::vector<double> TiedGroups::expand(std::span<const double> values) const {
  const auto all = with_ghosts(halo, values);
  std::vector<double> expanded;
  expanded.reserve(group.size());
  for (const auto g : group) expanded.push_back(all[at(g)]);
  return expanded;
}

TiedGroups tie(const Comm& comm, const Network& network, std::span<const std::int64_t> group, double power) {
  agreed(comm, [&] {
    if (group.size() != at(network.local_size())) throw internal_error("tie needs one group id per owned neuron");
  });
  const auto leader = group_leaders(comm, network, group);
  check_exponents(comm, network, leader);
  std::vector<LocalIndex> leading;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    if (leader[at(i)] == network.global(i)) leading.push_back(i);
  }
  const auto groups = Ownership::of_counts(comm, static_cast<GlobalIndex>(leading.size()));
  std::vector<GlobalIndex> number(leader.size(), -1);
  for (std::size_t k = 0; k < leading.size(); ++k) {
    number[at(leading[k])] = groups.first() + static_cast<GlobalIndex>(k);
  }
  number = Directory(comm, network.rows, leader).fetch(number);

  TiedGroups tied;
  auto rows = route(comm, groups, pair_sums(comm, network, with_ghosts(network.halo, number), power));
  InputFacts facts;
  facts.path = network.facts.path;
  facts.format = "groups";
  tied.network = assemble(comm, groups, merged(std::move(rows), groups.first(), power), Duplicates::error, facts);
  describe_groups(network, leading, tied.network.nodes);

  const Directory directory(comm, groups, number);
  tied.halo = directory.halo();
  tied.group = directory.slots();
  return tied;
}

TiedEquilibrium balance_tied(const Comm& comm, const Network& network, std::span<const std::int64_t> group,
                             double power, const BalanceParams& params) {
  const auto tied = tie(comm, network, group, power);
  const auto components = strongly_connected_components(comm, tied.network);
  BalanceProblem problem(comm, tied.network, components, power);
  TiedEquilibrium found;
  found.of_groups = balance(problem, params);
  found.h = tied.expand(problem.to_network(found.of_groups.h, 0.0));
  std::int64_t pinned = 0;
  for (const auto flag : tied.network.nodes.pinned) pinned += flag;
  found.groups = tied.network.size() - comm.sum(pinned);
  return found;
}

}  // namespace synbal
