// Libraries that a failure has left unfit for an orderly end.
#pragma once

namespace synbal {

/// From here on the process must not end by what libraries do at their end (HDF5 1.10 frees a file twice whose closing
/// failed, when MPI is finalised): who ends it flushes what it wrote, and leaves at once. Not collective.
void abandon_libraries() noexcept;
[[nodiscard]] bool libraries_abandoned() noexcept;

}  // namespace synbal
