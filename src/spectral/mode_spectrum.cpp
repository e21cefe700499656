// Lanczos with two vectors, and a cost model of filtered Krylov spaces.
#include "spectral/mode_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "synbal/core/petsc.hpp"
#include "synbal/core/random.hpp"
// clang-format off: needs the types of the header before it
#include <petscblaslapack.h>
// clang-format on

namespace synbal::detail {

namespace {

constexpr std::uint32_t kStream = 0x51A5;
constexpr double kComplete = 1e-12;      // of the largest eigenvalue: a new direction that is rounding
constexpr double kReserve = 1.01;        // for the largest eigenvalue
constexpr double kCrowd = 8;             // times the modes wanted: more below the threshold only cost
constexpr double kGain = 4;              // the filter raises the lowest eigenvalue to cosh of this
constexpr int kLeast = 12, kMost = 300;  // degrees

struct Tridiagonal {
  std::vector<double> diagonal, beside;
};

// Collective.
Tridiagonal lanczos(const ConductanceGraph& graph, ModeOperator& modes, int steps, std::uint64_t seed) {
  const auto& comm = graph.comm();
  const CounterRandom random(seed, kStream);
  const auto n = at(graph.size());
  std::vector<double> v(n), last(n, 0.0), w(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = random.normal(static_cast<std::uint64_t>(graph.nodes().first()) + i);
  modes.project(v, 1);
  const auto length = [&] { return std::sqrt(comm.sum(std::inner_product(v.begin(), v.end(), v.begin(), 0.0))); };
  Tridiagonal out;
  double norm = length();
  for (int step = 0; step < steps && norm > kComplete * modes.largest(); ++step) {
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
  const auto count = t.diagonal.size();
  if (count == 0) return out;
  std::vector<double> vectors(count * count), work(2 * count);
  const double next = t.beside.back();
  const auto size = static_cast<PetscBLASInt>(count);
  PetscBLASInt info = 0;
  LAPACKsteqr_("I", &size, t.diagonal.data(), t.beside.data(), vectors.data(), &size, work.data(), &info);
  if (info != 0) throw internal_error("LAPACK found no eigenvalues of a tridiagonal matrix");
  for (std::size_t k = 0; k < count; ++k) out.share.push_back(vectors[k * count] * vectors[k * count]);
  out.value = std::move(t.diagonal);
  // Zhou & Li 2011: the last Ritz value and what its residual still allows, with a reserve.
  out.largest = std::min(modes.largest(), kReserve * (out.value.back() + next * std::abs(vectors.back())));
  return out;
}

ModeFilter choose_filter(const RoughSpectrum& spectrum, double size, int wanted, double spare) {
  ModeFilter best;
  double least = HUGE_VAL, count = 0;
  for (std::size_t k = 0; k + 1 < spectrum.value.size(); ++k) {
    count += size * spectrum.share[k];
    if (count < spare * wanted) continue;
    if (count > kCrowd * wanted) break;
    const double a = spectrum.value[k + 1], above = a - spectrum.value[0];
    const double degree = std::max<double>(kLeast, kGain / (2 * std::sqrt(above / spectrum.largest)));
    const double cost = degree * (count + 3 * wanted);
    if (cost < least && degree <= kMost) least = cost, best = {a, spectrum.largest, static_cast<int>(degree)};
  }
  return best;
}

}  // namespace synbal::detail
