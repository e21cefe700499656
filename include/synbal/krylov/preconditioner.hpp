// Preconditioners: their kinds, and what they do.
#pragma once

#include <span>
#include <string>

#include "synbal/core/enum_names.hpp"

namespace synbal {

enum class Preconditioner { jacobi, clusters, incomplete, multigrid, direct };
template <>
inline constexpr auto enum_names<Preconditioner> =
    std::to_array<EnumName<Preconditioner>>({{Preconditioner::jacobi, "jacobi"},
                                             {Preconditioner::clusters, "clusters"},
                                             {Preconditioner::incomplete, "incomplete cholesky"},
                                             {Preconditioner::multigrid, "multigrid"},
                                             {Preconditioner::direct, "direct"}});

/// u = M^-1 r for interleaved blocks, M symmetric and positive definite but for constants.
class BlockPreconditioner {
 public:
  BlockPreconditioner() = default;
  BlockPreconditioner(const BlockPreconditioner&) = delete;
  BlockPreconditioner& operator=(const BlockPreconditioner&) = delete;
  virtual ~BlockPreconditioner() = default;
  /// Collective.
  virtual void apply(std::span<const double> r, std::span<double> u, int columns) = 0;
  /// How reports call it; empty: as to_string() calls its kind.
  [[nodiscard]] virtual std::string name() const { return {}; }
};

}  // namespace synbal
