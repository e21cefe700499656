// Loaded before the programs of tests: who waits in vain sleeps. Ranks of Open MPI that wait for a message call
// sched_yield() over and over, and Linux 6.18 gives the processor for milliseconds to whoever else wants it, every time:
// 4 ranks of test_balance on 2 cores beside one busy process took 272 s, and take 30 s so (17 s alone, both ways).
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int sched_yield(void) {
  static _Thread_local int naps = 0;             // that are left until the next try
  static const struct timespec nap = {0, 1000};  // ns; some 60 microseconds with the kernel's slack
  static const double long_turn = 1e-3;          // s: somebody else was busy
  static const int naps_after_long_turn = 100;
  if (naps > 0) {
    --naps;
    nanosleep(&nap, NULL);
    return 0;
  }
  const double before = seconds();
  syscall(SYS_sched_yield);
  if (seconds() - before > long_turn) naps = naps_after_long_turn;
  return 0;
}
