// What signals do while a guard lives, and after. Signals are raised on every rank by itself; nothing communicates.

#include <csignal>

#include "support/mpi_test.hpp"
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

TEST(Interrupt, the_signals_only_set_a_flag) {
  for (const int signal : {SIGUSR1, SIGTERM, SIGINT}) {
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

TEST(Interrupt, the_first_signal_is_the_one_told) {
  const Outer other(SIGTERM);
  const InterruptGuard guard;
  std::raise(SIGUSR1);
  std::raise(SIGTERM);
  EXPECT_EQ(guard.signal(), SIGUSR1);
}

TEST(Interrupt, usr1_may_come_many_times) {
  const Outer other(SIGUSR1);
  const InterruptGuard guard;
  for (int k = 0; k < 5; ++k) std::raise(SIGUSR1);
  EXPECT_TRUE(guard.requested());
  EXPECT_EQ(seen_by_outer, 0);
}

TEST(Interrupt, a_second_request_to_end_meets_what_was_there_before) {
  for (const int first : {SIGTERM, SIGINT}) {
    for (const int second : {SIGTERM, SIGINT}) {
      const Outer term(SIGTERM), interrupt(SIGINT);
      const InterruptGuard guard;
      std::raise(first);
      EXPECT_EQ(seen_by_outer, 0);
      std::raise(second);
      EXPECT_EQ(seen_by_outer, second);
    }
  }
}

TEST(Interrupt, its_end_brings_back_what_was_there_before) {
  for (const int signal : {SIGUSR1, SIGTERM, SIGINT}) {
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
