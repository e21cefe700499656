// The files that RemovedOnDeath names, for who ends the process by itself.
#pragma once

namespace synbal {

/// Removes them. Not collective; may be called by any thread, once.
void remove_doomed_files() noexcept;

}  // namespace synbal
