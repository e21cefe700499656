// Eigenvalues of small networks before and after, each within its own rounding error.
#include <array>
#include <complex>

#include "balance/verification/detail.hpp"
#include "synbal/core/agree.hpp"

/// LAPACK's expert eigenvalue driver, with 32-bit integers.
extern "C" void dgeevx_(const char* balance, const char* left, const char* right, const char* sense, const int* n,
                        double* a, const int* lda, double* real, double* imaginary, double* vl, const int* ldvl,
                        double* vr, const int* ldvr, int* ilo, int* ihi, double* scale, double* norm, double* rconde,
                        double* rcondv, double* work, const int* lwork, int* iwork, int* info);

namespace synbal {

using namespace verification;

namespace {

/// Eigenvalues with their reciprocal condition numbers, for the matrix after LAPACK's own balancing, of norm `norm`.
struct Spectrum {
  std::vector<std::complex<double>> value;
  std::vector<double> condition;
  double norm = 0;

  /// First-order bound of the rounding error of an eigenvalue, for a backward error of eps.
  [[nodiscard]] double error(std::size_t k) const {
    return std::numeric_limits<double>::epsilon() * norm / condition[k];
  }
};

/// @throws Error internal when LAPACK fails. `a`: n x n, column by column; destroyed.
Spectrum spectrum(int n, std::vector<double> a) {
  const auto size = static_cast<std::size_t>(n);
  std::vector<double> real(size), imaginary(size), left(size * size), right(size * size), scale(size), s(size), v(size);
  std::vector<double> work(1);
  std::vector<int> integers(2 * size);
  Spectrum found;
  int low = 0, high = 0, info = 0, length = -1;
  const auto call = [&] {
    dgeevx_("B", "V", "V", "E", &n, a.data(), &n, real.data(), imaginary.data(), left.data(), &n, right.data(), &n,
            &low, &high, scale.data(), &found.norm, s.data(), v.data(), work.data(), &length, integers.data(), &info);
  };
  call();  // asks for the best work length
  length = static_cast<int>(work[0]);
  work.resize(static_cast<std::size_t>(length));
  call();
  if (info != 0) throw internal_error(fmt::format("LAPACK's geevx failed with code {}", info));
  for (std::size_t k = 0; k < size; ++k) found.value.emplace_back(real[k], imaginary[k]);
  found.condition = std::move(s);
  return found;
}

/// What matching the two spectra gives.
struct Match {
  double worst = 0;       // |difference| over what rounding allows
  double difference = 0;  // largest |difference|
};

/// Pairs the eigenvalues, the closest first: well conditioned ones find theirs before ill conditioned ones choose.
Match match(const Spectrum& before, const Spectrum& after) {
  struct Pair {
    double distance;
    std::size_t a, b;
  };
  const auto n = before.value.size();
  std::vector<Pair> pairs;
  pairs.reserve(n * n);
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) pairs.push_back({std::abs(before.value[a] - after.value[b]), a, b});
  }
  std::sort(pairs.begin(), pairs.end(), [](const Pair& x, const Pair& y) { return x.distance < y.distance; });
  std::vector<bool> used_a(n), used_b(n);
  Match found;
  for (const auto& [distance, a, b] : pairs) {
    if (used_a[a] || used_b[b]) continue;
    used_a[a] = used_b[b] = true;
    const double allowed = 100.0 * static_cast<double>(n) * (before.error(a) + after.error(b));
    if (distance > 0) found.worst = std::max(found.worst, distance / allowed);
    found.difference = std::max(found.difference, distance);
  }
  return found;
}

/// Collective. The whole matrix, column by column; for small networks only.
std::vector<double> dense(const Comm& comm, const Network& network) {
  std::vector<GlobalIndex> place;
  place.reserve(network.column.size());
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      place.push_back(network.global(network.column[at(e)]) * network.size() + network.rows.first() + i);
    }
  }
  const auto places = comm.gather_all(std::span<const GlobalIndex>(place));
  const auto weights = comm.gather_all(std::span<const double>(network.weight));
  std::vector<double> a(at(network.size() * network.size()), 0.0);
  for (std::size_t e = 0; e < places.size(); ++e) a[at(places[e])] += weights[e];
  return a;
}

}  // namespace

Check check_spectrum(const Comm& comm, const Network& network, const Network& balanced) {
  const std::string name = "eigenvalues of J";
  const auto n = network.size();
  if (n == 0) return skipped(name, "no neurons");
  if (n > kLargestSpectrum) return skipped(name, fmt::format("only up to {} neurons", kLargestSpectrum));
  if (any_exponent(comm, network)) return skipped(name, "they are invariant only where all exponents are 1");
  auto before = dense(comm, network);
  auto after = dense(comm, balanced);
  std::array<double, 2> told{};
  agreed(comm, [&] {
    if (!comm.is_root()) return;
    const auto size = static_cast<int>(n);
    const auto found = match(spectrum(size, std::move(before)), spectrum(size, std::move(after)));
    told = {found.worst, found.difference};
  });
  comm.sum(std::span<double>(told));
  return bounded(name, told[0], 1,
                 fmt::format("largest difference {:.1e}; the value is that over its rounding error", told[1]));
}

}  // namespace synbal
