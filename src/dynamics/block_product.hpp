// J times a block of columns: the weights are read once, whatever the number of columns.
#pragma once

#include "synbal/core/block_exchange.hpp"
#include "synbal/core/huge_pages.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// The widths that blocks have; a block with fewer columns has idle ones.
inline constexpr int kWidestBlock = 16;
[[nodiscard]] int block_width(std::int64_t columns) noexcept;

/// Sums run over a row in the order of its global columns, whichever rank holds them: the same bits at any rank count
/// (of networks in the order of their file).
class BlockProduct {
 public:
  /// The network must outlive it.
  explicit BlockProduct(const Network& network);

  /// [n_local * width] What is to be multiplied, interleaved; to be filled before each product.
  [[nodiscard]] std::span<double> factors(int width);
  /// Collective over the peers. [n_local * width] J times the factors, good until the next product.
  [[nodiscard]] std::span<const double> multiply(int width);

 private:
  const Network* network_;
  BlockExchange exchange_;
  HugeVector<double> factors_, sums_;
};

}  // namespace synbal
