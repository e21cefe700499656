// MATAIJ and TAO, as somebody would use them who has PETSc and nothing else.
#include "subjects/kernel_peer.hpp"

#include <petsctao.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "subjects/cost_matrix.hpp"

namespace synbal::benchmark {

namespace {
using PetscTao = Handle<Tao, PetscTraits<Tao, TaoDestroy>>;
constexpr PetscInt kMostSteps = 200, kMostIterations = 10'000;
}  // namespace

/// Vectors of the minimisation: u = e^{p h}, v = e^{-p h}, in = v (C u), out = u (C^T v).
struct KernelPeer::Body {
  explicit Body(const BalanceProblem& problem)
      : comm(problem.comm().get()), power(problem.power()), matrix(cost_matrix(problem, comm.get())) {
    Vec right = nullptr;
    SYNBAL_PETSC(MatCreateVecs(matrix.get(), &right, nullptr));
    h = PetscVec::adopt(right);
    for (auto* v : {&u, &v_, &in, &out, &diagonal, &work, &more, &product}) *v = copy_of(h);
  }

  static PetscVec copy_of(const PetscVec& like) {
    Vec raw = nullptr;
    SYNBAL_PETSC(VecDuplicate(like.get(), &raw));
    return PetscVec::adopt(raw);
  }

  /// Costs at h, in + out, and the sum of all costs.
  double evaluate(Vec x) const {
    SYNBAL_PETSC(VecCopy(x, u.get()));
    SYNBAL_PETSC(VecScale(u.get(), power));
    SYNBAL_PETSC(VecExp(u.get()));
    SYNBAL_PETSC(VecCopy(u.get(), v_.get()));
    SYNBAL_PETSC(VecReciprocal(v_.get()));
    SYNBAL_PETSC(MatMult(matrix.get(), u.get(), in.get()));
    SYNBAL_PETSC(VecPointwiseMult(in.get(), in.get(), v_.get()));
    SYNBAL_PETSC(MatMultTranspose(matrix.get(), v_.get(), out.get()));
    SYNBAL_PETSC(VecPointwiseMult(out.get(), out.get(), u.get()));
    SYNBAL_PETSC(VecWAXPY(diagonal.get(), 1.0, in.get(), out.get()));
    PetscScalar total = 0;
    SYNBAL_PETSC(VecSum(in.get(), &total));
    return total;
  }

  /// y = L x at the h of the last evaluate(): (in + out) x - v C (u x) - u C^T (v x).
  void laplacian(Vec x, Vec y) const {
    SYNBAL_PETSC(VecPointwiseMult(y, diagonal.get(), x));
    SYNBAL_PETSC(VecPointwiseMult(work.get(), u.get(), x));
    SYNBAL_PETSC(MatMult(matrix.get(), work.get(), more.get()));
    SYNBAL_PETSC(VecPointwiseMult(more.get(), more.get(), v_.get()));
    SYNBAL_PETSC(VecAXPY(y, -1.0, more.get()));
    SYNBAL_PETSC(VecPointwiseMult(work.get(), v_.get(), x));
    SYNBAL_PETSC(MatMultTranspose(matrix.get(), work.get(), more.get()));
    SYNBAL_PETSC(VecPointwiseMult(more.get(), more.get(), u.get()));
    SYNBAL_PETSC(VecAXPY(y, -1.0, more.get()));
  }

