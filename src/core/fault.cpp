// The variable is read once; without it every call is one look at a flag.
#include "synbal/core/fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "synbal/core/error.hpp"
#include "synbal/core/watchdog.hpp"

namespace synbal {

namespace {

struct Fault {
  std::string action, phase;
  std::int64_t after = 1;
  int rank = -1;
  std::int64_t seen = 0;
};

std::int64_t number_after(std::string_view words, char mark, std::int64_t otherwise) {
  const auto place = words.find(mark);
  if (place == words.npos) return otherwise;
  std::from_chars(words.data() + place + 1, words.data() + words.size(), otherwise);
  return otherwise;
}

constexpr std::array<std::string_view, 16> kActions{"throw",  "bad_alloc", "exit",   "kill", "stop", "hang",
                                                    "nan",    "TERM",      "INT",    "USR1", "USR2", "stop-clock",
                                                    "ENOSPC", "EIO",       "EDQUOT", "short"};
constexpr std::array<std::string_view, 9> kPlaces{"start",  "read",       "partition", "components", "solve",
                                                  "krylov", "checkpoint", "write",     "io"};

Fault fault_of(std::string_view words) {
  const auto end = std::min(words.find('@'), words.size());
  const auto action = words.substr(0, end), where = words.substr(std::min(end + 1, words.size()));
  const auto phase = where.substr(0, where.find_first_of("#/"));
  if (std::ranges::find(kActions, action) == kActions.end() || std::ranges::find(kPlaces, phase) == kPlaces.end()) {
    throw usage_error(
        fmt::format("SYNBAL_FAULT: '{}' is no fault: give ACTION@PHASE[#N][/RANK] with an action of {} and "
                    "a phase of {}, or unset it",
                    words, fmt::join(kActions, ", "), fmt::join(kPlaces, ", ")));
  }
  return {std::string(action), std::string(phase), number_after(where, '#', 1),
          static_cast<int>(number_after(where, '/', -1))};
}

std::vector<Fault> read_faults() {
  std::vector<Fault> faults;
  const char* text = std::getenv("SYNBAL_FAULT");
  for (std::string_view left = text != nullptr ? text : ""; !left.empty();) {
    const auto end = left.find(';');
    faults.push_back(fault_of(left.substr(0, end)));
    left.remove_prefix(end == left.npos ? left.size() : end + 1);
  }
  return faults;
}

std::vector<Fault>& faults() {
  static std::vector<Fault> all = read_faults();
  return all;
}

int world_rank() {
  int started = 0, rank = 0;
  MPI_Initialized(&started);
  if (started != 0) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// Counts a passage.
bool is_due(Fault& fault) {
  if (fault.rank >= 0 && fault.rank != world_rank()) return false;
  return ++fault.seen == fault.after;
}

/// The action that is due; empty: none.
std::string_view due(std::string_view phase) {
  for (auto& fault : faults()) {
    const bool elsewhere = fault.action == "nan" || fault.action == "stop-clock";  // looked at by fault_is()
    if (fault.phase == phase && !elsewhere && is_due(fault)) return fault.action;
  }
  return {};
}

int signal_of(std::string_view action) {
  if (action == "kill") return SIGKILL;
  if (action == "stop") return SIGSTOP;
  if (action == "TERM") return SIGTERM;
  if (action == "INT") return SIGINT;
  if (action == "USR1") return SIGUSR1;
  return action == "USR2" ? SIGUSR2 : 0;
}

}  // namespace

void fault_point(std::string_view phase) {
  enter_phase(phase);
  if (faults().empty()) return;
  const auto action = due(phase);
  if (action.empty()) return;
  if (action == "throw") throw internal_error("a fault on purpose in phase " + std::string(phase));
  if (action == "bad_alloc") throw std::bad_alloc();
  if (action == "exit") std::_Exit(7);
  if (const int signal = signal_of(action)) std::raise(signal);
  while (action == "hang") ::pause();
}

bool fault_is(std::string_view action, std::string_view phase) {
  for (auto& fault : faults()) {
    if (fault.action == action && fault.phase == phase && is_due(fault)) return true;
  }
  return false;
}

int io_fault() noexcept {
  if (faults().empty()) return 0;
  const auto action = due("io");
  if (action == "ENOSPC") return ENOSPC;
  if (action == "EDQUOT") return EDQUOT;
  if (action == "EIO") return EIO;
  if (const int signal = signal_of(action)) std::raise(signal);
  return action == "short" ? -1 : 0;
}

}  // namespace synbal
