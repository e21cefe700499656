// L as a PETSc shell matrix, its assembled twin for multigrid and direct solves, and the Krylov solver around them.
#include "synbal/balance/hessian.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "balance/laplacian_matrix.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/petsc.hpp"

namespace synbal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr const char* kPrefix = "newton_";

/// Read or write access to the local values of a Vec, given back at the end of the scope.
class VecValues {
 public:
  explicit VecValues(Vec vec) : vec_(vec) { SYNBAL_PETSC(VecGetArrayRead(vec_, &values_)); }
  VecValues(const VecValues&) = delete;
  VecValues& operator=(const VecValues&) = delete;
  ~VecValues() { VecRestoreArrayRead(vec_, &values_); }
  const double& operator[](LocalIndex i) const { return values_[i]; }

 private:
  Vec vec_;
  const double* values_ = nullptr;
};

class WritableVecValues {
 public:
  explicit WritableVecValues(Vec vec) : vec_(vec) { SYNBAL_PETSC(VecGetArrayWrite(vec_, &values_)); }
  WritableVecValues(const WritableVecValues&) = delete;
  WritableVecValues& operator=(const WritableVecValues&) = delete;
  ~WritableVecValues() { VecRestoreArrayWrite(vec_, &values_); }
  double& operator[](LocalIndex i) { return values_[i]; }

 private:
  Vec vec_;
  double* values_ = nullptr;
};

}  // namespace

const char* to_string(Preconditioner preconditioner) noexcept {
  switch (preconditioner) {
    case Preconditioner::jacobi:
      return "jacobi";
    case Preconditioner::multigrid:
      return "multigrid";
    default:
      return "direct";
  }
}

struct HessianSolver::Body {
  Body(const BalanceProblem& p, FusedKernel& k, const ComponentSums& sums)
      : problem(p), kernel(k), components(sums), n(p.size()), comm(p.halo().comm()), diagonal(at(n)), work(at(n)) {
    if (sizeof(PetscInt) == 4 && p.global_size() > std::numeric_limits<std::int32_t>::max()) {
      throw bad_input(fmt::format("{} neurons (more than PETSc's 32-bit indices count): build the petsc64 preset",
                                  p.global_size()));
    }
  }

  void make_shell() {
    Mat raw = nullptr;
    SYNBAL_PETSC(MatCreateShell(comm.get(), n, n, static_cast<PetscInt>(problem.global_size()),
                                static_cast<PetscInt>(problem.global_size()), this, &raw));
    shell = PetscMat::adopt(raw);
    SYNBAL_PETSC(MatShellSetOperation(raw, MATOP_MULT, reinterpret_cast<void (*)()>(&Body::multiply)));
    SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
  }

  // y = L x; an exception must not pass through PETSc's C frames.
  static PetscErrorCode multiply(Mat mat, Vec from, Vec to) {
    try {
      Body* self = nullptr;
      SYNBAL_PETSC(MatShellGetContext(mat, &self));
      self->apply(VecValues(from), WritableVecValues(to));
    } catch (...) {
      return PETSC_ERR_LIB;
    }
    return 0;
  }

  void apply(const VecValues& from, WritableVecValues&& to) {
    const auto& exponent = problem.exponent();
    const auto k = [&](LocalIndex i) { return exponent.empty() ? 1.0 : exponent[at(i)]; };
    kernel.run(
        [&](LocalIndex i) { return std::pair(costs->pre[at(i)] * k(i) * from[i], costs->post[at(i)] * from[i]); },
        [&](LocalIndex i, double in, double out) {
          to[i] = diagonal[at(i)] * from[i] - costs->post[at(i)] * in - k(i) * costs->pre[at(i)] * out;
        });
  }

  // z = D^-1 r, or S P S r with P a library's preconditioner, without its constants: D-orthogonal to them, as CG's
  // directions have to stay.
  static PetscErrorCode precondition(PC outer, Vec from, Vec to) {
    try {
      Body* self = nullptr;
      SYNBAL_PETSC(PCShellGetContext(outer, &self));
      self->precondition(from, to);
    } catch (...) {
      return PETSC_ERR_LIB;
    }
    return 0;
  }

