// Point-to-point messages along the halo's peers.
#include "laplacian/rank_chain.hpp"

#include <algorithm>

#include "synbal/core/tags.hpp"

namespace synbal::detail {

RankChain::RankChain(const ConductanceGraph& graph) : graph_(&graph) {
  for (const auto& peer : graph.halo().receives()) {
    if (peer.rank < graph.comm().rank()) below_.push_back(peer), ghosts_ += peer.count;
  }
  for (const auto& peer : graph.halo().sends()) {
    if (peer.rank > graph.comm().rank()) above_.push_back(peer);
  }
}

std::span<const LocalIndex> RankChain::sent_to(const Halo::Peer& peer) const {
  return graph_->halo().send_indices().subspan(at(peer.first), at(peer.count));
}

void RankChain::wait() {
  SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
  requests_.clear();
}

void RankChain::receive_from_below(std::span<double> values, int m) {
  for (const auto& peer : below_) {
    auto* to = &values[at(graph_->size() + peer.first) * at(m)];
    SYNBAL_MPI(MPI_Irecv(to, peer.count * m, MPI_DOUBLE, peer.rank, tag::chain_up, graph_->halo().comm(),
                         &requests_.emplace_back()));
  }
  wait();
}

void RankChain::send_above(std::span<const double> values, int m) {
  std::vector<std::vector<double>> buffers;
  for (const auto& peer : above_) {
    auto& buffer = buffers.emplace_back();
    buffer.reserve(at(peer.count) * at(m));
    for (const auto i : sent_to(peer)) {
      const auto first = values.begin() + std::int64_t{i} * m;
      buffer.insert(buffer.end(), first, first + m);
    }
    SYNBAL_MPI(MPI_Isend(buffer.data(), peer.count * m, MPI_DOUBLE, peer.rank, tag::chain_up, graph_->halo().comm(),
                         &requests_.emplace_back()));
  }
  wait();
}

void RankChain::add_from_above(std::span<double> values, int m) {
  std::vector<std::vector<double>> buffers;
  for (const auto& peer : above_) {
    auto& buffer = buffers.emplace_back(at(peer.count) * at(m));
    SYNBAL_MPI(MPI_Irecv(buffer.data(), peer.count * m, MPI_DOUBLE, peer.rank, tag::chain_down, graph_->halo().comm(),
                         &requests_.emplace_back()));
  }
  wait();
  for (std::size_t p = 0; p < above_.size(); ++p) {
    const double* in = buffers[p].data();
    for (const auto i : sent_to(above_[p])) {
      for (int k = 0; k < m; ++k) values[at(std::int64_t{i} * m + k)] += *in++;
    }
  }
}

void RankChain::send_below(std::span<const double> values, int m) {
  for (const auto& peer : below_) {
    const auto* from = &values[at(graph_->size() + peer.first) * at(m)];
    SYNBAL_MPI(MPI_Isend(from, peer.count * m, MPI_DOUBLE, peer.rank, tag::chain_down, graph_->halo().comm(),
                         &requests_.emplace_back()));
  }
  wait();
}

template <class T>
void RankChain::receive_rows_from_below(std::span<const std::int64_t> ghost_ptr, std::vector<T>& entries) {
  entries.resize(at(ghost_ptr.back()));
  for (const auto& peer : below_) {
    const auto begin = ghost_ptr[at(peer.first)], end = ghost_ptr[at(peer.first + peer.count)];
    SYNBAL_MPI(MPI_Irecv(entries.data() + begin, static_cast<int>(end - begin), mpi_type<T>(), peer.rank,
                         tag::chain_rows, graph_->halo().comm(), &requests_.emplace_back()));
  }
  wait();
}

template <class T>
void RankChain::send_rows_above(std::span<const std::int64_t> row_ptr, const T* entries) {
  std::vector<std::vector<T>> buffers;
  for (const auto& peer : above_) {
    auto& buffer = buffers.emplace_back();
    for (const auto i : sent_to(peer)) {
      buffer.insert(buffer.end(), entries + row_ptr[at(i)], entries + row_ptr[at(i) + 1]);
    }
    SYNBAL_MPI(MPI_Isend(buffer.data(), static_cast<int>(buffer.size()), mpi_type<T>(), peer.rank, tag::chain_rows,
                         graph_->halo().comm(), &requests_.emplace_back()));
  }
  wait();
}

template void RankChain::receive_rows_from_below(std::span<const std::int64_t>, std::vector<double>&);
template void RankChain::receive_rows_from_below(std::span<const std::int64_t>, std::vector<GlobalIndex>&);
template void RankChain::send_rows_above(std::span<const std::int64_t>, const double*);
template void RankChain::send_rows_above(std::span<const std::int64_t>, const GlobalIndex*);

}  // namespace synbal::detail
