// I + f L assembled, and whatever PETSc makes of it.
#include "flow/laplacian_preconditioner.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "balance/laplacian_matrix.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr const char* kPrefix = "flow_";

bool hypre_chosen(PC pc) {
  PetscBool chosen = PETSC_FALSE;
  SYNBAL_PETSC(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(pc), PCHYPRE, &chosen));
  const char* which = nullptr;
  if (chosen == PETSC_TRUE) SYNBAL_PETSC(PCHYPREGetType(pc, &which));
  return which != nullptr && std::string(which) == "boomeramg";
}

}  // namespace

struct LaplacianPreconditioner::Body {
  explicit Body(const BalanceProblem& p) : problem(p), comm(p.halo().comm()) { make_pc(); }

  void make_pc() {
    PC raw = nullptr;
    SYNBAL_PETSC(PCCreate(comm.get(), &raw));
    pc = PetscPc::adopt(raw);
    SYNBAL_PETSC(PCSetOptionsPrefix(raw, kPrefix));
    SYNBAL_PETSC(PCSetFromOptions(raw));
    if (!hypre_chosen(raw)) return;
    prefer_robust_boomeramg(kPrefix);
    SYNBAL_PETSC(PCSetFromOptions(raw));
  }

  /// Multigrid wants numbers of order one: the whole matrix is divided by a power of two near its largest entry.
  void assemble(const NeuronCosts& costs, double f) {
    std::vector<double> diagonal(at(problem.size()));
    laplacian_diagonal(problem, costs, diagonal);
    double largest = 1;
    for (double& d : diagonal) d = 1 + f * d, largest = std::max(largest, d);
    unit = std::exp2(-std::round(std::log2(problem.comm().max(largest))));
    for (double& d : diagonal) d *= unit;
    const std::vector<double> scale(diagonal.size(), std::sqrt(f * unit));
    matrix = assemble_laplacian(problem, costs, scale, diagonal, comm.get());
  }

  [[nodiscard]] PetscVec wrap(const double* values) const {
    Vec raw = nullptr;
    SYNBAL_PETSC(VecCreateMPIWithArray(comm.get(), 1, problem.size(), static_cast<PetscInt>(problem.global_size()),
                                       values, &raw));
    return PetscVec::adopt(raw);
  }

  const BalanceProblem& problem;
  Comm comm;  // outlives the PETSc objects below
  double unit = 1;
  PetscMat matrix;
  PetscPc pc;
};

bool LaplacianPreconditioner::wanted() {
  PetscBool given = PETSC_FALSE;
  SYNBAL_PETSC(PetscOptionsHasName(nullptr, kPrefix, "-pc_type", &given));
  return given == PETSC_TRUE;
}

LaplacianPreconditioner::LaplacianPreconditioner(const BalanceProblem& problem)
    : body_(std::make_unique<Body>(problem)) {}
LaplacianPreconditioner::~LaplacianPreconditioner() = default;

bool LaplacianPreconditioner::set_up(const NeuronCosts& costs, double f) {
  auto& b = *body_;
  if (exceeds_petsc_int(b.problem)) {
    throw bad_input(
        "too many synapses on a rank for an assembled matrix with 32-bit indices (-flow_pc_type wants one): use more "
        "ranks, build the petsc64 preset, or leave the option out");
  }
  b.assemble(costs, f);
  SYNBAL_PETSC(PCSetOperators(b.pc.get(), b.matrix.get(), b.matrix.get()));
  const PetscErrorCode failed = PCSetUp(b.pc.get());
  if (failed != 0) log_debug("the preconditioner of -flow_pc_type could not be set up (PETSc error {})", failed);
  return !b.problem.comm().any(failed != 0);
}

void LaplacianPreconditioner::apply(std::span<const double> r, std::span<double> z) {
  auto& b = *body_;
  const auto from = b.wrap(r.data()), to = b.wrap(z.data());
  SYNBAL_PETSC(PCApply(b.pc.get(), from.get(), to.get()));
  for (double& x : z) x *= b.unit;
}

}  // namespace synbal
