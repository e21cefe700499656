// Numbers of columns known to the compiler, so that the innermost loops become vector instructions.
#pragma once

#include <type_traits>
#include <utility>

#include "synbal/krylov/operator.hpp"

namespace synbal {

/// Calls work(std::integral_constant<int, M>) with M = columns, 1..kMaxColumns.
template <class Work>
void with_width(int columns, Work&& work) {
  [&]<int... M>(std::integer_sequence<int, M...>) {
    static_cast<void>(((columns == M + 1 && (work(std::integral_constant<int, M + 1>{}), true)) || ...));
  }
  (std::make_integer_sequence<int, SymmetricOperator::kMaxColumns>{});
}

}  // namespace synbal
