// The halo: which owned values other ranks need, and the exchange that brings them (forward) or adds contributions
// back (reverse). The pattern (Halo) and the data under way (HaloExchange) are separate objects.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/core/tags.hpp"

namespace synbal {

/// The values in ascending order, each once.
template <class T>
[[nodiscard]] std::vector<T> distinct(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}
/// What others own of `ids`, ascending, each once: the ghosts of a halo.
[[nodiscard]] std::vector<GlobalIndex> foreign(const Ownership& ownership, std::vector<GlobalIndex> ids);

/// Point-to-point traffic of this rank.
struct Traffic {
  std::int64_t messages = 0;
  ByteCount bytes = 0;
};

/// Communication pattern between owners and ghosts.
class Halo {
 public:
  /// One peer: for sends `first` indexes send_indices(), for receives it is the first ghost.
  struct Peer {
    Rank rank;
    LocalIndex first;
    LocalIndex count;
  };

  Halo() = default;
  /// Collective. `ghosts`: sorted, distinct global indices owned by other ranks.
  Halo(const Comm& comm, const Ownership& ownership, std::vector<GlobalIndex> ghosts);

  [[nodiscard]] const std::vector<GlobalIndex>& ghosts() const noexcept { return ghosts_; }
  [[nodiscard]] LocalIndex ghost_count() const noexcept { return static_cast<LocalIndex>(ghosts_.size()); }
  [[nodiscard]] LocalIndex owned_count() const noexcept { return owned_count_; }
  /// Local index of something owned or a ghost (owned first, then ghosts); -1 where it is neither.
  [[nodiscard]] LocalIndex local(GlobalIndex g) const noexcept;
  [[nodiscard]] std::span<const Peer> sends() const noexcept { return sends_; }
  [[nodiscard]] std::span<const Peer> receives() const noexcept { return receives_; }
  /// Owned local indices to send, grouped by peer, ascending within a peer.
  [[nodiscard]] std::span<const LocalIndex> send_indices() const noexcept { return send_indices_; }
  [[nodiscard]] MPI_Comm comm() const noexcept { return comm_; }
  /// Traffic of all exchanges over this halo so far.
  [[nodiscard]] Traffic& traffic() const noexcept { return traffic_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
  GlobalIndex first_ = 0;
  LocalIndex owned_count_ = 0;
  std::vector<GlobalIndex> ghosts_;
  std::vector<Peer> sends_;
  std::vector<Peer> receives_;
  std::vector<LocalIndex> send_indices_;
  mutable Traffic traffic_;
};

/// Buffers and requests of one exchange at a time in each direction, values of type T. The halo and its communicator
/// must outlive it.
template <class T>
class HaloExchange {
 public:
  explicit HaloExchange(const Halo& halo)
      : halo_(&halo), owned_side_(halo.send_indices().size()), ghost_side_(halo.ghosts().size()) {
    requests_.reserve(halo.sends().size() + halo.receives().size());
  }

  /// Collective over the peers. Starts bringing pack(owned index) to the ranks that hold it as a ghost.
  template <class Pack>
  void forward_begin(Pack&& pack) {
    const auto indices = halo_->send_indices();
    for (std::size_t k = 0; k < indices.size(); ++k) owned_side_[k] = pack(indices[k]);
    start(halo_->sends(), owned_side_, halo_->receives(), ghost_side_, tag::halo_forward);
  }
  /// Waits, then calls unpack(ghost number, value).
  template <class Unpack>
  void forward_end(Unpack&& unpack) {
    wait();
    for (std::size_t k = 0; k < ghost_side_.size(); ++k) unpack(static_cast<LocalIndex>(k), ghost_side_[k]);
  }
  /// Starts bringing pack(ghost number) back to its owner.
  template <class Pack>
  void reverse_begin(Pack&& pack) {
    for (std::size_t k = 0; k < ghost_side_.size(); ++k) ghost_side_[k] = pack(static_cast<LocalIndex>(k));
    start(halo_->receives(), ghost_side_, halo_->sends(), owned_side_, tag::halo_reverse);
  }
  /// Waits, then calls combine(owned index, value) for every contribution, in rank order.
  template <class Combine>
  void reverse_end(Combine&& combine) {
    wait();
    const auto indices = halo_->send_indices();
    for (std::size_t k = 0; k < indices.size(); ++k) combine(indices[k], owned_side_[k]);
  }

  /// Forward exchange of an array: ghosts[g] becomes the owner's value.
  void forward(std::span<const T> owned, std::span<T> ghosts) {
    forward_begin([&](LocalIndex i) { return owned[at(i)]; });
    forward_end([&](LocalIndex g, T value) { ghosts[at(g)] = value; });
  }

 private:
  void start(std::span<const Halo::Peer> to, const std::vector<T>& out, std::span<const Halo::Peer> from,
             std::vector<T>& in, int tag) {
    for (const auto& peer : from) {
      SYNBAL_MPI(MPI_Irecv(in.data() + peer.first, peer.count, mpi_type<T>(), peer.rank, tag, halo_->comm(),
                           &requests_.emplace_back()));
    }
    for (const auto& peer : to) {
      SYNBAL_MPI(MPI_Isend(out.data() + peer.first, peer.count, mpi_type<T>(), peer.rank, tag, halo_->comm(),
                           &requests_.emplace_back()));
      halo_->traffic().messages += 1;
      halo_->traffic().bytes += static_cast<ByteCount>(sizeof(T)) * peer.count;
    }
  }
  void wait() {
    SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
    requests_.clear();
  }

  const Halo* halo_;
  std::vector<T> owned_side_;
  std::vector<T> ghost_side_;
  std::vector<MPI_Request> requests_;
};

/// Collective over the peers. [owned + ghosts] The owned values, then those of the ghosts.
template <class T>
[[nodiscard]] std::vector<T> with_ghosts(const Halo& halo, std::vector<T> values) {
  const auto owned = at(halo.owned_count());
  values.resize(owned + halo.ghosts().size());
  HaloExchange<T>(halo).forward(std::span<const T>(values).first(owned), std::span<T>(values).subspan(owned));
  return values;
}
template <class T>
[[nodiscard]] std::vector<std::remove_const_t<T>> with_ghosts(const Halo& halo, std::span<T> owned) {
  return with_ghosts(halo, std::vector<std::remove_const_t<T>>(owned.begin(), owned.end()));
}

/// [owned + ghosts] Values of some ghosts alone, which are named by their numbers, ascending: what is left when the
/// others leave a halo.
template <class T>
void keep_ghosts(std::vector<T>& values, LocalIndex owned, std::span<const LocalIndex> ghosts) {
  for (std::size_t g = 0; g < ghosts.size(); ++g) values[at(owned) + g] = values[at(owned + ghosts[g])];
  values.resize(at(owned) + ghosts.size());
  values.shrink_to_fit();
}

}  // namespace synbal
