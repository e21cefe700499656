// What reports say of the program and the process: version, commit, libraries, time, memory. Nothing is collective.
#pragma once

#include <string>

#include "synbal/core/types.hpp"

namespace synbal {

/// The project's version, "0.1.0".
[[nodiscard]] std::string version();

/// The commit the build was made from, with "-dirty" after it when files had changed; "unknown" outside git.
[[nodiscard]] std::string git_revision();

/// Names and versions of MPI, PETSc, SLEPc, HDF5 and SUNDIALS as loaded at run time, on one line. Works before MPI has
/// started.
[[nodiscard]] std::string library_versions();

/// Width of PetscInt: 32 or 64.
[[nodiscard]] int petsc_int_bits();

/// Now, as "2024-01-31T12:00:00Z".
[[nodiscard]] std::string utc_now();

/// The most memory this process ever had resident, in bytes.
[[nodiscard]] ByteCount peak_resident_bytes();

}  // namespace synbal
