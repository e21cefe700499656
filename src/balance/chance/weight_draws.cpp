// Permuted costs of synapses: every entry is given the cost of another one, wherever that lies, by a keyed bijection.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "balance/chance/draws.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal::chance {

namespace {
constexpr std::int64_t kMostClasses = 4096;

/// splitmix64's last step: a well-mixed function of its argument.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A permutation of 0..size-1 that needs no memory: six rounds of a Feistel network on the least even number of bits,
/// walked until it comes back into the range.
class Bijection {
 public:
  Bijection(std::int64_t size, std::uint64_t key) : size_(static_cast<std::uint64_t>(size)), key_(key) {
    half_ = std::max((static_cast<int>(std::bit_width(size_ > 0 ? size_ - 1 : 0)) + 1) / 2, 1);
  }
  [[nodiscard]] std::int64_t operator()(std::int64_t place) const noexcept {
    auto x = static_cast<std::uint64_t>(place);
    do {
      x = rounds(x);
    } while (x >= size_);
    return static_cast<std::int64_t>(x);
  }

 private:
  [[nodiscard]] std::uint64_t rounds(std::uint64_t x) const noexcept {
    const auto mask = (std::uint64_t{1} << half_) - 1;
    auto left = x >> half_, right = x & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const auto next = left ^ (mixed(right ^ mixed(key_ + round)) & mask);
      left = right, right = next;
    }
    return left << half_ | right;
  }

  std::uint64_t size_, key_;
  int half_ = 1;
};

/// Entries sorted by the classes of their ends, without being moved: where each would stand.
struct SortedEntries {
  std::vector<std::int64_t> kind;   ///< [nnz_local] number of the pair of classes
  std::vector<std::int64_t> place;  ///< [nnz_local] among all entries of the network
  std::vector<std::int64_t> begin;  ///< [kinds + 1]
};

/// Collective. [nnz_local] postsynaptic class * count + presynaptic class.
std::vector<std::int64_t> kinds_of(const Network& network, const Classes& classes) {
  const auto number = with_ghosts(network.halo, std::span<const std::int64_t>(classes.number));
  std::vector<std::int64_t> kind(network.weight.size());
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      kind[e] = number[at(i)] * classes.count + number[at(network.column[e])];
    }
  }
  return kind;
}

/// Collective.
SortedEntries sorted(const Comm& comm, const Network& network, const Classes& classes) {
  SortedEntries entries;
  entries.kind = kinds_of(network, classes);
  const auto own = distinct(entries.kind);
  const auto all = distinct(comm.gather_all(std::span<const std::int64_t>(own)));
  std::vector<std::int64_t> counts(all.size(), 0);
  for (auto& k : entries.kind) ++counts[at(k = std::ranges::lower_bound(all, k) - all.begin())];
  auto totals = counts;
  comm.sum(std::span(totals));
  entries.begin = starts_of(totals);
  std::vector<std::int64_t> next;
  for (std::size_t k = 0; k < all.size(); ++k) next.push_back(entries.begin[k] + comm.sum_below(counts[k]));
  for (const auto k : entries.kind) entries.place.push_back(next[at(k)]++);
  return entries;
}
}  // namespace

std::vector<double> weight_draws(const Comm& comm, const Network& network, const EntryCosts& costs,
                                 const Classes& classes, const NullParams& params) {
  agreed(comm, [&] {
    if (classes.count <= kMostClasses) return;
    throw bad_input(fmt::format("{} classes of neurons are too many for pairs of them: give at most {}", classes.count,
                                kMostClasses));
  });
  const auto entries = sorted(comm, network, classes);
  const auto owners = Ownership::even(comm, network.nnz);
  const auto in_place = Placement(comm, owners, entries.place).send(costs.entry);
  std::vector<double> norms;
  std::vector<GlobalIndex> wanted(entries.place.size());
  for (std::int64_t draw = 0; draw < params.draws; ++draw) {
    std::vector<Bijection> kinds;
    for (std::size_t k = 0; k + 1 < entries.begin.size(); ++k) {
      const auto key = mixed(params.seed ^ mixed(static_cast<std::uint64_t>(draw) ^ mixed(k)));
      kinds.emplace_back(entries.begin[k + 1] - entries.begin[k], key);
    }
    for (std::size_t e = 0; e < wanted.size(); ++e) {
      const auto k = at(entries.kind[e]);
      wanted[e] = entries.begin[k] + kinds[k](entries.place[e] - entries.begin[k]);
    }
    const Route route(comm, owners, wanted);
    auto asked = route.send(wanted);
    std::vector<double> answers(asked.size());
    std::ranges::transform(asked, answers.begin(), [&](auto place) { return in_place[at(place - owners.first())]; });
    norms.push_back(norm_of(comm, network, route.reply(answers)));
    if (params.progress) params.progress(draw + 1);
    agreed(comm, [] {});  // a place at which a signal is heard
  }
  return norms;
}

}  // namespace synbal::chance
