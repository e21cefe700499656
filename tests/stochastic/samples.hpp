// Networks for the tests of stochastic balancing: the same at any rank count, so that a serial run is their truth.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/core/random.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::test {

/// How the rows of a sample are spread; where PT-Scotch cannot be asked, the last rank takes its share, too.
enum class Spread { even, last_rank, ptscotch };
inline constexpr Spread kSpreads[] = {Spread::even, Spread::last_rank, Spread::ptscotch};

/// What makes a sample special, on top of the generator.
struct SampleParams {
  GeneratorParams generator;
  double power = 2;
  std::vector<GlobalIndex> pinned{};     ///< places in the file
  std::vector<GlobalIndex> exponents{};  ///< places of neurons whose exponent is 2 (others 1)
  bool gains = false;
};

inline SampleParams random_sample(GlobalIndex nodes, std::int64_t degree, std::uint64_t seed, double power = 2) {
  SampleParams params;
  params.generator.nodes = nodes;
  params.generator.degree = degree;
  params.generator.seed = seed;
  params.power = power;
  return params;
}

/// Collective. All rows on the last rank.
inline Network on_last_rank(const Comm& comm, const Network& network) {
  const GlobalIndex count = comm.rank() == comm.size() - 1 ? network.size() : 0;
  const auto to = Ownership::of_counts(comm, count);
  GlobalRows rows;
  rows.row_ptr = network.row_ptr;
  for (const auto j : network.column) rows.column.push_back(network.global(j));
  rows.weight = network.weight;
  auto moved = assemble(comm, to, redistribute(comm, network.rows, to, std::move(rows)), Duplicates::keep, {});
  const auto bring = [&]<class T>(const std::vector<T>& values) {
    if (!comm.any(!values.empty())) return std::vector<T>{};
    return redistribute(comm, network.rows, to, std::span<const T>(values));
  };
  moved.nodes.pinned = bring(network.nodes.pinned);
  moved.nodes.gain = bring(network.nodes.gain);
  moved.nodes.exponent = bring(network.nodes.exponent);
  return moved;
}

/// Collective. The network of a sample.
inline Network sample_network(const Comm& comm, const SampleParams& params, Spread spread) {
  auto network = generate(comm, params.generator);
  const auto n = static_cast<std::size_t>(network.local_size());
  const auto mark = [&](const std::vector<GlobalIndex>& places, auto& values, auto mark_value, auto other) {
    if (places.empty()) return;
    values.assign(n, other);
    for (const auto g : places) {
      if (network.rows.owns(g)) values[static_cast<std::size_t>(g - network.rows.first())] = mark_value;
    }
  };
  mark(params.pinned, network.nodes.pinned, std::uint8_t{1}, std::uint8_t{0});
  mark(params.exponents, network.nodes.exponent, 2.0, 1.0);
  for (std::size_t i = 0; i < n && params.gains; ++i) {
    network.nodes.gain.push_back(1 +
                                 0.1 * static_cast<double>((network.rows.first() + static_cast<GlobalIndex>(i)) % 7));
  }
  const bool no_ptscotch = spread == Spread::ptscotch && !has_ptscotch();
  if (spread == Spread::last_rank || no_ptscotch) return on_last_rank(comm, network);
  return spread == Spread::even ? std::move(network) : partition_by_ptscotch(comm, std::move(network));
}

/// A network with its problem, kept together.
struct Sample {
  Network network;
  Components components;
  BalanceProblem problem;

  Sample(const Comm& comm, const SampleParams& params, Spread spread = Spread::even)
      : Sample(comm, sample_network(comm, params, spread), params.power) {}
  Sample(const Comm& comm, Network&& given, double power)
      : network(std::move(given)),
        components(strongly_connected_components(comm, network)),
        problem(comm, network, components, power) {}
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;
};

}  // namespace synbal::test
