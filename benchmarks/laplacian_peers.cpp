// KSPCG on an AIJ matrix with its null space set, one preconditioner after the other.
#include "laplacian_peers.hpp"

#include "peer_matrix.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::benchmark {

namespace {
using NullSpace = Handle<MatNullSpace, PetscTraits<MatNullSpace, MatNullSpaceDestroy>>;
}  // namespace

const std::vector<std::string>& peer_names() {
  static const std::vector<std::string> names{"jacobi", "icc", "boomeramg", "boomeramg-tuned"};
  return names;
}

struct Peers::Body {
  explicit Body(const ConductanceGraph& g) : graph(g), comm(g.comm().get()), matrix(peer_matrix(g, comm.get())) {
    MatNullSpace raw = nullptr;
    SYNBAL_PETSC(MatNullSpaceCreate(comm.get(), PETSC_TRUE, 0, nullptr, &raw));
    constants = NullSpace::adopt(raw);
    SYNBAL_PETSC(MatSetNullSpace(matrix.get(), raw));
    SYNBAL_PETSC(MatSetOption(matrix.get(), MAT_SPD, PETSC_TRUE));
  }

  void choose(PC pc, const std::string& name) const {
    if (name == "jacobi") {
      SYNBAL_PETSC(PCSetType(pc, PCJACOBI));
    } else if (name == "icc") {
      if (graph.comm().size() == 1) {
        SYNBAL_PETSC(PCSetType(pc, PCICC));
        SYNBAL_PETSC(PCFactorSetShiftType(pc, MAT_SHIFT_POSITIVE_DEFINITE));
      } else {
        SYNBAL_PETSC(PCSetType(pc, PCBJACOBI));
        set_option("-peer_icc_sub_pc_type", "icc");
        set_option("-peer_icc_sub_pc_factor_shift_type", "positive_definite");
      }
    } else {
      SYNBAL_PETSC(PCSetType(pc, PCHYPRE));
      SYNBAL_PETSC(PCHYPRESetType(pc, "boomeramg"));
      if (name == "boomeramg") return;
      tune_boomeramg("-peer_boomeramg-tuned_pc_");
    }
  }

  PetscVec wrap(const double* values) const {
    Vec raw = nullptr;
    SYNBAL_PETSC(
        VecCreateMPIWithArray(comm.get(), 1, graph.size(), static_cast<PetscInt>(graph.global_size()), values, &raw));
    return PetscVec::adopt(raw);
  }

  PeerRun run(const std::string& name, std::span<const double> b, std::span<double> x, double tolerance) {
    KSP raw = nullptr;
    SYNBAL_PETSC(KSPCreate(comm.get(), &raw));
    const auto ksp = PetscKsp::adopt(raw);
    SYNBAL_PETSC(KSPSetOptionsPrefix(raw, ("peer_" + name + "_").c_str()));
    SYNBAL_PETSC(KSPSetType(raw, KSPCG));
    SYNBAL_PETSC(KSPSetNormType(raw, KSP_NORM_UNPRECONDITIONED));
    SYNBAL_PETSC(KSPSetTolerances(raw, 0.9 * tolerance, 0.0, 1e30, 20'000));
    PC pc = nullptr;
    SYNBAL_PETSC(KSPGetPC(raw, &pc));
    choose(pc, name);
    SYNBAL_PETSC(KSPSetOperators(raw, matrix.get(), matrix.get()));
    SYNBAL_PETSC(KSPSetFromOptions(raw));
    PeerRun run;
    Timer timer;
    SYNBAL_PETSC(KSPSetUp(raw));
    SYNBAL_PETSC(KSPSetUpOnBlocks(raw));
    run.setup_seconds = graph.comm().max(timer.seconds());
    const auto rhs = wrap(b.data()), solution = wrap(x.data());
    timer.restart();
    SYNBAL_PETSC(KSPSolve(raw, rhs.get(), solution.get()));
    run.solve_seconds = graph.comm().max(timer.seconds());
    PetscInt iterations = 0;
    KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
    SYNBAL_PETSC(KSPGetIterationNumber(raw, &iterations));
    SYNBAL_PETSC(KSPGetConvergedReason(raw, &reason));
    run.iterations = iterations, run.converged = reason > 0;
    return run;
  }

  const ConductanceGraph& graph;
  Comm comm;  // outlives the PETSc objects below
  PetscMat matrix;
  NullSpace constants;
};

Peers::Peers(const ConductanceGraph& graph) : body_(std::make_unique<Body>(graph)) {}
Peers::~Peers() = default;

PeerRun Peers::run(const std::string& name, std::span<const double> b, std::span<double> x, double tolerance) {
  return body_->run(name, b, x, tolerance);
}

}  // namespace synbal::benchmark
