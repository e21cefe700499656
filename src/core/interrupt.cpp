// Signal handlers that set flags and step aside when asked twice.
#include "synbal/core/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>

#include "core/doomed_files.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {

// Those that ask for something; those that end the process, which leaves nothing half-written then; and one that would
// end it where writing fails with EFBIG otherwise (ulimit -f), which is told like a full disk.
constexpr int kSignals[] = {SIGUSR1, SIGTERM, SIGINT,    SIGUSR2, SIGALRM, SIGHUP, SIGXCPU, SIGQUIT,
                            SIGPIPE, SIGXFSZ, SIGVTALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE,  SIGILL};
constexpr int kMostFiles = 8;
constexpr std::size_t kLongestPath = 4096;
constexpr int kSignalCode = 128;  // as shells count the codes of processes that a signal ended

// The TimeLimit, which is looked at where signals are, by no handler.
std::optional<Timer> limited_since;
double limit_seconds = 0;

// What a handler may touch.
volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t saves = 0;
volatile std::sig_atomic_t guarded = 0;
volatile std::sig_atomic_t listeners = 0;
volatile std::sig_atomic_t file_there[kMostFiles];
char file_path[kMostFiles][kLongestPath];
struct sigaction handlers_before[std::size(kSignals)];  // set while no handler of ours is installed

void restore(std::size_t k) noexcept { sigaction(kSignals[k], &handlers_before[k], nullptr); }

void remove_files() noexcept {
  for (int k = 0; k < kMostFiles; ++k) {
    if (file_there[k] != 0) ::unlink(file_path[k]);
    file_there[k] = 0;
  }
}

// The signal is blocked until the handler returns; raised anew, it then meets what was there before us.
void pass_on(int signal) noexcept {
  remove_files();
  for (std::size_t k = 0; k < std::size(kSignals); ++k) {
    if (kSignals[k] == signal) restore(k);
  }
  std::raise(signal);
}

bool asks_to_stop(int signal) noexcept {
  return signal == SIGTERM || signal == SIGINT || signal == SIGUSR2 || signal == SIGHUP || signal == SIGXCPU;
}

// Nobody heard in time.
void lose_patience() noexcept {
  if (stop_signal != 0 && listeners == 0) pass_on(stop_signal);
}

void note(int signal) {
  if (signal == SIGALRM) return lose_patience();
  if (signal == SIGUSR1) {
    saves = saves + 1;
    return;
  }
  if (signal == SIGXCPU && stop_signal == SIGXCPU) return;  // the kernel repeats it every second
  if (stop_signal != 0 || !asks_to_stop(signal)) return pass_on(signal);
  stop_signal = signal;
  if (listeners == 0) ::alarm(InterruptGuard::kPatience);
}

/// nohup and the like are obeyed.
bool stays_ignored(int signal, const struct sigaction& old) noexcept {
  return (signal == SIGHUP || signal == SIGPIPE) && old.sa_handler == SIG_IGN;
}

void install(int signal, const struct sigaction& old) noexcept {
  struct sigaction action = {};
  action.sa_handler = signal == SIGXFSZ || stays_ignored(signal, old) ? SIG_IGN : note;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

Error stopped_by(int signal) {
  if (signal == kTimeIsUp) {
    return {ExitCode::not_converged,
            "the time was up before there was anything to keep: allow more of it (--max-walltime), or more ranks"};
  }
  return {static_cast<ExitCode>(kSignalCode + signal),
          std::string("stopped by ") + signal_name(signal) + " before there was anything to keep"};
}

void remove_doomed_files() noexcept { remove_files(); }

InterruptGuard::InterruptGuard() {
  stop_signal = 0;
  saves = 0;
  for (std::size_t k = 0; k < std::size(kSignals); ++k) {
    sigaction(kSignals[k], nullptr, &handlers_before[k]);
    install(kSignals[k], handlers_before[k]);
  }
  guarded = 1;
}

InterruptGuard::~InterruptGuard() {
  guarded = 0;
  ::alarm(0);
  for (std::size_t k = 0; k < std::size(kSignals); ++k) restore(k);
}

bool InterruptGuard::requested() const noexcept { return stop_signal != 0; }

int InterruptGuard::signal() const noexcept { return stop_signal; }

int InterruptGuard::save_requests() const noexcept { return saves; }

HearsSignals::HearsSignals() noexcept { listeners = listeners + 1; }

HearsSignals::~HearsSignals() {
  listeners = listeners - 1;
  if (guarded != 0 && listeners == 0 && stop_signal != 0) ::alarm(InterruptGuard::kPatience);
}

TimeLimit::TimeLimit(double seconds) noexcept {
  if (seconds <= 0) return;
  limited_since.emplace();
  limit_seconds = seconds;
}

TimeLimit::~TimeLimit() { limited_since.reset(); }

int unheard_signal() noexcept {
  if (guarded == 0 || listeners != 0) return 0;
  if (stop_signal != 0) return stop_signal;
  return limited_since && limited_since->seconds() > limit_seconds ? kTimeIsUp : 0;
}

void leave_if_asked() {
  if (const int signal = unheard_signal(); signal != 0) throw stopped_by(signal);
}

const char* signal_name(int signal) noexcept {
  switch (signal) {
    case SIGUSR1:
      return "USR1";
    case SIGUSR2:
      return "USR2";
    case SIGTERM:
      return "TERM";
    case SIGINT:
      return "INT";
    case SIGHUP:
      return "HUP";
    case SIGXCPU:
      return "XCPU";
    default:
      return "a signal";
  }
}

RemovedOnDeath::RemovedOnDeath(const std::string& path) noexcept {
  if (path.size() >= kLongestPath) return;
  for (int k = 0; k < kMostFiles && place_ < 0; ++k) {
    if (file_there[k] == 0) place_ = k;
  }
  if (place_ < 0) return;
  std::memcpy(file_path[place_], path.c_str(), path.size() + 1);
  file_there[place_] = 1;
}

RemovedOnDeath::~RemovedOnDeath() {
  if (place_ >= 0) file_there[place_] = 0;
}

}  // namespace synbal
