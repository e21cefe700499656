// Tall products by BLAS, small eigenproblems by LAPACK, orthogonalisation by both.
#include "laplacian/tall_block.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/petsc.hpp"
// clang-format off: needs the types of the header before it
#include <petscblaslapack.h>
// clang-format on

namespace synbal::laplacian {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr int kRounds = 4;            // of orthogonalisation at most
constexpr double kDependent = 1e-13;  // eigenvalue of unit columns' Gram matrix: a direction that is rounding
constexpr double kOrthogonal = 0.5;   // what is left of the shortest: enough for a last round

PetscBLASInt leading(std::size_t rows) { return static_cast<PetscBLASInt>(std::max<std::size_t>(rows, 1)); }

// c = alpha op(a) b + beta c with `a` as it is or transposed.
void multiply(bool transposed, std::size_t m, std::size_t n, std::size_t k, double alpha, const double* a,
              std::size_t lda, const double* b, std::size_t ldb, double beta, double* c, std::size_t ldc) {
  if (m == 0 || n == 0 || k == 0) return;  // callers have set c
  const auto im = static_cast<PetscBLASInt>(m), in = static_cast<PetscBLASInt>(n), ik = static_cast<PetscBLASInt>(k);
  const auto la = leading(lda), lb = leading(ldb), lc = leading(ldc);
  BLASgemm_(transposed ? "T" : "N", "N", &im, &in, &ik, &alpha, a, &la, b, &lb, &beta, c, &lc);
}

void scale_to_unit(TallBlock& x, std::span<const double> square) {
  for (int k = 0; k < x.count; ++k) {
    const double length = std::sqrt(square[at(k)]);
    for (auto& value : x.column(k)) value = length > 0 ? value / length : 0.0;
  }
}

// Collective. [count] squares of lengths.
std::vector<double> squares(const Comm& comm, const TallBlock& x) {
  std::vector<double> sum(at(x.count), 0.0);
  for (int k = 0; k < x.count; ++k) {
    for (const double value : x.column(k)) sum[at(k)] += value * value;
  }
  comm.sum(std::span(sum));
  return sum;
}

// Collective. x := x U D^-1/2 for x^T x = U D U^T, without the smallest D. @return the smallest share that was kept.
double whiten(const Comm& comm, TallBlock& x) {
  const auto gram = inner(comm, x, x);
  auto spectrum = small_spectrum(comm, gram, x.count);
  int kept = 0;
  while (kept < x.count && spectrum.value[at(kept)] > kDependent) ++kept;
  for (int k = 0; k < kept; ++k) {
    const double scale = 1 / std::sqrt(spectrum.value[at(k)]);
    for (int i = 0; i < x.count; ++i) spectrum.vector[at(k) * at(x.count) + at(i)] *= scale;
  }
  const double least = kept > 0 ? spectrum.value[at(kept - 1)] : 1.0;
  x = combine(x, spectrum.vector, 0, kept);
  return least;
}

}  // namespace

void TallBlock::append(const TallBlock& other) {
  data.insert(data.end(), other.data.begin(), other.data.end());
  count += other.count;
}

TallBlock TallBlock::first(int columns) const {
  auto some = *this;
  some.resize(columns);
  return some;
}

TallBlock TallBlock::from(int first) const {
  TallBlock rest{rows, std::max(count - first, 0), {}};
  rest.data.assign(data.begin() + static_cast<std::ptrdiff_t>(rows * at(count - rest.count)), data.end());
  return rest;
}

std::vector<double> inner(const Comm& comm, const TallBlock& x, const TallBlock& y) {
  const auto a = at(x.count), b = at(y.count);
  std::vector<double> product(a * b, 0.0);
  multiply(true, a, b, x.rows, 1.0, x.data.data(), x.rows, y.data.data(), y.rows, 0.0, product.data(), a);
  comm.sum(std::span(product));
  return product;
}

TallBlock combine(const TallBlock& x, std::span<const double> s, int first, int columns) {
  TallBlock y{x.rows, columns, std::vector<double>(x.rows * at(columns), 0.0)};
  const auto k = at(x.count);
  multiply(false, x.rows, at(columns), k, 1.0, x.data.data(), x.rows, s.data() + k * at(first), k, 0.0, y.data.data(),
           x.rows);
  return y;
}

void take_out(const Comm& comm, const TallBlock& q, TallBlock& x) {
  if (q.count == 0 || x.count == 0) return;
  const auto share = inner(comm, q, x);
  multiply(false, x.rows, at(x.count), at(q.count), -1.0, q.data.data(), q.rows, share.data(), at(q.count), 1.0,
           x.data.data(), x.rows);
}

void orthonormalise(const Comm& comm, const std::vector<const TallBlock*>& q, TallBlock& x) {
  for (int round = 0; round < kRounds && x.count > 0; ++round) {
    scale_to_unit(x, squares(comm, x));
    for (const auto* block : q) take_out(comm, *block, x);
    if (whiten(comm, x) > kOrthogonal) break;
  }
}

SmallSpectrum small_spectrum(const Comm& comm, std::span<const double> matrix, int size) {
  const auto n = at(size);
  SmallSpectrum out{std::vector<double>(n), std::vector<double>(n * n)};
  // Minus the matrix: LAPACK's order is ascending.
  for (std::size_t i = 0; i < n * n; ++i) out.vector[i] = -(matrix[i] + matrix[i % n * n + i / n]) / 2;
  if (n == 0) return out;
  const auto order = static_cast<PetscBLASInt>(size), room = 3 * order;
  std::vector<double> work(at(room));
  PetscBLASInt info = 0;
  LAPACKsyev_("V", "U", &order, out.vector.data(), &order, out.value.data(), work.data(), &room, &info);
  if (comm.any(info != 0)) throw internal_error("LAPACK found no eigenvalues of a small symmetric matrix");
  for (auto& value : out.value) value = -value;
  if (!comm.is_root()) std::ranges::fill(out.value, 0.0), std::ranges::fill(out.vector, 0.0);
  comm.sum(std::span(out.value)), comm.sum(std::span(out.vector));  // the root's
  return out;
}

}  // namespace synbal::laplacian