  void precondition(Vec from, Vec to) {
    if (kind == Preconditioner::jacobi) {
      const VecValues r(from);
      WritableVecValues z(to);
      const auto shift = constants([&](LocalIndex i) { return r[i]; });
      for (LocalIndex i = 0; i < n; ++i) z[i] = r[i] / diagonal[at(i)] - shift[at(components.label()[at(i)])];
    } else {
      precondition_by_library(from, to);
      WritableVecValues z(to);
      for (LocalIndex i = 0; i < n && scaled(); ++i) z[i] *= scaling[at(i)];
      const auto shift = constants([&](LocalIndex i) { return diagonal[at(i)] * z[i]; });
      for (LocalIndex i = 0; i < n; ++i) z[i] -= shift[at(components.label()[at(i)])];
    }
  }

  /// The constant to take out of every component on this rank, given D z.
  template <class Weighted>
  std::vector<double> constants(Weighted&& weighted) {
    auto shift = components.sum_of(weighted);
    for (LocalIndex l = 0; l < components.count(); ++l) {
      shift[at(l)] = components.pinned(l) ? 0.0 : shift[at(l)] / diagonal_sums[at(l)];
    }
    return shift;
  }

  void precondition_by_library(Vec from, Vec to) {
    if (!scaled()) {
      SYNBAL_PETSC(PCApply(inner.get(), from, to));
      return;
    }
    {
      const VecValues r(from);
      for (LocalIndex i = 0; i < n; ++i) work[at(i)] = scaling[at(i)] * r[i];
    }
    const auto rhs = wrap(work.data());
    SYNBAL_PETSC(PCApply(inner.get(), rhs.get(), to));
  }

  void make_ksp(Preconditioner preconditioner) {
    kind = preconditioner;
    // A set-up that failed on some ranks only leaves PETSc's cached communicators out of step: start from a new one.
    ksp.reset(), inner.reset(), assembled.reset(), shell.reset();
    comm = Comm(problem.halo().comm());
    make_shell();
    if (kind != Preconditioner::jacobi) make_inner();
    KSP raw = nullptr;
    SYNBAL_PETSC(KSPCreate(comm.get(), &raw));
    ksp = PetscKsp::adopt(raw);
    SYNBAL_PETSC(KSPSetOptionsPrefix(raw, kPrefix));
    SYNBAL_PETSC(KSPSetType(raw, KSPCG));
    SYNBAL_PETSC(KSPSetNormType(raw, KSP_NORM_NATURAL));
    PC outer = nullptr;
    SYNBAL_PETSC(KSPGetPC(raw, &outer));
    SYNBAL_PETSC(PCSetOptionsPrefix(outer, "newton_projected_"));
    SYNBAL_PETSC(PCSetType(outer, PCSHELL));
    SYNBAL_PETSC(PCShellSetContext(outer, this));
    SYNBAL_PETSC(PCShellSetApply(outer, &Body::precondition));
    SYNBAL_PETSC(KSPSetFromOptions(raw));
    SYNBAL_PETSC(KSPSetOperators(raw, shell.get(), shell.get()));
  }

  /// False when a library refuses: hypre, once it has failed, refuses for the rest of the run.
  bool try_ksp(Preconditioner preconditioner) {
    try {
      make_ksp(preconditioner);
      return true;
    } catch (const Error& error) {
      log_debug("{}", error.what());
      return false;
    }
  }

  void make_inner() {
    PC raw = nullptr;
    SYNBAL_PETSC(PCCreate(comm.get(), &raw));
    inner = PetscPc::adopt(raw);
    SYNBAL_PETSC(PCSetOptionsPrefix(raw, kPrefix));
    if (kind == Preconditioner::multigrid && !HessianSolver::user_chose_preconditioner()) choose_multigrid(raw);
    if (kind == Preconditioner::direct) choose_direct(raw);
    SYNBAL_PETSC(PCSetFromOptions(raw));
  }

  static void choose_multigrid(PC pc) {
    SYNBAL_PETSC(PCSetType(pc, PCHYPRE));
    SYNBAL_PETSC(PCHYPRESetType(pc, "boomeramg"));
    prefer_robust_boomeramg(kPrefix);
  }

  static void choose_direct(PC pc) {
    SYNBAL_PETSC(PCSetType(pc, PCCHOLESKY));
    SYNBAL_PETSC(PCFactorSetMatSolverType(pc, MATSOLVERMUMPS));
  }

  void assemble() {
    const auto scale = choose_scaling();
    // A factorisation of the singular L needs a pivot; it only preconditions, so the solution does not feel the lift.
    const double lift = kind == Preconditioner::direct ? 1 + 1e-14 : 1.0;
    std::vector<double> scaled_diagonal(at(n));
    for (LocalIndex i = 0; i < n; ++i) scaled_diagonal[at(i)] = diagonal[at(i)] * scale[at(i)] * scale[at(i)] * lift;
    assembled = assemble_laplacian(problem, *costs, scale, scaled_diagonal, comm.get());
  }