  Comm comm;
  double power, tolerance = 0;
  PetscMat matrix;
  PetscVec h, u, v_, in, out, diagonal, work, more, product;
};

/// What TAO calls: errors come back as codes.
struct TaoCalls {
  using Body = KernelPeer::Body;
  static PetscErrorCode objective(Tao /*tao*/, Vec x, PetscReal* value, Vec gradient, void* context) {
    auto& b = *static_cast<Body*>(context);
    *value = b.evaluate(x);
    SYNBAL_PETSC(VecWAXPY(gradient, -1.0, b.in.get(), b.out.get()));
    SYNBAL_PETSC(VecScale(gradient, b.power));
    return 0;
  }
  static PetscErrorCode hessian(Tao /*tao*/, Vec x, Mat /*matrix*/, Mat /*preconditioner*/, void* context) {
    auto& b = *static_cast<Body*>(context);
    b.evaluate(x);
    return 0;
  }
  /// p^2 L x
  static PetscErrorCode product(Mat shell, Vec x, Vec y) {
    Body* body = nullptr;
    SYNBAL_PETSC(MatShellGetContext(shell, static_cast<void*>(&body)));
    body->laplacian(x, y);
    SYNBAL_PETSC(VecScale(y, body->power * body->power));
    return 0;
  }
  static PetscErrorCode get_diagonal(Mat shell, Vec y) {
    Body* body = nullptr;
    SYNBAL_PETSC(MatShellGetContext(shell, static_cast<void*>(&body)));
    SYNBAL_PETSC(VecCopy(body->diagonal.get(), y));
    SYNBAL_PETSC(VecScale(y, body->power * body->power));
    return 0;
  }
  /// As everybody else is judged: sum |in - out| over the cost.
  static PetscErrorCode converged(Tao tao, void* context) {
    const auto& b = *static_cast<Body*>(context);
    Vec gradient = nullptr;
    PetscReal sum = 0, cost = 0;
    SYNBAL_PETSC(TaoGetGradient(tao, &gradient, nullptr, nullptr));
    SYNBAL_PETSC(VecNorm(gradient, NORM_1, &sum));
    SYNBAL_PETSC(TaoGetSolutionStatus(tao, nullptr, &cost, nullptr, nullptr, nullptr, nullptr));
    if (sum / b.power <= b.tolerance * cost) SYNBAL_PETSC(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
    PetscInt steps = 0;
    SYNBAL_PETSC(TaoGetIterationNumber(tao, &steps));
    if (steps >= kMostSteps) SYNBAL_PETSC(TaoSetConvergedReason(tao, TAO_DIVERGED_MAXITS));
    return 0;
  }
};

KernelPeer::KernelPeer(const BalanceProblem& problem) : body_(std::make_unique<Body>(problem)) {}
KernelPeer::~KernelPeer() = default;

namespace {
void copy_in(std::span<const double> values, const PetscVec& vector) {
  PetscScalar* into = nullptr;
  SYNBAL_PETSC(VecGetArrayWrite(vector.get(), &into));
  std::ranges::copy(values, into);
  SYNBAL_PETSC(VecRestoreArrayWrite(vector.get(), &into));
}
void copy_out(const PetscVec& vector, std::span<double> values) {
  const PetscScalar* from = nullptr;
  SYNBAL_PETSC(VecGetArrayRead(vector.get(), &from));
  std::copy_n(from, values.size(), values.begin());
  SYNBAL_PETSC(VecRestoreArrayRead(vector.get(), &from));
}
}  // namespace

void KernelPeer::multiply(std::span<const double> x, std::span<const double> y, std::span<double> in,
                          std::span<double> out) {
  const auto& b = *body_;
  copy_in(x, b.u), copy_in(y, b.v_);
  SYNBAL_PETSC(MatMult(b.matrix.get(), b.u.get(), b.in.get()));
  SYNBAL_PETSC(MatMultTranspose(b.matrix.get(), b.v_.get(), b.out.get()));
  copy_out(b.in, in), copy_out(b.out, out);
}

double KernelPeer::costs(std::span<const double> h, std::span<double> in, std::span<double> out) {
  const auto& b = *body_;
  copy_in(h, b.h);
  const double total = b.evaluate(b.h.get());
  copy_out(b.in, in), copy_out(b.out, out);
  return total;
}

void KernelPeer::laplacian(std::span<const double> x, std::span<double> y) {
  const auto& b = *body_;
  copy_in(x, b.h);
  b.laplacian(b.h.get(), b.product.get());
  copy_out(b.product, y);
}

KernelPeer::Minimum KernelPeer::minimise(double tolerance) {
  auto& b = *body_;
  b.tolerance = tolerance;
  PetscInt n = 0, size = 0;
  SYNBAL_PETSC(VecGetLocalSize(b.h.get(), &n));
  SYNBAL_PETSC(VecGetSize(b.h.get(), &size));
  Mat raw_shell = nullptr;
  SYNBAL_PETSC(MatCreateShell(b.comm.get(), n, n, size, size, &b, &raw_shell));
  const auto shell = PetscMat::adopt(raw_shell);
  SYNBAL_PETSC(MatShellSetOperation(raw_shell, MATOP_MULT, reinterpret_cast<void (*)()>(TaoCalls::product)));
  SYNBAL_PETSC(
      MatShellSetOperation(raw_shell, MATOP_GET_DIAGONAL, reinterpret_cast<void (*)()>(TaoCalls::get_diagonal)));
  SYNBAL_PETSC(MatSetOption(raw_shell, MAT_SYMMETRIC, PETSC_TRUE));
  Tao raw = nullptr;
  SYNBAL_PETSC(TaoCreate(b.comm.get(), &raw));
  const auto tao = PetscTao::adopt(raw);
  SYNBAL_PETSC(TaoSetType(raw, TAONLS));
  SYNBAL_PETSC(VecSet(b.h.get(), 0.0));
  SYNBAL_PETSC(TaoSetSolution(raw, b.h.get()));
  SYNBAL_PETSC(TaoSetObjectiveAndGradient(raw, nullptr, TaoCalls::objective, &b));
  SYNBAL_PETSC(TaoSetHessian(raw, raw_shell, raw_shell, TaoCalls::hessian, &b));
  SYNBAL_PETSC(TaoSetConvergenceTest(raw, TaoCalls::converged, &b));
  KSP ksp = nullptr;
  PC pc = nullptr;
  SYNBAL_PETSC(TaoGetKSP(raw, &ksp));
  SYNBAL_PETSC(KSPSetType(ksp, KSPSTCG));
  SYNBAL_PETSC(KSPSetTolerances(ksp, 1e-2, 0.0, PETSC_DEFAULT, kMostIterations));
  SYNBAL_PETSC(KSPGetPC(ksp, &pc));
  SYNBAL_PETSC(PCSetType(pc, PCJACOBI));
  SYNBAL_PETSC(TaoSetFromOptions(raw));
  SYNBAL_PETSC(TaoSolve(raw));
  Minimum found{std::vector<double>(at(n)), 0, 0};
  copy_out(b.h, found.h);
  PetscInt steps = 0, iterations = 0;
  SYNBAL_PETSC(TaoGetIterationNumber(raw, &steps));
  SYNBAL_PETSC(TaoGetLinearSolveIterations(raw, &iterations));
  found.steps = steps, found.krylov_iterations = iterations;
  return found;
}

}  // namespace synbal::benchmark
