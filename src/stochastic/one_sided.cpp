// Slots, puts and looks.
#include "stochastic/one_sided.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "synbal/core/agree.hpp"

namespace synbal {

namespace {
std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
constexpr std::size_t kStampWords = 2;
}  // namespace

OneSidedTransport::OneSidedTransport(const Comm& comm, const Halo& halo) : comm_(&comm) {
  std::vector<std::int64_t> place_for(at(comm.size()), 0);
  std::size_t size = 0;
  for (const auto& peer : halo.receives()) {
    place_for[at(peer.rank)] = static_cast<std::int64_t>(size);
    incoming_.push_back({size, std::vector<double>(at(peer.count)), 0});
    size += at(peer.count) + kStampWords;
  }
  const auto my_place_at = comm.all_to_all(std::span<const std::int64_t>(place_for));
  for (const auto& peer : halo.sends()) {
    outgoing_.push_back({peer.rank, my_place_at[at(peer.rank)], std::vector<double>(at(peer.count) + kStampWords)});
  }
  std::optional<Error> failure;
  MPI_Win window = MPI_WIN_NULL;
  try {
    SYNBAL_MPI(MPI_Win_allocate(static_cast<MPI_Aint>(size * sizeof(double)), sizeof(double), MPI_INFO_NULL, comm.get(),
                                static_cast<void*>(&slots_), &window));
  } catch (const Error& e) {
    failure = e;
  }
  agree(comm, failure);
  SYNBAL_MPI(MPI_Win_set_errhandler(window, MPI_ERRORS_RETURN));
  std::fill_n(slots_, size, 0.0);
  SYNBAL_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, window));
  window_ = Handle<MPI_Win, WindowTraits>::adopt(window);
  SYNBAL_MPI(MPI_Win_sync(window));
  comm.barrier();  // nobody puts into a slot before it says that nothing was published
}

OneSidedTransport::~OneSidedTransport() = default;

void OneSidedTransport::put(Outgoing& peer, std::size_t number, const Stamp& stamp, const PackValues& pack) {
  const std::span values(peer.buffer);
  const auto count_of_values = values.size() - kStampWords;
  pack(number, values.first(count_of_values));
  values[count_of_values] = static_cast<double>(stamp.round);
  values[count_of_values + 1] = static_cast<double>(stamp.version);
  const auto count = static_cast<int>(values.size());
  SYNBAL_MPI(MPI_Rput(values.data(), count, MPI_DOUBLE, peer.rank, peer.place, count, MPI_DOUBLE, window_.get(),
                      &peer.request));
  traffic_.messages += 1;
  traffic_.bytes += static_cast<ByteCount>(values.size_bytes());
}

bool OneSidedTransport::publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) {
  auto& out = outgoing_[peer];
  int done = 0;
  SYNBAL_MPI(MPI_Test(&out.request, &done, MPI_STATUS_IGNORE));
  if (done != 0) put(out, peer, stamp, pack);
  return done != 0;
}

// The slots change while they are read: every double is read at once, and which publication it is of does not matter.
bool OneSidedTransport::collect(const TakeValues& take) {
  SYNBAL_MPI(MPI_Win_sync(window_.get()));
  bool news = false;
  for (std::size_t p = 0; p < incoming_.size(); ++p) {
    auto& in = incoming_[p];
    double* const slot = slots_ + in.place;
    const auto word = [&](std::size_t k) {
      return static_cast<std::int64_t>(
          std::atomic_ref<double>(slot[in.values.size() + k]).load(std::memory_order_acquire));
    };
    Stamp stamp;
    stamp.version = word(1);
    if (stamp.version <= in.seen) continue;
    stamp.round = word(0);
    for (std::size_t k = 0; k < in.values.size(); ++k) {
      in.values[k] = std::atomic_ref<double>(slot[k]).load(std::memory_order_relaxed);
    }
    in.seen = stamp.version;
    news = true;
    take(p, stamp, in.values);
  }
  return news;
}

void OneSidedTransport::poke() {
  int any = 0;
  SYNBAL_MPI(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_->get(), &any, MPI_STATUS_IGNORE));
}

void OneSidedTransport::quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) {
  for (std::size_t p = 0; p < outgoing_.size(); ++p) {
    SYNBAL_MPI(MPI_Wait(&outgoing_[p].request, MPI_STATUS_IGNORE));
    put(outgoing_[p], p, stamp, pack);
  }
  for (auto& out : outgoing_) SYNBAL_MPI(MPI_Wait(&out.request, MPI_STATUS_IGNORE));
  SYNBAL_MPI(MPI_Win_flush_all(window_.get()));
  SYNBAL_MPI(MPI_Win_sync(window_.get()));
  comm_->barrier();
  collect(take);
}

}  // namespace synbal
