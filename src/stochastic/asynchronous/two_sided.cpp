// Messages that overtake nothing, of which the latest wins.
#include "stochastic/asynchronous/two_sided.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "synbal/core/tags.hpp"

namespace synbal {

namespace {
constexpr std::size_t kTwoSidedStamp = 2;
}  // namespace

TwoSidedTransport::TwoSidedTransport(const Comm& comm, const Halo& halo)
    : comm_(comm.get()),
      sends_(halo.sends().size(), MPI_REQUEST_NULL),
      receives_(halo.receives().size(), MPI_REQUEST_NULL),
      completed_(halo.receives().size()) {
  const auto size = [](const Halo::Peer& peer) { return static_cast<std::size_t>(peer.count) + kTwoSidedStamp; };
  for (const auto& peer : halo.sends()) {
    to_.push_back(peer.rank);
    outgoing_.emplace_back(size(peer));
  }
  for (const auto& peer : halo.receives()) {
    incoming_.push_back({peer.rank, std::vector<double>(size(peer)), std::vector<double>(size(peer))});
  }
  resume();
}

TwoSidedTransport::~TwoSidedTransport() {
  for (auto& request : receives_) {
    if (request == MPI_REQUEST_NULL) continue;
    MPI_Cancel(&request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
  }
}

void TwoSidedTransport::listen(std::size_t peer) {
  auto& in = incoming_[peer];
  SYNBAL_MPI(MPI_Irecv(in.arriving.data(), static_cast<int>(in.arriving.size()), MPI_DOUBLE, in.rank, tag::publication,
                       comm_.get(), &receives_[peer]));
}

void TwoSidedTransport::resume() {
  for (std::size_t p = 0; p < incoming_.size(); ++p) {
    if (incoming_[p].open) continue;
    incoming_[p].open = true;
    listen(p);
  }
}

bool TwoSidedTransport::sent(std::size_t peer) {
  int done = 0;
  SYNBAL_MPI(MPI_Test(&sends_[peer], &done, MPI_STATUS_IGNORE));
  return done != 0;
}

void TwoSidedTransport::send(std::size_t peer, const Stamp& stamp, bool last, const PackValues& pack) {
  const std::span values(outgoing_[peer]);
  const auto count = values.size() - kTwoSidedStamp;
  pack(peer, values.first(count));
  values[count] = static_cast<double>(stamp.round);
  values[count + 1] = static_cast<double>(last ? -stamp.version : stamp.version);
  SYNBAL_MPI(MPI_Issend(values.data(), static_cast<int>(values.size()), MPI_DOUBLE, to_[peer], tag::publication,
                        comm_.get(), &sends_[peer]));
  traffic_.messages += 1;
  traffic_.bytes += static_cast<ByteCount>(values.size_bytes());
}

bool TwoSidedTransport::publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) {
  if (!sent(peer)) return false;
  send(peer, stamp, false, pack);
  return true;
}

void TwoSidedTransport::drain() {
  for (int count = 1; count > 0;) {
    SYNBAL_MPI(MPI_Testsome(static_cast<int>(receives_.size()), receives_.data(), &count, completed_.data(),
                            MPI_STATUSES_IGNORE));
    if (count == MPI_UNDEFINED) return;  // no receive stands ready
    for (int k = 0; k < count; ++k) {
      const auto p = static_cast<std::size_t>(completed_[static_cast<std::size_t>(k)]);
      auto& in = incoming_[p];
      in.latest.swap(in.arriving);
      in.fresh = true;
      in.open = in.latest.back() > 0;
      if (in.open) listen(p);
    }
  }
}

bool TwoSidedTransport::collect(const TakeValues& take) {
  drain();
  bool news = false;
  for (std::size_t p = 0; p < incoming_.size(); ++p) {
    auto& in = incoming_[p];
    if (!in.fresh) continue;
    in.fresh = false;
    news = true;
    const auto count = in.latest.size() - kTwoSidedStamp;
    const Stamp stamp{static_cast<std::int64_t>(std::abs(in.latest[count + 1])),
                      static_cast<std::int64_t>(in.latest[count])};
    take(p, stamp, std::span<const double>(in.latest).first(count));
  }
  return news;
}

void TwoSidedTransport::poke() { drain(); }

// Messages between two ranks arrive in order, so nothing of a peer is in flight behind its last message.
void TwoSidedTransport::quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) {
  std::vector<bool> last_sent(to_.size(), false);
  for (bool quiet = false; !quiet;) {
    quiet = true;
    for (std::size_t p = 0; p < to_.size(); ++p) {
      if (!sent(p)) {
        quiet = false;
      } else if (!last_sent[p]) {
        send(p, stamp, true, pack);
        last_sent[p] = true;
        quiet = false;
      }
    }
    drain();
    quiet = quiet && std::none_of(incoming_.begin(), incoming_.end(), [](const Incoming& in) { return in.open; });
    if (!quiet) std::this_thread::yield();
  }
  collect(take);
}

}  // namespace synbal
