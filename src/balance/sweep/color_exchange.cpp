// Messages between the colours of a sweep.
#include "synbal/balance/color_exchange.hpp"

#include <algorithm>

#include "synbal/core/tags.hpp"

namespace synbal {

std::span<const LocalIndex> ColorExchange::Shared::of(std::int32_t color) const {
  if (index.empty()) return {};
  const auto begin = color_begin[at(color)];
  return std::span(index).subspan(at(begin), at(color_begin[at(color) + 1] - begin));
}

// Stable: neurons of one colour stay in ascending global order, on both sides alike.
ColorExchange::Shared ColorExchange::sorted_by_color(std::vector<LocalIndex> index, const Coloring& coloring) {
  const auto color = [&](LocalIndex i) { return coloring.color[at(i)]; };
  std::stable_sort(index.begin(), index.end(), [&](LocalIndex i, LocalIndex j) { return color(i) < color(j); });
  Shared shared;
  shared.color_begin.assign(at(coloring.count) + 1, 0);
  for (const auto i : index) ++shared.color_begin[at(color(i)) + 1];
  for (std::size_t c = 1; c < shared.color_begin.size(); ++c) shared.color_begin[c] += shared.color_begin[c - 1];
  shared.index = std::move(index);
  return shared;
}

ColorExchange::Peer& ColorExchange::peer_of(Rank rank) {
  const auto found = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.rank == rank; });
  if (found != peers_.end()) return *found;
  return peers_.emplace_back(Peer{rank, {}, {}, {}, {}});
}

ColorExchange::ColorExchange(const BalanceProblem& problem, const Coloring& coloring)
    : problem_(&problem), colors_(coloring.count) {
  const auto& halo = problem.halo();
  for (const auto& send : halo.sends()) {
    const auto part = halo.send_indices().subspan(at(send.first), at(send.count));
    peer_of(send.rank).owned = sorted_by_color({part.begin(), part.end()}, coloring);
  }
  for (const auto& receive : halo.receives()) {
    std::vector<LocalIndex> ghosts(at(receive.count));
    for (LocalIndex k = 0; k < receive.count; ++k) ghosts[at(k)] = problem.size() + receive.first + k;
    peer_of(receive.rank).ghosts = sorted_by_color(std::move(ghosts), coloring);
  }
  std::sort(peers_.begin(), peers_.end(), [](const Peer& a, const Peer& b) { return a.rank < b.rank; });
}

void ColorExchange::before(std::int32_t color, HugeVector<SweepSlot>& slots, std::vector<double>& remote_out) {
  const auto previous = color == 0 ? colors_ - 1 : color - 1;
  const auto comm = problem_->halo().comm();
  requests_.clear();
  for (auto& peer : peers_) {
    peer.incoming.resize(peer.ghosts.of(previous).size() + peer.owned.of(color).size());
    if (peer.incoming.empty()) continue;
    SYNBAL_MPI(MPI_Irecv(peer.incoming.data(), static_cast<int>(peer.incoming.size()), MPI_DOUBLE, peer.rank,
                         tag::colors, comm, &requests_.emplace_back()));
  }
  for (auto& peer : peers_) {
    peer.outgoing.clear();
    for (const auto i : peer.owned.of(previous)) peer.outgoing.push_back(slots[at(i)].pre);
    for (const auto g : peer.ghosts.of(color)) peer.outgoing.push_back(slots[at(g)].out);
    if (peer.outgoing.empty()) continue;
    SYNBAL_MPI(MPI_Isend(peer.outgoing.data(), static_cast<int>(peer.outgoing.size()), MPI_DOUBLE, peer.rank,
                         tag::colors, comm, &requests_.emplace_back()));
    auto& traffic = problem_->halo().traffic();
    traffic.messages += 1;
    traffic.bytes += static_cast<ByteCount>(peer.outgoing.size() * sizeof(double));
  }
  SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
  for (const auto& peer : peers_) {
    for (const auto i : peer.owned.of(color)) remote_out[at(i)] = 0;
  }
  for (const auto& peer : peers_) {
    const double* value = peer.incoming.data();
    for (const auto g : peer.ghosts.of(previous)) slots[at(g)].pre = *value++;
    for (const auto i : peer.owned.of(color)) remote_out[at(i)] += *value++;
  }
}

}  // namespace synbal
