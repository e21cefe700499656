// Versions, asked of the libraries themselves: what is loaded may differ from what was compiled against.
#include "synbal/core/build_info.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <mpi.h>
#include <petscsys.h>
#include <slepcsys.h>
#include <sundials/sundials_version.h>
#include <sys/resource.h>

#include <array>
#include <ctime>
#include <fstream>

#include "synbal_config.hpp"
#include "synbal_revision.hpp"

namespace synbal {

static_assert((sizeof(PetscInt) == 8) == (SYNBAL_PETSC64 == 1), "PETSc's index width is not the one configured");

namespace {
std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string whole(text.data());
  return whole.substr(0, whole.find_first_of(",\n"));  // "Open MPI v4.1.4" of a line with build details
}

/// `get`: PetscGetVersionNumber or SLEPc's.
std::string version_of(const char* name, PetscErrorCode (*get)(PetscInt*, PetscInt*, PetscInt*, PetscInt*)) {
  PetscInt major = 0, minor = 0, patch = 0;
  get(&major, &minor, &patch, nullptr);
  return fmt::format("{} {}.{}.{}", name, major, minor, patch);
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, patch = 0;
  H5get_libversion(&major, &minor, &patch);
  return fmt::format("HDF5 {}.{}.{}", major, minor, patch);
}

std::string sundials_version() {
  std::array<char, 64> text{};
  SUNDIALSGetVersion(text.data(), static_cast<int>(text.size()));
  return fmt::format("SUNDIALS {}", text.data());
}

/// VmHWM of /proc/self/status; 0 where the kernel does not tell.
ByteCount high_water_mark() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    ByteCount kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}
}  // namespace

std::string version() { return SYNBAL_VERSION; }

std::string git_revision() { return SYNBAL_GIT_REVISION; }

std::string library_versions() {
  return fmt::format("{}, {}, {}, {}, {}", mpi_version(), version_of("PETSc", PetscGetVersionNumber),
                     version_of("SLEPc", SlepcGetVersionNumber), hdf5_version(), sundials_version());
}

int petsc_int_bits() { return static_cast<int>(8 * sizeof(PetscInt)); }

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

ByteCount peak_resident_bytes() {
  // ru_maxrss comes second: it includes what the launcher had resident when it started this process.
  if (const auto bytes = high_water_mark(); bytes > 0) return bytes;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<ByteCount>(usage.ru_maxrss) * 1024;
}

}  // namespace synbal
