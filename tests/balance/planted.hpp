// Networks whose balanced state is known beforehand, whatever their weights span.
#pragma once

#include <cmath>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "synbal/core/random.hpp"

namespace synbal::test {

/// Costs e^{log_cost} with power 1 and the h that balances them, up to a constant.
struct Planted {
  struct Cost {
    std::int32_t post, pre;
    double log_cost;
  };
  std::vector<Cost> costs;
  std::vector<double> h;

  [[nodiscard]] std::int32_t nodes() const { return static_cast<std::int32_t>(h.size()); }
};

/// Circulations along cycles add up to balanced costs; moving every node by -h unbalances them in a known way. A ring
/// through all nodes makes the graph strongly connected; flows are spread over 10^+-decades/2.
inline Planted planted_cycles(std::int32_t n, int cycles, double decades, std::uint64_t seed) {
  const CounterRandom random(seed, 1);
  std::uint64_t draw = 0;
  const auto flow = [&] { return (random.uniform(draw++) - 0.5) * decades * std::log(10.0); };
  Planted planted;
  for (std::int32_t i = 0; i < n; ++i) planted.h.push_back(random.normal(draw++) * (1 + decades / 10));
  const auto add = [&](std::int32_t post, std::int32_t pre, double log_flow) {
    planted.costs.push_back(
        {post, pre, log_flow + planted.h[static_cast<std::size_t>(post)] - planted.h[static_cast<std::size_t>(pre)]});
  };
  const double ring = flow();
  for (std::int32_t i = 0; i < n; ++i) add(i, (i + n - 1) % n, ring);
  for (int c = 0; c < cycles; ++c) {
    const auto first = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(n), draw++));
    const auto stride = 1 + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(n - 1), draw++));
    const double strength = flow();
    auto from = first;
    do {
      const auto to = (from + stride) % n;
      add(to, from, strength);
      from = to;
    } while (from != first);
  }
  return planted;
}

/// Circulations along triangles, each of a strength of its own over 10^+-decades/2, and a ring of the weakest: an
/// answer of some units that strong and weak costs hold side by side everywhere.
inline Planted planted_triangles(std::int32_t n, int triangles, double decades, std::uint64_t seed) {
  const CounterRandom random(seed, 4);
  std::uint64_t draw = 0;
  Planted planted;
  for (std::int32_t i = 0; i < n; ++i) planted.h.push_back(random.normal(draw++));
  const auto add = [&](std::int32_t post, std::int32_t pre, double log_flow) {
    planted.costs.push_back(
        {post, pre, log_flow + planted.h[static_cast<std::size_t>(post)] - planted.h[static_cast<std::size_t>(pre)]});
  };
  for (std::int32_t i = 0; i < n; ++i) add(i, (i + n - 1) % n, -0.5 * decades * std::log(10.0));
  const auto any = [&] { return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(n), draw++)); };
  std::set<std::pair<std::int32_t, std::int32_t>> taken;  // costs of one place would add up, their weights would not
  for (const auto& cost : planted.costs) taken.emplace(cost.post, cost.pre);
  for (int t = 0; t < triangles; ++t) {
    const std::int32_t a = any(), b = any(), c = any();
    if (a == b || b == c || c == a) continue;
    if (taken.contains({b, a}) || taken.contains({c, b}) || taken.contains({a, c})) continue;
    taken.insert({{b, a}, {c, b}, {a, c}});
    const double strength = (random.uniform(draw++) - 0.5) * decades * std::log(10.0);
    add(b, a, strength), add(c, b, strength), add(a, c, strength);
  }
  return planted;
}

/// Modules of `size` neurons, symmetric inside, in a ring (or a chain) of symmetric links whose costs are link times
/// theirs; with `groups` above 1 the modules of a group have links of sqrt(link).
inline Planted planted_modules(std::int32_t modules, std::int32_t size, double link, bool ring, std::uint64_t seed,
                               std::int32_t groups = 1) {
  const CounterRandom random(seed, 2);
  std::uint64_t draw = 0;
  Planted planted;
  for (std::int32_t m = 0; m < modules; ++m) {
    const double offset = 3 * random.normal(draw++);
    for (std::int32_t i = 0; i < size; ++i) planted.h.push_back(offset + random.normal(draw++));
  }
  const auto join = [&](std::int32_t i, std::int32_t j, double log_strength) {
    const double s = log_strength + random.normal(draw++);
    const double difference = planted.h[static_cast<std::size_t>(i)] - planted.h[static_cast<std::size_t>(j)];
    planted.costs.push_back({i, j, s + difference});
    planted.costs.push_back({j, i, s - difference});
  };
  for (std::int32_t m = 0; m < modules; ++m) {
    for (std::int32_t i = 0; i < size; ++i) {
      join(m * size + i, m * size + (i + 1) % size, 0);
      join(m * size + i, m * size + (i + size / 2) % size, 0);
    }
  }
  const auto per_group = modules / groups;
  for (std::int32_t m = 0; m < modules - (ring ? 0 : 1); ++m) {
    const bool inside = groups > 1 && m % per_group != per_group - 1;
    join(m * size + size / 3, ((m + 1) % modules) * size, inside ? 0.5 * std::log(link) : std::log(link));
  }
  return planted;
}

/// Modules of `size` neurons like those above, each with a link to an earlier one drawn at random: a tree, whose root
/// and branches have many. Modules of one neuron make a tree of neurons.
inline Planted planted_tree(std::int32_t modules, std::int32_t size, double link, std::uint64_t seed) {
  auto planted = planted_modules(modules, size, link, false, seed);
  std::erase_if(planted.costs, [&](const auto& c) { return c.post / size != c.pre / size || c.post == c.pre; });
  const CounterRandom random(seed, 3);
  std::uint64_t draw = 0;
  for (std::int32_t m = 1; m < modules; ++m) {
    const auto parent = static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(m), draw++));
    const auto i = m * size + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(size), draw++));
    const auto j = parent * size + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(size), draw++));
    const double s = std::log(link) + random.normal(draw++);
    const double difference = planted.h[static_cast<std::size_t>(i)] - planted.h[static_cast<std::size_t>(j)];
    planted.costs.push_back({i, j, s + difference}), planted.costs.push_back({j, i, s - difference});
  }
  return planted;
}

/// Largest difference of h from the planted one, means taken out.
inline double error_of(const Planted& planted, const std::vector<double>& h) {
  double mean = 0, worst = 0;
  for (std::size_t i = 0; i < h.size(); ++i) mean += (h[i] - planted.h[i]) / static_cast<double>(h.size());
  for (std::size_t i = 0; i < h.size(); ++i) worst = std::max(worst, std::abs(h[i] - planted.h[i] - mean));
  return worst;
}

}  // namespace synbal::test
