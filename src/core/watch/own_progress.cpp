// Marks that the main thread leaves cost it two stores; all else is looked up by the watching thread.
#include "core/watch/own_progress.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include "synbal/core/types.hpp"
#include "synbal/core/watchdog.hpp"

namespace synbal {

namespace {
constexpr std::int64_t kLeastTime = 20'000;  // ns of processor time that are work, and no wake-up

constexpr std::array<std::string_view, 8> kPhases{"start", "read",       "partition", "components",
                                                  "solve", "checkpoint", "write",     "another phase"};

Marks own_marks;
std::atomic<Marks*> marks_in_use{&own_marks};

Marks& here() noexcept { return *marks_in_use.load(std::memory_order_relaxed); }

}  // namespace

std::string_view Marks::phase_name() const noexcept { return kPhases[at(phase.load(std::memory_order_relaxed))]; }

std::string_view Marks::call_name() const noexcept {
  const int number = call.load(std::memory_order_relaxed);
  return number == 0 ? std::string_view() : kWaitingCalls[at(number - 1)];
}

void leave_marks_in(Marks* to) noexcept {
  auto& before = here();
  auto& next = to != nullptr ? *to : own_marks;
  next.phase = before.phase.load(), next.call = before.call.load(), next.calls = before.calls.load();
  marks_in_use = &next;
}

void enter_phase(std::string_view name) noexcept {
  const auto place = std::ranges::find(kPhases, name) - kPhases.begin();
  here().phase.store(static_cast<int>(std::min(place, std::ssize(kPhases) - 1)), std::memory_order_relaxed);
}

std::string_view current_phase() noexcept { return here().phase_name(); }

WaitingIn::WaitingIn(int call) noexcept : before_(here().call.exchange(call, std::memory_order_relaxed)) {
  here().calls.fetch_add(1, std::memory_order_relaxed);
}

WaitingIn::~WaitingIn() {
  here().call.store(before_, std::memory_order_relaxed);
  here().calls.fetch_add(1, std::memory_order_relaxed);
}

OwnProgress::OwnProgress()
    : clock_(CLOCK_THREAD_CPUTIME_ID), counters_(fmt::format("/proc/self/task/{}/io", getpid())) {
  pthread_getcpuclockid(pthread_self(), &clock_);
}

std::int64_t OwnProgress::processor_time() const {
  timespec now{};
  clock_gettime(clock_, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string OwnProgress::transfers() const {
  std::ifstream file(counters_);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool OwnProgress::look() {
  const bool in_call = here().call.load(std::memory_order_relaxed) != 0;
  const auto now_calls = here().calls.load(std::memory_order_relaxed);
  const auto now_time = processor_time();
  const bool called = now_calls != calls_, worked = now_time > time_ + kLeastTime;
  calls_ = now_calls, time_ = now_time;
  if (called || (!in_call && worked)) return true;
  if (in_call) return false;
  auto now_transferred = transfers();
  std::swap(now_transferred, transferred_);
  return now_transferred != transferred_;
}

}  // namespace synbal
