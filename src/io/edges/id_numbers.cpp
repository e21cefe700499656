// A sample sort: sorted samples of all ranks give the borders of the ranges; the rank of a range numbers what comes.
#include "io/edges/id_numbers.hpp"

#include <algorithm>
#include <numeric>

#include "synbal/core/route.hpp"

namespace synbal::io {

namespace {
/// Samples for each rank: with so many, ranges differ by some percent.
constexpr std::int64_t kSamplesARank = 64;

using Order = std::vector<std::uint32_t>;

template <class Store>
Order order_of(const Store& ids) {
  Order order(ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return ids[a] < ids[b]; });
  return order;
}

template <class Store>
Store picked(const Store& ids, const Order& order) {
  Store taken;
  for (const auto k : order) taken.push_back(ids[k]);
  return taken;
}

std::vector<std::int64_t> gathered(const Comm& comm, const std::vector<std::int64_t>& ids) {
  return comm.gather_all(std::span<const std::int64_t>(ids));
}
Texts gathered(const Comm& comm, const Texts& texts) {
  const auto lengths = lengths_of(texts.start);
  auto letters = comm.gather_all(std::span<const char>(texts.letters));
  return {starts_of(comm.gather_all(std::span<const std::int64_t>(lengths))), std::move(letters)};
}

std::vector<std::int64_t> sent(const Route& route, const std::vector<std::int64_t>& ids) { return route.send(ids); }
Texts sent(const Route& route, const Texts& texts) { return send(route, texts); }

/// Collective. Where the ranges of the ranks above 0 begin.
template <class Store>
Store borders(const Comm& comm, const Store& sorted) {
  const auto total = comm.sum(static_cast<std::int64_t>(sorted.size()));
  const auto stride = std::max<std::int64_t>(1, total / (kSamplesARank * comm.size()));
  Store samples;
  for (auto k = at(stride / 2); k < sorted.size(); k += at(stride)) samples.push_back(sorted[k]);
  const auto all = gathered(comm, samples);
  const auto order = order_of(all);
  Store cuts;
  for (int r = 1; r < comm.size() && !order.empty(); ++r) {
    cuts.push_back(all[order[order.size() * at(r) / at(comm.size())]]);
  }
  return cuts;
}

/// Ranks in whose ranges sorted ids lie: never falling.
template <class Store>
std::vector<Rank> homes(const Store& sorted, const Store& cuts) {
  std::vector<Rank> home(sorted.size());
  std::size_t r = 0;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    while (r < cuts.size() && !(sorted[k] < cuts[r])) ++r;
    home[k] = static_cast<Rank>(r);
  }
  return home;
}

/// What a rank's range comes to.
template <class Store>
struct Range {
  Store ids;                           ///< neurons, ascending
  std::vector<std::int64_t> answer;    ///< [came] place among them, or kNoNeuron
  std::vector<std::uint8_t> mentions;  ///< [came]
};

template <class Store>
Range<Store> merged(const Store& came, std::vector<std::uint8_t>&& mentions, std::uint8_t neurons) {
  Range<Store> range{{}, std::vector<std::int64_t>(came.size(), kNoNeuron), std::move(mentions)};
  const auto order = order_of(came);
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    std::uint8_t all = 0;
    while (end < order.size() && came[order[end]] == came[order[begin]]) all |= range.mentions[order[end++]];
    const bool neuron = (all & neurons) != 0;
    for (auto k = begin; k < end; ++k) {
      range.mentions[order[k]] = all;
      if (neuron) range.answer[order[k]] = static_cast<std::int64_t>(range.ids.size());
    }
    if (neuron) range.ids.push_back(came[order[begin]]);
  }
  return range;
}

/// Values in the order of `order` brought back to where they were.
template <class T>
std::vector<T> unsorted(const Order& order, const std::vector<T>& sorted) {
  std::vector<T> values(sorted.size());
  for (std::size_t k = 0; k < order.size(); ++k) values[order[k]] = sorted[k];
  return values;
}
}  // namespace

template <class Id>
NumberedIds<Id> number_ids(const Comm& comm, const Ids<Id>& ids, const std::vector<std::uint8_t>& mentions,
                           std::uint8_t neurons) {
  const auto order = order_of(ids);
  const auto sorted = picked(ids, order);
  const Route route(comm, homes(sorted, borders(comm, sorted)));
  auto range = merged(sent(route, sorted), route.send(picked(mentions, order)), neurons);
  NumberedIds<Id> numbered;
  numbered.owners = Ownership::of_counts(comm, static_cast<GlobalIndex>(range.ids.size()));
  for (auto& place : range.answer) place += place == kNoNeuron ? 0 : numbered.owners.first();
  numbered.number = unsorted(order, route.reply(range.answer));
  numbered.mentions = unsorted(order, route.reply(range.mentions));
  numbered.own = std::move(range.ids);
  return numbered;
}

template NumberedIds<std::int64_t> number_ids<std::int64_t>(const Comm&, const std::vector<std::int64_t>&,
                                                            const std::vector<std::uint8_t>&, std::uint8_t);
template NumberedIds<std::string_view> number_ids<std::string_view>(const Comm&, const Texts&,
                                                                    const std::vector<std::uint8_t>&, std::uint8_t);

}  // namespace synbal::io
