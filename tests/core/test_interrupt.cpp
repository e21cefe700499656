// What signals do while a guard lives, and after; what agreements make of them.

#include <csignal>
#include <fstream>
#include <string>

#include "support/mpi_test.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/interrupt.hpp"

namespace synbal::test {
namespace {

volatile std::sig_atomic_t seen_by_outer = 0;
void outer(int signal) { seen_by_outer = signal; }

/// Installs `outer` for a signal and takes it away again.
class Outer {
 public:
  explicit Outer(int signal) : signal_(signal) {
    struct sigaction action = {};
    action.sa_handler = outer;
    sigaction(signal, &action, &before_);
    seen_by_outer = 0;
  }
  Outer(const Outer&) = delete;
  Outer& operator=(const Outer&) = delete;
  ~Outer() { sigaction(signal_, &before_, nullptr); }

 private:
  int signal_;
  struct sigaction before_ = {};
};

TEST(Interrupt, signals_that_stop_only_set_a_flag) {
  for (const int signal : {SIGUSR2, SIGTERM, SIGINT}) {
    const Outer other(signal);
    const InterruptGuard guard;
    EXPECT_FALSE(guard.requested());
    EXPECT_EQ(guard.signal(), 0);
    std::raise(signal);
    EXPECT_TRUE(guard.requested());
    EXPECT_EQ(guard.signal(), signal);
    EXPECT_EQ(seen_by_outer, 0);
  }
}

TEST(Interrupt, usr1_asks_to_save_as_often_as_it_comes_and_stops_nothing) {
  const Outer other(SIGUSR1);
  const InterruptGuard guard;
  for (int k = 0; k < 5; ++k) std::raise(SIGUSR1);
  EXPECT_EQ(guard.save_requests(), 5);
  EXPECT_FALSE(guard.requested());
  EXPECT_EQ(seen_by_outer, 0);
}

TEST(Interrupt, agreement_ends_the_run_over_a_signal_that_one_rank_got) {
  const Comm comm(MPI_COMM_WORLD);
  const Outer other(SIGTERM);
  const InterruptGuard guard;
  agreed(comm, [] {});
  if (comm.rank() == comm.size() - 1) std::raise(SIGTERM);
  int code = 0;
  try {
    agreed(comm, [] {});
  } catch (const Error& e) {
    code = static_cast<int>(e.code());
  }
  EXPECT_EQ(code, 128 + SIGTERM);
}

TEST(Interrupt, an_error_of_a_rank_comes_before_a_signal) {
  const Comm comm(MPI_COMM_WORLD);
  const Outer other(SIGTERM);
  const InterruptGuard guard;
  std::raise(SIGTERM);
  ExitCode code = ExitCode::done;
  try {
    agree(comm, comm.rank() == comm.size() - 1 ? std::optional(io_failure("lost")) : std::nullopt);
  } catch (const Error& e) {
    code = e.code();
  }
  EXPECT_EQ(code, ExitCode::io_failure);
}

TEST(Interrupt, work_that_hears_signals_itself_is_not_ended_by_agreement) {
  const Comm comm(MPI_COMM_WORLD);
  const Outer other(SIGTERM);
  const InterruptGuard guard;
  const HearsSignals hears;
  std::raise(SIGTERM);
  EXPECT_NO_THROW(agreed(comm, [] {}));
  EXPECT_TRUE(guard.requested());
}

/// What agreement and a place in long work throw now; done where they throw nothing.
std::pair<ExitCode, ExitCode> codes_now(const Comm& comm) {
  const auto code_of = [](auto&& work) {
    try {
      work();
    } catch (const Error& e) {
      return e.code();
    }
    return ExitCode::done;
  };
  return {code_of([&] { agreed(comm, [] {}); }), code_of([] { leave_if_asked(); })};
}

TEST(Interrupt, the_end_of_a_limit_is_heard_like_a_signal_on_all_ranks) {
  const Comm comm(MPI_COMM_WORLD);
  const std::pair done{ExitCode::done, ExitCode::done}, late{ExitCode::not_converged, ExitCode::not_converged};
  const InterruptGuard guard;
  {
    const TimeLimit far(1000);
    EXPECT_EQ(codes_now(comm), done);
  }
  {
    const TimeLimit over(1e-9);
    EXPECT_EQ(codes_now(comm), late);
    const HearsSignals hears;  // who has a limit of its own
    EXPECT_EQ(codes_now(comm), done);
  }
  const TimeLimit none(0);
  EXPECT_EQ(codes_now(comm), done);
  EXPECT_FALSE(guard.requested());
}

TEST(Interrupt, a_limit_that_is_over_on_one_rank_ends_all) {
  const Comm comm(MPI_COMM_WORLD);
  const InterruptGuard guard;
  const TimeLimit one(comm.rank() == comm.size() - 1 ? 1e-9 : 0);
  EXPECT_EQ(codes_now(comm).first, ExitCode::not_converged);
}

TEST(Interrupt, the_end_by_a_second_signal_removes_files) {
  const Comm comm(MPI_COMM_WORLD);
  const Outer other(SIGTERM);
  const InterruptGuard guard;
  const auto path = "removed_on_death." + std::to_string(comm.rank());
  std::ofstream(path) << "half";
  const RemovedOnDeath removed(path);
  std::raise(SIGTERM);
  EXPECT_TRUE(std::ifstream(path).good());
  std::raise(SIGTERM);
  EXPECT_FALSE(std::ifstream(path).good());
}

TEST(Interrupt, a_second_request_to_end_meets_what_was_there_before) {
  for (const int first : {SIGTERM, SIGINT, SIGUSR2}) {
    for (const int second : {SIGTERM, SIGINT, SIGUSR2}) {
      const Outer term(SIGTERM), interrupt(SIGINT), user(SIGUSR2);
      const InterruptGuard guard;
      std::raise(first);
      EXPECT_EQ(seen_by_outer, 0);
      std::raise(second);
      EXPECT_EQ(seen_by_outer, second);
    }
  }
}

TEST(Interrupt, its_end_brings_back_what_was_there_before) {
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) {
    const Outer other(signal);
    { const InterruptGuard guard; }
    std::raise(signal);
    EXPECT_EQ(seen_by_outer, signal);
  }
}

TEST(Interrupt, a_new_guard_starts_afresh) {
  const Outer other(SIGTERM);
  {
    const InterruptGuard guard;
    std::raise(SIGTERM);
  }
  const InterruptGuard guard;
  EXPECT_FALSE(guard.requested());
  std::raise(SIGTERM);
  EXPECT_TRUE(guard.requested());
  EXPECT_EQ(seen_by_outer, 0);
}

}  // namespace
}  // namespace synbal::test
