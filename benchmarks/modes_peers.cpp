// EPS on an AIJ matrix with the constants as deflation space, one solver after the other.
#include "modes_peers.hpp"

#include <algorithm>

#include "peer_matrix.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/timer.hpp"
// PETSc turns MPI functions into macros: its headers come last.
#include <slepceps.h>

#include "synbal/core/petsc.hpp"

namespace synbal::benchmark {

namespace {

using SlepcEps = Handle<EPS, PetscTraits<EPS, EPSDestroy>>;

struct Limit {
  Timer timer;
  double seconds;
  const Comm* comm;
};

/// As SLEPc stops, or when the time is over.
PetscErrorCode stop(EPS eps, PetscInt iteration, PetscInt most, PetscInt converged, PetscInt wanted,
                    EPSConvergedReason* reason, void* data) {
  const auto& limit = *static_cast<const Limit*>(data);
  const auto code = EPSStoppingBasic(eps, iteration, most, converged, wanted, reason, nullptr);
  if (*reason == EPS_CONVERGED_ITERATING && limit.comm->max(limit.timer.seconds()) > limit.seconds) {
    *reason = EPS_DIVERGED_ITS;
  }
  return code;
}

}  // namespace

const std::vector<std::string>& mode_peer_names() {
  static const std::vector<std::string> names{"krylov-schur", "lobpcg-jacobi", "lobpcg-boomeramg", "gd-boomeramg"};
  return names;
}

struct ModePeers::Body {
  explicit Body(const ConductanceGraph& g) : graph(g), comm(g.comm().get()), matrix(peer_matrix(g, comm.get())) {
    Vec raw = nullptr;
    SYNBAL_PETSC(MatCreateVecs(matrix.get(), &raw, nullptr));
    constant = PetscVec::adopt(raw);
    SYNBAL_PETSC(VecSet(raw, 1.0));
  }

  void choose(EPS eps, const std::string& name) const {
    if (name == "krylov-schur") {
      SYNBAL_PETSC(EPSSetType(eps, EPSKRYLOVSCHUR));
      return;
    }
    SYNBAL_PETSC(EPSSetType(eps, name == "gd-boomeramg" ? EPSGD : EPSLOBPCG));
    if (name == "lobpcg-jacobi") {
      set_option("-lobpcg-jacobi_st_pc_type", "jacobi");
      return;
    }
    const std::string prefix = "-" + name + "_st_pc_";
    set_option(prefix + "type", "hypre");
    tune_boomeramg(prefix);
  }

  SlepcEps make(const std::string& name, int count, double tolerance) {
    EPS raw = nullptr;
    SYNBAL_PETSC(EPSCreate(comm.get(), &raw));
    auto eps = SlepcEps::adopt(raw);
    SYNBAL_PETSC(EPSSetOptionsPrefix(raw, (name + "_").c_str()));
    SYNBAL_PETSC(EPSSetOperators(raw, matrix.get(), nullptr));
    SYNBAL_PETSC(EPSSetProblemType(raw, EPS_HEP));
    SYNBAL_PETSC(EPSSetWhichEigenpairs(raw, EPS_SMALLEST_REAL));
    SYNBAL_PETSC(EPSSetDimensions(raw, count, PETSC_DEFAULT, PETSC_DEFAULT));
    SYNBAL_PETSC(EPSSetConvergenceTest(raw, EPS_CONV_REL));
    SYNBAL_PETSC(EPSSetTolerances(raw, tolerance, 1'000'000));
    Vec constants = constant.get();
    SYNBAL_PETSC(EPSSetDeflationSpace(raw, 1, &constants));
    choose(raw, name);
    if (name != "krylov-schur" && name != "gd-boomeramg") SYNBAL_PETSC(EPSLOBPCGSetBlockSize(raw, count + 4));
    SYNBAL_PETSC(EPSSetFromOptions(raw));
    return eps;
  }

  ModePeerRun run(const std::string& name, int count, double tolerance, double seconds) {
    const auto eps = make(name, count, tolerance);
    Limit limit{{}, seconds, &graph.comm()};
    SYNBAL_PETSC(EPSSetStoppingTestFunction(eps.get(), stop, &limit, nullptr));
    const Timer timer;
    SYNBAL_PETSC(EPSSolve(eps.get()));
    ModePeerRun out;
    out.seconds = graph.comm().max(timer.seconds());
    take(eps.get(), count, out);
    return out;
  }

  void take(EPS eps, int count, ModePeerRun& out) {
    PetscInt converged = 0, iterations = 0;
    SYNBAL_PETSC(EPSGetConverged(eps, &converged));
    SYNBAL_PETSC(EPSGetIterationNumber(eps, &iterations));
    out.iterations = iterations, out.count = std::min(count, static_cast<int>(converged));
    out.vector.resize(at(graph.size()) * at(out.count));
    Vec raw = nullptr;
    SYNBAL_PETSC(VecDuplicate(constant.get(), &raw));
    const auto vector = PetscVec::adopt(raw);
    for (int k = 0; k < out.count; ++k) {
      PetscScalar value = 0;
      SYNBAL_PETSC(EPSGetEigenpair(eps, k, &value, nullptr, raw, nullptr));
      out.value.push_back(value);
      const PetscScalar* values = nullptr;
      SYNBAL_PETSC(VecGetArrayRead(raw, &values));
      for (std::size_t i = 0; i < at(graph.size()); ++i) out.vector[i * at(out.count) + at(k)] = values[i];
      SYNBAL_PETSC(VecRestoreArrayRead(raw, &values));
    }
  }

  const ConductanceGraph& graph;
  Comm comm;  // outlives the PETSc objects below
  PetscMat matrix;
  PetscVec constant;
};

ModePeers::ModePeers(const ConductanceGraph& graph) : body_(std::make_unique<Body>(graph)) {}
ModePeers::~ModePeers() = default;

ModePeerRun ModePeers::run(const std::string& name, int count, double tolerance, double seconds) {
  return body_->run(name, count, tolerance, seconds);
}

}  // namespace synbal::benchmark
