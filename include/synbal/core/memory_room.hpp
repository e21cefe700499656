// How much memory is left, and whether what is ahead fits.
#pragma once

#include <string>

#include "synbal/core/comm.hpp"

namespace synbal {

/// Bytes left on this machine: the least of what the kernel calls available and what the control groups of this process
/// (a batch job's limit) leave. Infinite where nothing tells.
[[nodiscard]] double memory_left_on_machine();

/// Bytes that the limit of one control group leaves, from the files of its folder (version 2, or 1 of `memory`): limit
/// less use, but for pages of files, which the kernel gives back. Infinite without a limit.
[[nodiscard]] double memory_left_in_group(const std::string& folder);

/// Bytes that this process may still map: its limit of address space (ulimit -v). Infinite without one.
[[nodiscard]] double memory_left_to_process();

/// Collective. Sum over the ranks that share this machine's memory.
[[nodiscard]] double on_this_machine(const Comm& comm, double value);

/// Collective. Whether `bytes` here, together with those of the other ranks of each machine, are left everywhere.
[[nodiscard]] bool has_room(const Comm& comm, double bytes);

/// Collective. @throws Error io_failure on all ranks when `bytes` here, together with those of the other ranks of the
/// machine, are more than is left on any machine or to any process; it names what needs them and the machines it takes.
void expect_room(const Comm& comm, double bytes, const std::string& what);

}  // namespace synbal
