// One pass over the neurons in a given order, with the outcome of the serial loop, although they live on many ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "synbal/stochastic/incident_synapses.hpp"

namespace synbal {

/// A key that says: no visit is due.
inline constexpr std::uint64_t kNoVisit = ~std::uint64_t{0};

/// Which neurons wait for each other: neighbours in the same block.
class BlockGraph {
 public:
  /// Not collective. `block`: [n + ghosts]. Stars must outlive the graph. 4 bytes per synapse that crosses ranks.
  BlockGraph(const IncidentSynapses& stars, std::vector<std::int32_t> block);

  [[nodiscard]] const IncidentSynapses& stars() const noexcept { return *stars_; }
  [[nodiscard]] std::int32_t block(LocalIndex j) const noexcept { return block_[static_cast<std::size_t>(j)]; }

  /// visit(q) for the owned neighbours of a neuron, owned or ghost, in its block; once per synapse.
  template <class Visit>
  void for_each_owned_neighbour(LocalIndex j, Visit&& visit) const {
    if (j < n_) {
      for_each_neighbour(j, [&](LocalIndex q) {
        if (q < n_) visit(q);
      });
      return;
    }
    const auto g = static_cast<std::size_t>(j - n_);
    for (auto e = ghost_begin_[g]; e < ghost_begin_[g + 1]; ++e) visit(ghost_neighbour_[static_cast<std::size_t>(e)]);
  }
  /// visit(q) for all neighbours of an owned neuron in its block; once per synapse.
  template <class Visit>
  void for_each_neighbour(LocalIndex i, Visit&& visit) const {
    for (const auto& star : {stars_->incoming(i), stars_->outgoing(i)}) {
      for (const auto q : star.neighbour) {
        if (block(q) == block(i)) visit(q);
      }
    }
  }

 private:
  const IncidentSynapses* stars_;
  LocalIndex n_;
  std::vector<std::int32_t> block_;
  std::vector<std::int64_t> ghost_begin_;
  std::vector<LocalIndex> ghost_neighbour_;
};

/// The visits of one pass, in the order of (key, place in the file). A neuron may have several.
class Agenda {
 public:
  Agenda() = default;
  Agenda(const Agenda&) = default;
  Agenda& operator=(const Agenda&) = default;
  virtual ~Agenda() = default;

  /// The key of the next visit of a neuron, owned or ghost; kNoVisit when none is left.
  [[nodiscard]] std::uint64_t key(LocalIndex j) const noexcept { return key_[static_cast<std::size_t>(j)]; }
  /// Goes on to the neuron's next visit.
  virtual void advance(LocalIndex j) { key_[static_cast<std::size_t>(j)] = kNoVisit; }
  /// All visits of owned neurons in order, for a rank without ghosts; neurons of which key() is kNoVisit are to be left
  /// out. Replaces advance().
  [[nodiscard]] virtual std::span<const LocalIndex> in_order() = 0;

 protected:
  std::vector<std::uint64_t> key_;  // [n + ghosts]
};

/// Visits neurons as soon as all their neighbours of the same block that come before them have been visited, on
/// whatever rank. A neuron thus sees of its block what it would see in a serial loop, and of other blocks anything: the
/// caller must not look. A rank goes on in steps: it visits all that is ready, then tells and hears what was visited,
/// one message for every neighbour rank that is not through. No rank waits for ranks that are not its neighbours.
class PassOrder {
 public:
  /// Not collective. `first_tag`: the pass uses kTags message tags from there on, which no other pass of the same
  /// communicator may use before a collective operation has ended this one.
  PassOrder(const BlockGraph& graph, int first_tag);
  static constexpr int kTags = 10'240;

 protected:
  void begin(const Agenda& agenda);
  /// After a visit, of an owned neuron or of a ghost: goes on in the agenda and finds who need not wait any more.
  void passed(Agenda& agenda, LocalIndex j);

  /// A copy of an owned neuron: held by halo.sends()[peer] as the `place`-th of those from this rank.
  struct Copy {
    std::int32_t peer;
    LocalIndex place;
  };
  [[nodiscard]] std::span<const Copy> copies(LocalIndex i) const noexcept {
    const auto first = static_cast<std::size_t>(copy_begin_[static_cast<std::size_t>(i)]);
    const auto last = static_cast<std::size_t>(copy_begin_[static_cast<std::size_t>(i) + 1]);
    return std::span(copies_).subspan(first, last - first);
  }
  [[nodiscard]] int tag() const noexcept { return first_tag_ + static_cast<int>(passes_ % kTags); }

  const BlockGraph* graph_;
  LocalIndex n_;
  std::int64_t waiting_ = 0;  // neurons, owned and ghosts, that have visits left
  /// The same of those that are copied to a rank, and of the copies from it; equal numbers on both sides after a step.
  std::vector<std::int64_t> to_tell_, to_hear_;
  std::vector<LocalIndex> ready_;

