// One row of a table from values that lie anywhere on the ranks: each rank gets a block of neighbouring columns to
// write.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "synbal/core/route.hpp"
#include "synbal/core/texts.hpp"

namespace synbal::io {

/// The pattern is set up once; where the places ascend without gaps over the ranks nothing is sent.
class ScatteredColumns {
 public:
  /// Collective. `place`: column of each local value, over all ranks a permutation of 0..width-1; else internal_error.
  ScatteredColumns(const Comm& comm, std::span<const std::int64_t> place, std::int64_t width);

  /// First column of this rank's block.
  [[nodiscard]] std::int64_t first() const noexcept { return first_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  /// Collective. This rank's block, from a value of every local place. T is double or int64.
  template <class T>
  [[nodiscard]] std::vector<T> block(std::span<const T> local) const {
    return placement_ ? placement_->send(local) : std::vector<T>(local.begin(), local.end());
  }
  /// Collective. The same of texts, one of every local place.
  [[nodiscard]] Texts block(const Texts& local) const { return placement_ ? send(*placement_, local) : local; }

 private:
  std::int64_t first_ = 0, count_ = 0;
  std::optional<Placement> placement_;  // none where nothing is sent
};

}  // namespace synbal::io
