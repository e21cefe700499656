// Lanczos with two vectors, and a cost model of filtered Krylov spaces.
#include "spectral/mode_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "spectral/tuning.hpp"
#include "synbal/core/random.hpp"
#include "synbal/krylov/tridiagonal.hpp"

namespace synbal::detail {

namespace {

using namespace tuning;

struct Tridiagonal {
  std::vector<double> diagonal, beside;
};

// Collective.
Tridiagonal lanczos(const ConductanceGraph& graph, ModeOperator& modes, int steps, std::uint64_t seed) {
  const auto& comm = graph.comm();
  const CounterRandom random(seed, 0x51A5);
  const auto n = at(graph.size());
  std::vector<double> v(n), last(n, 0.0), w(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = random.normal(static_cast<std::uint64_t>(graph.nodes().first()) + i);
  modes.project(v, 1);
  const auto length = [&] { return std::sqrt(comm.sum(std::inner_product(v.begin(), v.end(), v.begin(), 0.0))); };
  Tridiagonal out;
  double norm = length();
  for (int step = 0; step < steps && norm > 1e-12 * modes.largest(); ++step) {
    for (auto& value : v) value /= norm;
    modes.apply({v.data(), 0, 1}, {w.data(), 0});
    const double alpha = comm.sum(std::inner_product(v.begin(), v.end(), w.begin(), 0.0));
    const double beta = step > 0 ? norm : 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double next = w[i] - alpha * v[i] - beta * last[i];
      last[i] = v[i], v[i] = next;
    }
    modes.project(v, 1);  // null vectors would come back from rounding
    norm = length();
    out.diagonal.push_back(alpha), out.beside.push_back(norm);
  }
  return out;
}

}  // namespace

RoughSpectrum rough_spectrum(const ConductanceGraph& graph, ModeOperator& modes, int steps, std::uint64_t seed) {
  auto t = lanczos(graph, modes, steps, seed);
  RoughSpectrum out;
  if (t.diagonal.empty()) return out;
  const double next = t.beside.back();
  auto pairs = diagonalise(std::move(t.diagonal), std::move(t.beside));
  for (int k = 0; k < pairs.dimension; ++k) out.share.push_back(pairs.first(k) * pairs.first(k));
  out.value = std::move(pairs.value);
  // Zhou & Li 2011: the last Ritz value and what its residual still allows, with a reserve.
  out.largest = std::min(modes.largest(), 1.01 * (out.value.back() + next * std::abs(pairs.vector.back())));
  return out;
}

ModeFilter choose_filter(const RoughSpectrum& spectrum, double size, int wanted, double oversampling) {
  ModeFilter best;
  double least = HUGE_VAL, count = 0;
  for (std::size_t k = 0; k + 1 < spectrum.value.size(); ++k) {
    count += size * spectrum.share[k];
    if (count < oversampling * wanted) continue;
    if (count > kClusterSize * wanted) break;
    const double a = spectrum.value[k + 1], above = a - spectrum.value[0];
    const double degree = std::max<double>(kLeastDegree, kGain / (2 * std::sqrt(above / spectrum.largest)));
    const double cost = degree * (count + 3 * wanted);
    if (cost < least && degree <= kMostDegree) least = cost, best = {a, spectrum.largest, static_cast<int>(degree)};
  }
  return best;
}

}  // namespace synbal::detail