  /// Powers of two only. A factorisation wants a unit diagonal; hypre dislikes that, but wants numbers of order one.
  std::vector<double> choose_scaling() {
    double largest = 0;
    for (const double d : diagonal) largest = std::max(largest, d);
    largest = problem.comm().max(largest);
    std::vector<double> s(at(n), std::exp2(-std::floor(std::log2(largest) / 2)));
    if (kind == Preconditioner::direct) {
      for (LocalIndex i = 0; i < n; ++i) s[at(i)] = std::exp2(-std::round(std::log2(diagonal[at(i)]) / 2));
      scaling = s;
    }
    return s;
  }

  /// The same on all ranks, also those without neurons.
  [[nodiscard]] bool scaled() const { return kind == Preconditioner::direct; }

  PetscVec wrap(const double* values) const {
    Vec raw = nullptr;
    SYNBAL_PETSC(VecCreateMPIWithArray(comm.get(), 1, n, static_cast<PetscInt>(problem.global_size()), values, &raw));
    return PetscVec::adopt(raw);
  }

  const BalanceProblem& problem;
  FusedKernel& kernel;
  const ComponentSums& components;
  LocalIndex n;
  Comm comm;  // outlives the PETSc objects below
  std::vector<double> diagonal, work;
  std::vector<double> diagonal_sums;  // per component
  std::vector<double> scaling;        // S, where scaled()
  const NeuronCosts* costs = nullptr;
  Preconditioner kind = Preconditioner::jacobi;
  PetscMat shell, assembled;
  PetscPc inner;
  PetscKsp ksp;
};

HessianSolver::HessianSolver(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : body_(std::make_unique<Body>(problem, kernel, components)) {}
HessianSolver::~HessianSolver() = default;

bool HessianSolver::user_chose_preconditioner() {
  PetscBool given = PETSC_FALSE;
  SYNBAL_PETSC(PetscOptionsHasName(nullptr, kPrefix, "-pc_type", &given));
  return given == PETSC_TRUE;
}

bool HessianSolver::set_point(const NeuronCosts& costs, Preconditioner preconditioner) {
  auto& b = *body_;
  b.costs = &costs;
  laplacian_diagonal(b.problem, costs, b.diagonal);
  b.diagonal_sums = b.components.sum(b.diagonal);
  const bool jacobi = preconditioner == Preconditioner::jacobi;
  const bool made = (b.ksp && b.kind == preconditioner) || b.try_ksp(preconditioner);
  if (jacobi && made) return true;
  if (jacobi) throw internal_error("PETSc could not set up conjugate gradients with Jacobi: see -v");
  if (b.problem.comm().any(!made)) {
    b.ksp.reset();
    return false;
  }
  if (exceeds_petsc_int(b.problem)) return false;
  b.assemble();
  SYNBAL_PETSC(PCSetOperators(b.inner.get(), b.assembled.get(), b.assembled.get()));
  const PetscErrorCode failed = PCSetUp(b.inner.get());
  if (failed != 0)
    log_debug("the {} preconditioner could not be set up (PETSc error {})", to_string(preconditioner), failed);
  return !b.problem.comm().any(failed != 0);
}

KrylovResult HessianSolver::solve(std::span<const double> g, std::span<double> d, const KrylovParams& params) {
  auto& b = *body_;
  const auto rhs = b.wrap(g.data());
  const auto solution = b.wrap(d.data());
  SYNBAL_PETSC(
      KSPSetTolerances(b.ksp.get(), params.tolerance, 0.0, 1e30, static_cast<PetscInt>(params.max_iterations)));
  SYNBAL_PETSC(KSPSolve(b.ksp.get(), rhs.get(), solution.get()));
  PetscInt iterations = 0;
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  SYNBAL_PETSC(KSPGetIterationNumber(b.ksp.get(), &iterations));
  SYNBAL_PETSC(KSPGetConvergedReason(b.ksp.get(), &reason));
  b.components.center(d);
  bool finite = true;
  for (const double value : d) finite = finite && std::isfinite(value);
  const bool moved = reason > 0 || iterations > 0;  // a breakdown at the start leaves zeros that solve nothing
  return {iterations, reason > 0, !b.problem.comm().any(!finite) && moved};
}

}  // namespace synbal
