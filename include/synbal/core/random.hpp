// Random numbers keyed by (seed, stream, index, step): the same at any rank count, in any order of calls.
// The generator is Philox4x32-10 (Salmon et al. 2011) from the Random123 library.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace synbal {

/// A counter-based source: every call with the same arguments gives the same numbers.
class CounterRandom {
 public:
  /// `stream` separates independent uses of one seed.
  explicit CounterRandom(std::uint64_t seed, std::uint32_t stream = 0) : seed_(seed), stream_(stream) {}

  /// 128 random bits for (index, step).
  [[nodiscard]] std::array<std::uint64_t, 2> bits(std::uint64_t index, std::uint32_t step = 0) const {
    const r123::Philox4x32::ctr_type counter{
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), step, stream_}};
    const r123::Philox4x32::key_type key{{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)}};
    const auto r = r123::Philox4x32()(counter, key);
    return {r[0] | (std::uint64_t{r[1]} << 32), r[2] | (std::uint64_t{r[3]} << 32)};
  }
  /// Uniform in [0, 1).
  [[nodiscard]] double uniform(std::uint64_t index, std::uint32_t step = 0) const {
    return to_unit(bits(index, step)[0]);
  }
  /// Uniform integer in [0, bound), by multiplication (bias below 2^-64 bound).
  [[nodiscard]] std::uint64_t below(std::uint64_t bound, std::uint64_t index, std::uint32_t step = 0) const {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits(index, step)[0]) * bound) >> 64);
  }
  /// Standard normal (Box-Muller).
  [[nodiscard]] double normal(std::uint64_t index, std::uint32_t step = 0) const {
    const auto b = bits(index, step);
    const double radius = std::sqrt(-2.0 * std::log(1.0 - to_unit(b[0])));
    return radius * std::cos(2.0 * std::numbers::pi * to_unit(b[1]));
  }

 private:
  static double to_unit(std::uint64_t b) { return static_cast<double>(b >> 11) * 0x1.0p-53; }

  std::uint64_t seed_;
  std::uint32_t stream_;
};

}  // namespace synbal