 private:
  [[nodiscard]] bool before(std::uint64_t key, LocalIndex j, std::uint64_t other_key, LocalIndex other) const noexcept {
    return key != other_key ? key < other_key : rank_of(j) < rank_of(other);
  }
  [[nodiscard]] GlobalIndex rank_of(LocalIndex j) const noexcept {
    return graph_->stars().file_rank()[static_cast<std::size_t>(j)];
  }
  void list_copies();
  void count_waiting(const Agenda& agenda);
  void count_those_before(const Agenda& agenda, LocalIndex i);

  int first_tag_;
  std::int64_t passes_ = 0;
  std::vector<std::int64_t> copy_begin_;  // [n + 1]
  std::vector<Copy> copies_;
  std::vector<std::int64_t> blocked_;  // [n] neighbours (per synapse) that come before
};

/// The pass itself, for values of a trivially copyable type T of whole 8-byte words.
template <class T>
class OrderedPass : private PassOrder {
 public:
  OrderedPass(const BlockGraph& graph, int first_tag)
      : PassOrder(graph, first_tag), outgoing_(graph.stars().halo().sends().size()) {}

  /// Collective over neighbours. visit(i) sets values[i]; `values`: [n + ghosts], those of ghosts are kept up to date.
  template <class Visit>
  void run(Agenda& agenda, std::span<T> values, Visit&& visit) {
    if (graph_->stars().halo().ghost_count() == 0) {
      run_alone(agenda, visit);
      return;
    }
    begin(agenda);
    while (waiting_ > 0) {
      const auto to_tell = to_tell_;  // what the others know of it
      work(agenda, values, visit);
      for (std::size_t p = 0; p < to_tell.size(); ++p) {
        if (to_tell[p] > 0) send(p);
      }
      for (std::size_t p = 0; p < to_hear_.size(); ++p) {
        if (to_hear_[p] > 0) receive(p, agenda, values);
      }
      SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
      requests_.clear();
      for (auto& message : outgoing_) message.clear();
    }
  }

 private:
  struct Update {
    T value;
    std::int64_t place;  // among the sender's neurons that the receiver holds copies of
  };
  static_assert(sizeof(Update) % sizeof(std::int64_t) == 0);
  static constexpr std::size_t kWords = sizeof(Update) / sizeof(std::int64_t);
  static constexpr std::size_t kStarsAhead = 3;  // of the visit

  template <class Visit>
  void run_alone(Agenda& agenda, Visit& visit) const {
    const auto order = agenda.in_order();
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k + kStarsAhead < order.size()) fetch(order[k + kStarsAhead]);
      if (agenda.key(order[k]) != kNoVisit) visit(order[k]);
    }
  }
  /// Stars of neurons that are visited one after the other lie apart.
  void fetch(LocalIndex i) const {
    for (const auto& star : {graph_->stars().incoming(i), graph_->stars().outgoing(i)}) {
      __builtin_prefetch(star.neighbour.data());
      __builtin_prefetch(star.cost.data());
    }
  }

  template <class Visit>
  void work(Agenda& agenda, std::span<T> values, Visit& visit) {
    while (!ready_.empty()) {
      const auto i = ready_.back();
      ready_.pop_back();
      visit(i);
      passed(agenda, i);
      const bool done = agenda.key(i) == kNoVisit;
      for (const auto& copy : copies(i)) {
        const auto p = static_cast<std::size_t>(copy.peer);
        outgoing_[p].push_back({values[static_cast<std::size_t>(i)], copy.place});
        to_tell_[p] -= done;
      }
    }
  }

  void send(std::size_t p) {
    const auto& halo = graph_->stars().halo();
    const auto& message = outgoing_[p];
    SYNBAL_MPI(MPI_Isend(message.data(), static_cast<int>(message.size() * kWords), MPI_INT64_T, halo.sends()[p].rank,
                         tag(), halo.comm(), &requests_.emplace_back()));
    halo.traffic().messages += 1;
    halo.traffic().bytes += static_cast<ByteCount>(message.size() * sizeof(Update));
  }

  void receive(std::size_t p, Agenda& agenda, std::span<T> values) {
    const auto& halo = graph_->stars().halo();
    const auto& peer = halo.receives()[p];
    MPI_Status status;
    int words = 0;
    SYNBAL_MPI(MPI_Probe(peer.rank, tag(), halo.comm(), &status));
    SYNBAL_MPI(MPI_Get_count(&status, MPI_INT64_T, &words));
    incoming_.resize(static_cast<std::size_t>(words) / kWords);
    SYNBAL_MPI(MPI_Recv(incoming_.data(), words, MPI_INT64_T, peer.rank, tag(), halo.comm(), MPI_STATUS_IGNORE));
    for (const auto& update : incoming_) {
      const auto ghost = static_cast<LocalIndex>(n_ + peer.first + update.place);
      values[static_cast<std::size_t>(ghost)] = update.value;
      passed(agenda, ghost);
      to_hear_[p] -= agenda.key(ghost) == kNoVisit;
    }
  }

  std::vector<std::vector<Update>> outgoing_;  // per peer
  std::vector<Update> incoming_;
  std::vector<MPI_Request> requests_;
};

}  // namespace synbal
