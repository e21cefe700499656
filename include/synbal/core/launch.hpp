// How this process was started: alone, or as one of several by a launcher.
#pragma once

#include <optional>

namespace synbal {

/// The rank that a launcher (mpirun, srun) gave this process, known before MPI starts; nothing where it was started
/// alone. What the environment said when the program began: MPI changes it later.
[[nodiscard]] std::optional<int> launched_rank() noexcept;

/// Whether all processes of this run are known to be on one host, as above: those that were started alone, and those
/// that Open MPI's launcher says it has put side by side. False where nobody says so.
[[nodiscard]] bool launched_on_one_host() noexcept;

}  // namespace synbal
