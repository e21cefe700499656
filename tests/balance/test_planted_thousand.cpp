// A thousand small networks whose equilibria are known because they were planted: what is called converged is right.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <utility>
#include <vector>

#include "networks.hpp"
#include "planted.hpp"
#include "synbal/core/random.hpp"
#include "synbal_config.hpp"

namespace synbal::test {
namespace {

constexpr int kNetworks = SYNBAL_SANITIZED ? 40 : 1000;  // a thousand take minutes under sanitizers

/// Pieces that nothing joins, numbered one after the other; neurons of the first may be pinned, all at h = 0.
struct Sample {
  std::vector<Planted> pieces;
  std::vector<GlobalIndex> pinned;
  double power = 2;

  [[nodiscard]] GlobalIndex neurons() const {
    GlobalIndex n = 0;
    for (const auto& p : pieces) n += p.nodes();
    return n;
  }
};

Sample planted_sample(std::uint64_t seed) {
  const CounterRandom random(seed, 77);
  Sample s;
  s.power = std::array{0.5, 1.0, 2.0, 4.0}[seed % 4];
  const int pieces = 1 + static_cast<int>(random.below(3, 0));
  const double decades = 200 * random.uniform(1) * s.power;  // of costs: weights span 200 at most, and h more
  for (int k = 0; k < pieces; ++k) {
    const auto draw = 10 * static_cast<std::uint64_t>(k + 1);
    const auto n = 2 + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(58 / pieces), draw));
    const auto cycles = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(n), draw + 1));
    s.pieces.push_back(planted_cycles(n, cycles, decades, 1000 * seed + draw));
  }
  if (seed % 3 != 0) return s;
  // A node at h = 0 can be held there without changing anything.
  auto& h = s.pieces.front().h;
  const double zero = h.front();
  for (auto& x : h) x -= zero;
  s.pinned.push_back(0);
  return s;
}

Network network_of(const Comm& self, const Sample& s) {
  const auto n = s.neurons();
  GlobalRows own;
  std::vector<std::vector<std::pair<GlobalIndex, double>>> rows(static_cast<std::size_t>(n));
  GlobalIndex first = 0;
  for (const auto& piece : s.pieces) {
    for (const auto& c : piece.costs) {
      rows[static_cast<std::size_t>(first + c.post)].emplace_back(first + c.pre, c.log_cost);
    }
    first += piece.nodes();
  }
  for (auto& row : rows) {
    std::sort(row.begin(), row.end());
    for (std::size_t k = 0; k < row.size(); ++k) {
      double log_cost = row[k].second;  // costs of one place add up, which weights would not
      for (; k + 1 < row.size() && row[k + 1].first == row[k].first; ++k) {
        const double other = row[k + 1].second;
        log_cost = std::max(log_cost, other) + std::log1p(std::exp(-std::abs(log_cost - other)));
      }
      own.column.push_back(row[k].first), own.weight.push_back(std::exp(log_cost / s.power));
    }
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  auto network = assemble(self, Ownership::even(self, n), std::move(own), Duplicates::error, {});
  pin(network, s.pinned);
  return network;
}

/// Worst difference from the planted h, in h; the constant of a piece without pinned neurons taken out.
double error_of(const Sample& s, const std::vector<double>& h) {
  double worst = 0;
  std::size_t first = 0;
  for (std::size_t k = 0; k < s.pieces.size(); ++k) {
    const auto& planted = s.pieces[k].h;
    double mean = 0;
    const bool held = k == 0 && !s.pinned.empty();
    for (std::size_t i = 0; i < planted.size() && !held; ++i) {
      mean += (h[first + i] - planted[i] / s.power) / static_cast<double>(planted.size());
    }
    for (std::size_t i = 0; i < planted.size(); ++i) {
      worst = std::max(worst, std::abs(h[first + i] - planted[i] / s.power - mean));
    }
    first += planted.size();
  }
  return worst;
}

TEST(PlantedThousand, what_is_called_converged_is_right) {
  const Comm self(MPI_COMM_SELF);
  std::int64_t unconverged = 0, wrong = 0;
  // Every rank takes its share of the thousand, each network serial.
  for (int seed = world().rank(); seed < kNetworks; seed += world().size()) {
    const auto s = planted_sample(static_cast<std::uint64_t>(seed));
    const Balanced b(self, network_of(self, s), s.power);
    const double error = error_of(s, b.h(self));
    if (!b.found.solver.converged()) {
      ++unconverged;
    } else if (!(error <= 1e-6)) {
      ++wrong;
      ADD_FAILURE() << "seed " << seed << ": called converged, off by " << error << ", " << b.found.solver.method;
    }
  }
  const auto all = world().sum(unconverged);
  RecordProperty("unconverged", static_cast<int>(all));
  if (world().rank() == 0) std::cout << "not converged: " << all << " of " << kNetworks << "\n";
  EXPECT_LE(all, kNetworks / 20);
  EXPECT_EQ(world().sum(wrong), 0);
}

}  // namespace
}  // namespace synbal::test
