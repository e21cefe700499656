// Permuted rows: O(N) a draw, each draw by one rank.
#include <algorithm>
#include <array>
#include <cmath>

#include "balance/chance/draws.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::chance {

namespace {
constexpr std::uint32_t kDrawStream = 91;     // of random numbers
constexpr std::int64_t kListen = 20'000'000;  // neurons permuted between two looks for signals

/// The sums of all neurons, class by class, within a class in the order of the file.
struct AllSums {
  std::vector<double> in, out;
  std::vector<std::int64_t> begin;  ///< [classes + 1]
};

/// Collective. [N] in the order of the file.
template <class T>
std::vector<T> everywhere(const Comm& comm, const Network& network, const std::vector<T>& own) {
  const auto moved = to_file_order<T>(comm, network, Ownership::even(comm, network.size()), own);
  return comm.gather_all(std::span<const T>(moved));
}

/// Collective.
AllSums gathered(const Comm& comm, const Network& network, const EntryCosts& costs, const Classes& classes) {
  const auto in = everywhere(comm, network, costs.in), out = everywhere(comm, network, costs.out);
  const auto number = everywhere(comm, network, classes.number);
  const auto members = lists_of<std::int64_t>(classes.count, [&](auto&& put) {
    for (std::size_t i = 0; i < number.size(); ++i) put(number[i], static_cast<std::int64_t>(i));
  });
  AllSums all;
  all.begin = members.start;
  for (const auto i : members.values) all.in.push_back(in[at(i)]), all.out.push_back(out[at(i)]);
  return all;
}

/// Fisher and Yates. Random bits come in blocks of four times 32: enough up to kNarrow places, where a place is at most
/// one in 2^12 more likely than another; above, a number of 64 bits has half a block.
void shuffle(std::span<double> values, const CounterRandom& random, std::uint64_t first, std::uint32_t draw) {
  constexpr std::size_t kNarrow = std::size_t{1} << 20;
  constexpr std::uint64_t kApart = std::uint64_t{1} << 62;  // between the blocks of the two kinds
  std::array<std::uint64_t, 2> bits{};
  auto k = values.size();
  for (bool begins = true; k > kNarrow; --k, begins = false) {  // block m is for k = 2m and k = 2m - 1
    if (begins || k % 2 == 0) bits = random.bits(first + (k + 1) / 2, draw);
    std::swap(values[k - 1], values[static_cast<std::size_t>((static_cast<unsigned __int128>(bits[k % 2]) * k) >> 64)]);
  }
  for (bool begins = true; k > 1; --k, begins = false) {  // block m is for k = 4m to k = 4m - 3
    if (begins || k % 4 == 0) bits = random.bits(kApart + first + (k + 3) / 4, draw);
    const auto word = (bits[k % 4 / 2] >> (k % 2 * 32)) & 0xffffffff;
    std::swap(values[k - 1], values[(word * k) >> 32]);
  }
}

double norm_after(const AllSums& all, std::vector<double>& in, const CounterRandom& random, std::uint32_t draw) {
  in = all.in;
  for (std::size_t c = 0; c + 1 < all.begin.size(); ++c) {
    const auto first = at(all.begin[c]);
    shuffle(std::span(in).subspan(first, at(all.begin[c + 1]) - first), random, first, draw);
  }
  double square = 0;
  for (std::size_t i = 0; i < in.size(); ++i) square += (in[i] - all.out[i]) * (in[i] - all.out[i]);
  return std::sqrt(square);
}
}  // namespace

std::vector<double> row_draws(const Comm& comm, const Network& network, const EntryCosts& costs, const Classes& classes,
                              const NullParams& params) {
  const auto all = gathered(comm, network, costs, classes);
  const CounterRandom random(params.seed, kDrawStream);
  std::vector<double> norms(at(params.draws), 0.0), in;
  const auto at_once = comm.size() * std::max<std::int64_t>(kListen / std::max<std::int64_t>(network.size(), 1), 1);
  for (std::int64_t first = 0; first < params.draws; first += at_once) {
    const auto end = std::min(first + at_once, params.draws);
    for (auto draw = first + comm.rank(); draw < end; draw += comm.size()) {
      norms[at(draw)] = norm_after(all, in, random, static_cast<std::uint32_t>(draw));
    }
    agreed(comm, [] {});  // a place at which a signal is heard
    if (params.progress) params.progress(end);
  }
  comm.sum(std::span(norms));
  return norms;
}

}  // namespace synbal::chance
