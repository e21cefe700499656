// EPSSetUp() builds the scaling, and the spectral transformation hands it out.
#include "subjects/slepc_balance.hpp"

#include <slepceps.h>

#include <cmath>

#include "subjects/cost_matrix.hpp"

namespace synbal::benchmark {

namespace {
using SlepcEps = Handle<EPS, PetscTraits<EPS, EPSDestroy>>;
constexpr double kCutoff = 1e-8;  // SLEPc's default: smaller norms are left alone
}  // namespace

struct SlepcBalance::Body {
  explicit Body(const BalanceProblem& problem)
      : comm(problem.comm().get()), n(problem.size()), matrix(cost_matrix(problem, comm.get(), 0.5)) {}

  Comm comm;  // outlives the PETSc objects below
  LocalIndex n;
  PetscMat matrix;
};

SlepcBalance::SlepcBalance(const BalanceProblem& problem) : body_(std::make_unique<Body>(problem)) {}
SlepcBalance::~SlepcBalance() = default;

std::vector<double> SlepcBalance::run(int passes) {
  EPS raw = nullptr;
  SYNBAL_PETSC(EPSCreate(body_->comm.get(), &raw));
  const auto eps = SlepcEps::adopt(raw);
  SYNBAL_PETSC(EPSSetOperators(raw, body_->matrix.get(), nullptr));
  SYNBAL_PETSC(EPSSetProblemType(raw, EPS_NHEP));
  SYNBAL_PETSC(EPSSetDimensions(raw, 1, 3, PETSC_DEFAULT));
  SYNBAL_PETSC(EPSSetBalance(raw, EPS_BALANCE_TWOSIDE, passes, kCutoff));
  SYNBAL_PETSC(EPSSetUp(raw));
  ST transformation = nullptr;
  Vec scaling = nullptr;  // D of D A D^-1
  SYNBAL_PETSC(EPSGetST(raw, &transformation));
  SYNBAL_PETSC(STGetBalanceMatrix(transformation, &scaling));
  const PetscScalar* values = nullptr;
  std::vector<double> h(at(body_->n));
  SYNBAL_PETSC(VecGetArrayRead(scaling, &values));
  for (std::size_t i = 0; i < h.size(); ++i) h[i] = -std::log(values[i]);
  SYNBAL_PETSC(VecRestoreArrayRead(scaling, &values));
  return h;
}

}  // namespace synbal::benchmark
