// Delays and slowness.
#include "stochastic/asynchronous/faults.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

#include "stochastic/asynchronous/clock.hpp"

namespace synbal {

namespace {

constexpr std::size_t kMostWaiting = 256;  // publications held back; a faster rank then publishes less often
constexpr double kShortestSleep = 1e-4;    // below that a sleep lasts longer than asked for

double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

DelayedTransport::DelayedTransport(std::unique_ptr<Transport> transport, const Halo& halo, int publications,
                                   double seconds)
    : transport_(std::move(transport)), publications_(static_cast<std::size_t>(publications)), seconds_(seconds) {
  for (const auto& peer : halo.sends()) size_.push_back(static_cast<std::size_t>(peer.count));
  waiting_.resize(size_.size());
}

bool DelayedTransport::publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) {
  auto& waiting = waiting_[peer];
  forward(peer);
  if (waiting.size() >= std::max(kMostWaiting, publications_ + 1)) return false;
  waiting.push_back({stamp, monotonic_seconds(), std::vector<double>(size_[peer])});
  pack(peer, waiting.back().values);
  forward(peer);
  return true;
}

// The newest letter that may leave does; older ones are overtaken by it.
void DelayedTransport::forward(std::size_t peer) {
  auto& waiting = waiting_[peer];
  const double now = monotonic_seconds();
  std::size_t due = waiting.size();
  while (due > 0 && (waiting.size() - due < publications_ || now - waiting[due - 1].time < seconds_)) --due;
  if (due == 0) return;
  const auto& letter = waiting[due - 1];
  const auto copy = [&](std::size_t, std::span<double> values) {
    std::copy(letter.values.begin(), letter.values.end(), values.begin());
  };
  if (!transport_->publish(peer, letter.stamp, copy)) return;
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(due));
}

void DelayedTransport::poke() {
  for (std::size_t p = 0; p < waiting_.size(); ++p) forward(p);
  transport_->poke();
}

void DelayedTransport::quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) {
  for (auto& waiting : waiting_) waiting.clear();
  transport_->quiesce(stamp, pack, take);
}

Straggler::Straggler(const FaultParams& params, bool slow)
    : extra_(slow ? std::max(0.0, params.slow_factor - 1) : 0.0), busy_(params.slow_busy) {}

void Straggler::begin() {
  if (extra_ > 0) start_ = processor_seconds();
}

void Straggler::end() {
  if (extra_ == 0) return;
  const double now = processor_seconds();
  owed_ += extra_ * (now - start_);
  if (busy_) {
    while (processor_seconds() - now < owed_) continue;
    owed_ = 0;
  } else if (owed_ > kShortestSleep) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::exchange(owed_, 0.0)));
  }
}

}  // namespace synbal
