// Signal handlers that set a flag and step aside when asked twice.
#include "synbal/core/interrupt.hpp"

#include <csignal>
#include <cstddef>
#include <iterator>

namespace synbal {

namespace {

constexpr int kSignals[] = {SIGUSR1, SIGTERM, SIGINT};

// What a handler may touch.
volatile std::sig_atomic_t first_signal = 0;
volatile std::sig_atomic_t told_to_end = 0;
struct sigaction before[std::size(kSignals)];  // set while no handler of ours is installed

void restore(std::size_t k) noexcept { sigaction(kSignals[k], &before[k], nullptr); }

// The signal is blocked until the handler returns; raised anew, it then meets what was there before us.
void pass_on(int signal) noexcept {
  for (std::size_t k = 0; k < std::size(kSignals); ++k) {
    if (kSignals[k] == signal) restore(k);
  }
  std::raise(signal);
}

void note(int signal) {
  const bool again = told_to_end != 0;
  if (first_signal == 0) first_signal = signal;
  if (signal == SIGUSR1) return;
  told_to_end = 1;
  if (again) pass_on(signal);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  first_signal = 0;
  told_to_end = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  for (std::size_t k = 0; k < std::size(kSignals); ++k) sigaction(kSignals[k], nullptr, &before[k]);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t k = 0; k < std::size(kSignals); ++k) restore(k);
}

bool InterruptGuard::requested() const noexcept { return first_signal != 0; }

int InterruptGuard::signal() const noexcept { return first_signal; }

}  // namespace synbal
