// Faults on purpose, for tests: the environment variable SYNBAL_FAULT says what goes wrong, where and on which rank.
#pragma once

#include <string_view>

namespace synbal {

/// `SYNBAL_FAULT=ACTION@PHASE[#N][/RANK][;...]`: at the N-th time (first) that RANK (of MPI_COMM_WORLD; every one)
/// comes by PHASE. Phases: start, read, partition, components, solve (between iterations), checkpoint, write; krylov
/// (nan and TERM): sums of conjugate gradients; io: every system call that changes a file. Actions: throw (an error of
/// the program), bad_alloc, exit (code 7), kill, stop (SIGSTOP), hang, nan, TERM, INT, USR1, USR2, stop-clock (the
/// walltime is over), and for io: ENOSPC, EIO, EDQUOT, short (half is written). Comes by a phase, which it enters
/// (watchdog.hpp); does nothing else unless asked to. @throws for throw and bad_alloc; Error usage where the variable
/// holds other words.
void fault_point(std::string_view phase);
/// For nan and stop-clock: whether it is due where this place asks for it.
[[nodiscard]] bool fault_is(std::string_view action, std::string_view phase);
/// Before a system call that changes a file: the errno that it is to fail with, 0 for none, -1: half of it.
[[nodiscard]] int io_fault() noexcept;

}  // namespace synbal
