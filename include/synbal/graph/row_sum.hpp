// One row of the product: the loop in which solves spend most of their time.
#pragma once

#include <cstdint>

#include "synbal/core/ownership.hpp"

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#include <immintrin.h>
#endif

namespace synbal::detail {

#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512DQ__)

// Eight neighbours at a time; compilers do not gather by themselves where the last few need a mask. Every intrinsic is
// a masked one: the others leave values undefined in GCC's headers, which it then warns of.
[[gnu::always_inline]] inline void add_eight(const LocalIndex* neighbour, const double* conductance, const double* x,
                                             LocalIndex first, __mmask8 mask, __m512d own, __m512d& sum) {
  const __m256i place = _mm256_sub_epi32(_mm256_maskz_loadu_epi32(mask, neighbour), _mm256_set1_epi32(first));
  const __m512d other = _mm512_mask_i32gather_pd(own, mask, place, x, sizeof(double));
  sum = _mm512_fmadd_pd(_mm512_maskz_loadu_pd(mask, conductance), _mm512_sub_pd(own, other), sum);
}

[[gnu::always_inline]] inline double sum_of(__m512d values) {
  constexpr __mmask8 all = 0xff;
  const __m256d low = _mm512_maskz_extractf64x4_pd(all, values, 0), high = _mm512_maskz_extractf64x4_pd(all, values, 1);
  const __m256d four = _mm256_add_pd(low, high);
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_maskz_extractf64x2_pd(all, four, 1));
  return two[0] + two[1];
}

/// sum_e w_e (own - x_{j_e}) over entries begin .. end - 1; x starts at column `first`.
[[gnu::always_inline]] inline double row_sum(const LocalIndex* neighbour, const double* conductance, std::int64_t begin,
                                             std::int64_t end, double own, const double* x, LocalIndex first) {
  const __m512d self = _mm512_set1_pd(own);
  __m512d sum = _mm512_setzero_pd();
  auto e = begin;
  for (; e + 8 <= end; e += 8) add_eight(neighbour + e, conductance + e, x, first, 0xff, self, sum);
  if (e < end) {
    const auto mask = static_cast<__mmask8>((1U << static_cast<unsigned>(end - e)) - 1);
    add_eight(neighbour + e, conductance + e, x, first, mask, self, sum);
  }
  return sum_of(sum);
}

#else

/// sum_e w_e (own - x_{j_e}) over entries begin .. end - 1; x starts at column `first`. As two sums, so that an
/// addition need not wait for the one before.
[[gnu::always_inline]] inline double row_sum(const LocalIndex* neighbour, const double* conductance, std::int64_t begin,
                                             std::int64_t end, double own, const double* x, LocalIndex first) {
  double even = 0, odd = 0;
  auto e = begin;
  for (; e + 1 < end; e += 2) {
    even += conductance[e] * (own - x[neighbour[e] - first]);
    odd += conductance[e + 1] * (own - x[neighbour[e + 1] - first]);
  }
  if (e < end) even += conductance[e] * (own - x[neighbour[e] - first]);
  return even + odd;
}

#endif

}  // namespace synbal::detail
