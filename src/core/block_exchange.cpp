// Messages of whole rows of a block.
#include "synbal/core/block_exchange.hpp"

#include <algorithm>

#include "synbal/core/tags.hpp"

namespace synbal {

void BlockExchange::forward_begin(std::span<const double> owned, std::span<double> ghosts, int columns) {
  const auto indices = halo_->send_indices();
  buffer_.resize(indices.size() * at(columns));
  auto* out = buffer_.data();
  for (const auto i : indices) out = std::copy_n(owned.data() + std::int64_t{i} * columns, columns, out);
  start(halo_->sends(), buffer_.data(), halo_->receives(), ghosts.data(), columns);
}

void BlockExchange::forward_end() { wait(); }

void BlockExchange::reverse_add(std::span<const double> ghosts, std::span<double> owned, int columns) {
  const auto indices = halo_->send_indices();
  buffer_.resize(indices.size() * at(columns));
  start(halo_->receives(), ghosts.data(), halo_->sends(), buffer_.data(), columns);
  wait();
  const double* in = buffer_.data();
  for (const auto i : indices) {
    for (int k = 0; k < columns; ++k) owned[at(std::int64_t{i} * columns + k)] += *in++;
  }
}

void BlockExchange::start(std::span<const Halo::Peer> to, const double* out, std::span<const Halo::Peer> from,
                          double* in, int columns) {
  for (const auto& peer : from) {
    SYNBAL_MPI(MPI_Irecv(in + std::int64_t{peer.first} * columns, peer.count * columns, MPI_DOUBLE, peer.rank,
                         tag::block, halo_->comm(), &requests_.emplace_back()));
  }
  for (const auto& peer : to) {
    SYNBAL_MPI(MPI_Isend(out + std::int64_t{peer.first} * columns, peer.count * columns, MPI_DOUBLE, peer.rank,
                         tag::block, halo_->comm(), &requests_.emplace_back()));
    halo_->traffic().messages += 1;
    halo_->traffic().bytes += static_cast<ByteCount>(sizeof(double)) * peer.count * columns;
  }
}

void BlockExchange::wait() {
  SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
  requests_.clear();
}

}  // namespace synbal
