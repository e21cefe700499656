// Start and end of MPI, PETSc and SLEPc.
#include "synbal/core/session.hpp"

#include <fmt/format.h>
#include <slepcsys.h>

#include <cstdlib>
#include <exception>

#include "synbal/core/error.hpp"
#include "synbal/core/launch.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {

void check_petsc(PetscErrorCode code, const char* expression, const char* file, int line) {
  if (code == 0) return;
  const char* text = nullptr;
  PetscErrorMessage(code, &text, nullptr);
  throw internal_error(fmt::format("{} failed at {}:{} (PETSc error {}: {})", expression, file, line,
                                   static_cast<int>(code), text != nullptr ? text : "unknown"));
}

namespace {

// Open MPI starts a daemon for a process that nobody launched, only to let it spawn others: some 40 % of the time of a
// start. Without it all such processes would share one folder of their sessions, and fail to make it at the same time.
void spare_daemon() {
  if (launched_rank()) return;
  ::setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  ::setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
}

// While MPI starts: Open MPI looks for fast networks for a quarter of a second, more than all the rest of a start.
// Ranks on one host need none, unless users have chosen some by mpirun's options or the environment.
class NoNetworks {
 public:
  NoNetworks() : asked_(launched_on_one_host()) {
    for (const char* name : {"OMPI_MCA_pml", "OMPI_MCA_btl", "OMPI_MCA_mtl"}) {
      asked_ = asked_ && std::getenv(name) == nullptr;
    }
    if (!asked_) return;
    ::setenv("OMPI_MCA_pml", "ob1", 1);
    ::setenv("OMPI_MCA_btl", "self,vader,tcp", 1);
  }
  ~NoNetworks() {
    if (!asked_) return;
    ::unsetenv("OMPI_MCA_pml");
    ::unsetenv("OMPI_MCA_btl");
  }
  NoNetworks(const NoNetworks&) = delete;
  NoNetworks& operator=(const NoNetworks&) = delete;

 private:
  bool asked_;
};

void start_mpi() {
  const NoNetworks asked;
  int provided = 0;
  SYNBAL_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
}

}  // namespace

Session::Session(const std::string& program, const std::vector<std::string>& petsc_options) {
  spare_daemon();
  start_mpi();
  std::vector<std::string> words{program, "-skip_petscrc", "-no_signal_handler"};
  words.insert(words.end(), petsc_options.begin(), petsc_options.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(words.size());
  char** arguments = argv.data();
  SYNBAL_PETSC(SlepcInitialize(&argc, &arguments, nullptr, nullptr));  // and PETSc
  SYNBAL_PETSC(PetscPushErrorHandler(PetscReturnErrorHandler, nullptr));
  SYNBAL_PETSC(PetscOptionsSetValue(nullptr, "-options_left", "no"));
  register_profile();
  world_ = std::make_unique<Comm>(MPI_COMM_WORLD);
}

Session::~Session() {
  if (std::uncaught_exceptions() > 0) return;
  world_.reset();
  SlepcFinalize();  // and PETSc
  MPI_Finalize();
}

void Session::refuse_unused_petsc_options(const std::string& spared) const {
  PetscInt count = 0;
  char** names = nullptr;
  char** values = nullptr;
  SYNBAL_PETSC(PetscOptionsLeftGet(nullptr, &count, &names, &values));
  std::string unused;
  for (PetscInt k = 0; k < count; ++k) {
    const std::string name = names[k];
    if (!spared.empty() && name.starts_with(spared)) continue;
    if (name == "skip_petscrc" || name == "no_signal_handler" || name == "options_left") continue;
    unused += fmt::format("{}-{}", unused.empty() ? "" : ", ", name);
  }
  SYNBAL_PETSC(PetscOptionsLeftRestore(nullptr, &count, &names, &values));
  if (!unused.empty()) {
    throw usage_error(
        fmt::format("PETSc option {} was not used by this run (misspelt, or it belongs to a solver that "
                    "did not run): remove it",
                    unused));
  }
}

}  // namespace synbal
