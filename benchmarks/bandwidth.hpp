// What the memory gives: the limit that kernels are held against.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <numeric>

#include "measure.hpp"
#include "synbal/core/huge_pages.hpp"

namespace synbal::benchmark {

/// Collective. Bytes per second that all ranks together read from arrays that fit no cache, four sums at a time.
inline double read_bandwidth(const Comm& comm, int repeats) {
  constexpr std::size_t count = std::size_t{1} << 26;
  const HugeVector<double> data(count, 1.0);
  double sink = 0;
  const auto time = measure(comm, repeats, [&] {
    double sums[8] = {};
    for (std::size_t i = 0; i < count; i += 8) {
      for (std::size_t k = 0; k < 8; ++k) sums[k] += data[i + k];
    }
    sink += std::accumulate(std::begin(sums), std::end(sums), 0.0);
  });
  if (sink <= 0) fmt::print("unexpected sum\n");
  return static_cast<double>(count * sizeof(double)) * comm.size() / time.median;
}

}  // namespace synbal::benchmark
