// What conjugate gradients work on.
#pragma once

#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "synbal/krylov/component_sums.hpp"

namespace synbal {

/// A distributed symmetric operator A, positive semi-definite, whose null vectors are the constants of the components
/// that are not grounded (see ComponentSums; none: A is regular). Blocks of m vectors are interleaved: value of place i
/// in column k at [i * m + k].
class SymmetricOperator {
 public:
  static constexpr int kMaxColumns = 16;

  SymmetricOperator() = default;
  SymmetricOperator(const SymmetricOperator&) = delete;
  SymmetricOperator& operator=(const SymmetricOperator&) = delete;
  virtual ~SymmetricOperator() = default;

  [[nodiscard]] virtual const ComponentSums& components() const = 0;
  /// [n] Diagonal of A; 0 where a row is empty.
  [[nodiscard]] virtual std::span<const double> diagonal() const = 0;
  /// Collective. y = A x, both [n * columns], not aliased, 1 <= columns <= kMaxColumns; dots[k] becomes this rank's
  /// part of x_k . y_k ([columns]).
  virtual void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) = 0;
};

/// Collective. [columns] The 2-norm of every column of several interleaved blocks, one block after the other: one
/// reduction for all.
[[nodiscard]] std::vector<double> column_norms(const Comm& comm, std::initializer_list<std::span<const double>> blocks,
                                               int columns);

/// Calls work(std::integral_constant<int, M>) with M = columns, 1..kMaxColumns: numbers of columns known to the
/// compiler, so that the innermost loops become vector instructions.
template <class Work>
void with_width(int columns, Work&& work) {
  [&]<int... M>(std::integer_sequence<int, M...>) {
    static_cast<void>(((columns == M + 1 && (work(std::integral_constant<int, M + 1>{}), true)) || ...));
  }
  (std::make_integer_sequence<int, SymmetricOperator::kMaxColumns>{});
}

}  // namespace synbal
