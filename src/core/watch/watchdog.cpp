// A row for every rank in shared memory, written by its own watching thread and read by those of the others.
#include "synbal/core/watchdog.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/doomed_files.hpp"
#include "core/watch/own_progress.hpp"

namespace synbal {

namespace {

using Clock = std::chrono::steady_clock;

/// What a rank tells of itself.
struct Row {
  std::atomic<std::int64_t> looks;     // of its watching thread
  std::atomic<std::int64_t> still_ms;  // for which its main thread has not got on
  Marks marks;                         // by the main thread itself
  std::atomic<bool> spoken;            // of rank 0: somebody has said it all
};

/// What another rank's row says over time.
struct Seen {
  std::int64_t looks = 0;
  double silent = 0;  // seconds without a look of its thread
};

/// A thread that signals do not reach: they are for the main thread.
template <class Work>
std::thread quiet_thread(Work&& work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::forward<Work>(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

struct Watchdog::Body {
  Body(const Comm& comm, double seconds, int exit_code)
      : rank(comm.rank()),
        limit(seconds),
        code(exit_code),
        period(std::clamp(seconds / 20, 0.02, 2.0)),
        seen(at(comm.size())) {
    MPI_Comm_split_type(comm.get(), MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    int on_host = 0;
    MPI_Comm_size(host, &on_host);
    if (comm.any(on_host != comm.size())) return;
    share_rows(comm);
    thread = quiet_thread([this] { watch(); });
  }
  ~Body() {
    if (thread.joinable()) {
      {
        const std::lock_guard hold(mutex);
        done = true;
      }
      over.notify_all();
      thread.join();
    }
    leave_marks_in(nullptr);
    if (window != MPI_WIN_NULL) MPI_Win_free(&window);
    MPI_Comm_free(&host);
  }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  /// Collective.
  void share_rows(const Comm& comm) {
    void* own = nullptr;
    SYNBAL_MPI(MPI_Win_allocate_shared(sizeof(Row), sizeof(Row), MPI_INFO_NULL, host, &own, &window));
    leave_marks_in(&(new (own) Row{})->marks);
    for (int r = 0; r < comm.size(); ++r) {
      MPI_Aint size = 0;
      int unit = 0;
      void* row = nullptr;
      SYNBAL_MPI(MPI_Win_shared_query(window, r, &size, &unit, &row));
      rows.push_back(static_cast<Row*>(row));
    }
    comm.barrier();
  }

  void watch() {
    std::unique_lock hold(mutex);
    auto last = Clock::now();
    while (!over.wait_for(hold, std::chrono::duration<double>(period), [this] { return done; })) {
      const auto now = Clock::now();
      look(std::min(std::chrono::duration<double>(now - last).count(), 3 * period));
      last = now;
      if (all_stuck()) end();
    }
  }

  void look(double elapsed) {
    still = progress.look() ? 0 : still + elapsed;
    auto& own = *rows[at(rank)];
    own.still_ms.store(static_cast<std::int64_t>(still * 1e3));
    own.looks.fetch_add(1);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto looks = rows[r]->looks.load();
      seen[r].silent = looks != seen[r].looks ? 0 : seen[r].silent + elapsed;
      seen[r].looks = looks;
    }
  }

  [[nodiscard]] double stuck_for(std::size_t r) const {
    return static_cast<double>(rows[r]->still_ms.load()) / 1e3 + seen[r].silent;
  }
  [[nodiscard]] bool all_stuck() const {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (stuck_for(r) < limit) return false;
    }
    return true;
  }
  [[nodiscard]] std::string place_of(std::size_t r) const {
    const auto& marks = rows[r]->marks;
    const bool silent = seen[r].silent > std::max(5 * period, 0.5);
    const auto call = marks.call_name();
    return fmt::format("{}, in {}{}", marks.phase_name(), call.empty() ? "no call of MPI" : call,
                       silent ? ", stopped" : "");
  }

  /// The first one speaks; the others leave to the launcher what ends them, for a while.
  [[noreturn]] void end() const {
    if (rows[0]->spoken.exchange(true)) {
      std::this_thread::sleep_for(std::chrono::seconds(5));
    } else {
      speak();
    }
    remove_doomed_files();
    std::_Exit(code);
  }

  /// One line for each place at which ranks stand.
  void speak() const {
    std::map<std::string, std::vector<std::size_t>> places;
    for (std::size_t r = 0; r < rows.size(); ++r) places[place_of(r)].push_back(r);
    std::string text = fmt::format(
        "synbal: error: no rank has got on for {:.3g} s, so the run is ended (the ranks wait for each other, or for "
        "one "
        "that was stopped):\n",
        limit);
    for (const auto& [place, ranks] : places) {
      std::string names;
      for (std::size_t k = 0; k < ranks.size() && k < 8; ++k) names += fmt::format("{}{}", k > 0 ? ", " : "", ranks[k]);
      if (ranks.size() > 8) names += fmt::format(" and {} more", ranks.size() - 8);
      text += fmt::format("synbal:   rank {}: {} for {:.3g} s\n", names, place, stuck_for(ranks.front()));
    }
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

  Rank rank;
  double limit;
  int code;
  double period;  // s
  std::vector<Seen> seen;
  std::vector<Row*> rows;  // of all ranks
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Win window = MPI_WIN_NULL;
  OwnProgress progress;
  double still = 0;  // s
  std::mutex mutex;
  std::condition_variable over;
  bool done = false;
  std::thread thread;
};

Watchdog::Watchdog(const Comm& comm, double limit, int code) {
  if (limit > 0 && comm.size() > 1) body_ = std::make_unique<Body>(comm, limit, code);
}
Watchdog::~Watchdog() = default;

}  // namespace synbal
