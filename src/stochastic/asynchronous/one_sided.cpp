// Slots, puts and looks.
#include "stochastic/asynchronous/one_sided.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>

#include "synbal/core/agree.hpp"

namespace synbal {

namespace {
constexpr std::size_t kStampWords = 2;              // round, version
constexpr std::size_t kOwnWords = kStampWords + 1;  // and the check

/// Depends on every bit and on the order of the words; as a double, because slots hold doubles.
double check_of(std::span<const double> words) {
  std::uint64_t sum = 0x9E3779B97F4A7C15;
  for (const double word : words) {
    sum = (sum ^ std::bit_cast<std::uint64_t>(word)) * 0xD6E8FEB86659FD93;
    sum ^= sum >> 32;
  }
  return std::bit_cast<double>(sum);
}

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }
}  // namespace

OneSidedTransport::OneSidedTransport(const Comm& comm, const Halo& halo) : comm_(&comm) {
  std::vector<std::int64_t> place_for(at(comm.size()), 0);
  std::size_t size = 0;
  for (const auto& peer : halo.receives()) {
    place_for[at(peer.rank)] = static_cast<std::int64_t>(size);
    incoming_.push_back({size, std::vector<double>(at(peer.count) + kOwnWords), 0});
    size += incoming_.back().words.size();
  }
  const auto my_place_at = comm.all_to_all(std::span<const std::int64_t>(place_for));
  for (const auto& peer : halo.sends()) {
    outgoing_.push_back({peer.rank, my_place_at[at(peer.rank)], std::vector<double>(at(peer.count) + kOwnWords)});
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
  const std::span words(peer.buffer);
  const auto values = words.first(words.size() - kOwnWords);
  pack(number, values);
  words[values.size()] = static_cast<double>(stamp.round);
  words[values.size() + 1] = static_cast<double>(stamp.version);
  words.back() = check_of(words.first(words.size() - 1));
  const auto count = static_cast<int>(words.size());
  SYNBAL_MPI(MPI_Rput(words.data(), count, MPI_DOUBLE, peer.rank, peer.place, count, MPI_DOUBLE, window_.get(),
                      &peer.request));
  traffic_.messages += 1;
  traffic_.bytes += static_cast<ByteCount>(words.size_bytes());
}

bool OneSidedTransport::publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) {
  auto& out = outgoing_[peer];
  int done = 0;
  SYNBAL_MPI(MPI_Test(&out.request, &done, MPI_STATUS_IGNORE));
  if (done != 0) put(out, peer, stamp, pack);
  return done != 0;
}

// A slot changes while it is read, its words in any order (neither MPI nor the memory promises one): the check tells a
// publication from the pieces of two, for which a later look is left to find what comes whole.
bool OneSidedTransport::read(Incoming& in) const {
  const auto word = [slot = slots_ + in.place](std::size_t k) {
    return std::atomic_ref<double>(slot[k]).load(std::memory_order_relaxed);
  };
  const auto count = in.words.size();
  if (static_cast<std::int64_t>(word(count - kOwnWords + 1)) <= in.seen) return false;
  for (std::size_t k = 0; k < count; ++k) in.words[k] = word(k);
  return same_bits(in.words.back(), check_of(std::span(in.words).first(count - 1)));
}

bool OneSidedTransport::collect(const TakeValues& take) {
  SYNBAL_MPI(MPI_Win_sync(window_.get()));
  bool news = false;
  for (std::size_t p = 0; p < incoming_.size(); ++p) {
    auto& in = incoming_[p];
    if (!read(in)) continue;
    const auto values = std::span<const double>(in.words).first(in.words.size() - kOwnWords);
    const Stamp stamp{static_cast<std::int64_t>(in.words[values.size() + 1]),
                      static_cast<std::int64_t>(in.words[values.size()])};
    in.seen = stamp.version;
    news = true;
    take(p, stamp, values);
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
