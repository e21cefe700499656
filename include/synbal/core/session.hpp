// The one object that owns the lifetimes of MPI, PETSc and SLEPc: first line of main.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"

namespace synbal {

/// Initialises MPI, PETSc and SLEPc; finalises them when destroyed in the normal flow, never while unwinding.
class Session {
 public:
  /// Collective over all processes. `petsc_options` are what followed `--` on the command line; nothing is read from
  /// .petscrc files. PETSc's own signal handlers are off.
  explicit Session(const std::string& program, const std::vector<std::string>& petsc_options = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] const Comm& world() const noexcept { return *world_; }
  /// Collective. @throws Error usage naming PETSc options that nothing used.
  /// Options that start with `spared` are left for later, when what could use them has run.
  void refuse_unused_petsc_options(const std::string& spared = {}) const;

 private:
  std::unique_ptr<Comm> world_;
};

}  // namespace synbal
