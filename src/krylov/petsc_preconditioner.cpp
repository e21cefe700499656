// BoomerAMG or MUMPS on a matrix that its owner assembles.
#include "synbal/krylov/petsc_preconditioner.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "krylov/constants.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {

constexpr GlobalIndex kSmall = 2'000;  // rows of which every rank can hold a factor

/// Sets a PETSc option unless the user did.
void set_default(const std::string& name, const char* value) {
  PetscBool given = PETSC_FALSE;
  SYNBAL_PETSC(PetscOptionsHasName(nullptr, nullptr, name.c_str(), &given));
  if (given == PETSC_FALSE) SYNBAL_PETSC(PetscOptionsSetValue(nullptr, name.c_str(), value));
}

// Settings that hold on expanders and lattices alike, with iteration counts independent of the number of ranks;
// l1-Jacobi on the coarsest level because Laplacians are singular.
void prefer_robust_boomeramg(const std::string& prefix) {
  const std::pair<const char*, const char*> settings[] = {{"coarsen_type", "PMIS"},
                                                          {"interp_type", "ext+i"},
                                                          {"agg_nl", "2"},
                                                          {"P_max", "4"},
                                                          {"strong_threshold", "0.5"},
                                                          {"relax_type_all", "l1scaled-Jacobi"},
                                                          {"relax_type_coarse", "l1scaled-Jacobi"}};
  for (const auto& [name, value] : settings) set_default("-" + prefix + "pc_hypre_boomeramg_" + name, value);
}

bool is_boomeramg(PC pc) {
  PetscBool hypre = PETSC_FALSE;
  SYNBAL_PETSC(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(pc), PCHYPRE, &hypre));
  const char* which = nullptr;
  if (hypre == PETSC_TRUE) SYNBAL_PETSC(PCHYPREGetType(pc, &which));
  return which != nullptr && std::string(which) == "boomeramg";
}

void choose_cholesky(PC pc) {
  SYNBAL_PETSC(PCSetType(pc, PCCHOLESKY));
  SYNBAL_PETSC(PCFactorSetMatSolverType(pc, MATSOLVERMUMPS));
}

// MUMPS' own choice of an order may fall on PORD, which crashes on graphs with hubs.
void order_by_minimum_degree(PC pc) {
  constexpr PetscInt order_choice = 7, minimum_degree = 6;  // with rows that are nearly full kept for the end
  PetscBool cholesky = PETSC_FALSE, mumps = PETSC_FALSE;
  SYNBAL_PETSC(PetscObjectTypeCompare(reinterpret_cast<PetscObject>(pc), PCCHOLESKY, &cholesky));
  if (cholesky == PETSC_FALSE) return;
  MatSolverType solver = nullptr;
  SYNBAL_PETSC(PCFactorGetMatSolverType(pc, &solver));
  SYNBAL_PETSC(PetscStrcmp(solver, MATSOLVERMUMPS, &mumps));
  if (mumps == PETSC_FALSE) return;
  SYNBAL_PETSC(PCFactorSetUpMatSolverType(pc));
  Mat factor = nullptr;
  SYNBAL_PETSC(PCFactorGetMatrix(pc, &factor));
  SYNBAL_PETSC(MatMumpsSetIcntl(factor, order_choice, minimum_degree));
}

// Substitution in a small factor that lies on several ranks is dozens of messages, one after the other: there every
// rank has all of it, and a solve costs one exchange.
void choose_direct(PC pc, bool small) {
  if (!small) {
    choose_cholesky(pc);
    return;
  }
  SYNBAL_PETSC(PCSetType(pc, PCREDUNDANT));
  KSP each = nullptr;
  SYNBAL_PETSC(PCRedundantGetKSP(pc, &each));
  PC inner = nullptr;
  SYNBAL_PETSC(KSPGetPC(each, &inner));
  choose_cholesky(inner);
}

void choose(PC pc, Preconditioner kind, bool small) {
  if (kind == Preconditioner::direct) return choose_direct(pc, small);
  SYNBAL_PETSC(PCSetType(pc, PCHYPRE));
  SYNBAL_PETSC(PCHYPRESetType(pc, "boomeramg"));
}

/// hypre keeps the errors of a set-up, and answers all that follows with them: what was made could not be freed, and no
/// later set-up would succeed. PETSc brings hypre along, or there is nothing to forget.
void forget_errors_of_hypre() {
  using Forget = int (*)();
  static const auto forget = reinterpret_cast<Forget>(::dlsym(RTLD_DEFAULT, "HYPRE_ClearAllErrors"));
  if (forget != nullptr) forget();
}

class PetscPreconditioner final : public BlockPreconditioner {
 public:
  PetscPreconditioner(const Comm& comm, std::string prefix, Preconditioner kind, const ComponentSums* sums)
      : prefix_(std::move(prefix)), kind_(kind), sums_(sums), comm_(comm.get()) {}

  // Collective. @return false on all ranks when a library refuses.
  bool set_up(const MatrixSource& source) {
    return attempt([&] { make(source.global_size()); }) && attempt([&] { assemble(source); }) && attempt([&] {
             SYNBAL_PETSC(PCSetOperators(pc_.get(), matrix_.get(), matrix_.get()));
             if (!user_chose_preconditioner(prefix_)) order_by_minimum_degree(pc_.get());
             SYNBAL_PETSC(PCSetUp(pc_.get()));
           });
  }

  [[nodiscard]] std::string name() const override {
    PCType type = nullptr;
    if (!user_chose_preconditioner(prefix_)) return to_string(kind_);
    if (pc_) SYNBAL_PETSC(PCGetType(pc_.get(), &type));
    return type == nullptr ? "none" : type;
  }

  void apply(std::span<const double> r, std::span<double> u, int columns) override {
    const auto m = at(columns);
    for (std::size_t k = 0; k < m; ++k) {
      PetscScalar* to = nullptr;
      SYNBAL_PETSC(VecGetArrayWrite(right_.get(), &to));
      for (std::size_t i = 0; i < scaling_.size(); ++i) to[i] = scaling_[i] * r[i * m + k];
      SYNBAL_PETSC(VecRestoreArrayWrite(right_.get(), &to));
      SYNBAL_PETSC(PCApply(pc_.get(), right_.get(), left_.get()));
      const PetscScalar* from = nullptr;
      SYNBAL_PETSC(VecGetArrayRead(left_.get(), &from));
      for (std::size_t i = 0; i < scaling_.size(); ++i) u[i * m + k] = scaling_[i] * from[i];
      SYNBAL_PETSC(VecRestoreArrayRead(left_.get(), &from));
    }
    if (sums_ != nullptr) take_out_constants(*sums_, u, columns, diagonal_, diagonal_sums_);
  }

 private:
  template <class Work>
  bool attempt(Work&& work) {
    bool done = true;
    try {
      work();
    } catch (const Error& error) {
      log_debug("{}: the {} preconditioner could not be set up: {}", prefix_, to_string(kind_), error.what());
      forget_errors_of_hypre();
      done = false;
    }
    return !comm_.any(!done);
  }

  void make(GlobalIndex rows) {
    PC raw = nullptr;
    SYNBAL_PETSC(PCCreate(comm_.get(), &raw));
    pc_ = PetscPc::adopt(raw);
    SYNBAL_PETSC(PCSetOptionsPrefix(raw, prefix_.c_str()));
    if (!user_chose_preconditioner(prefix_)) choose(raw, kind_, comm_.size() > 1 && rows <= kSmall);
    SYNBAL_PETSC(PCSetFromOptions(raw));
    if (!is_boomeramg(raw)) return;
    prefer_robust_boomeramg(prefix_);
    SYNBAL_PETSC(PCSetFromOptions(raw));
  }

  // A factorisation of a singular matrix needs a pivot, and a component that multigrid coarsens to one place must not
  // become an empty row there; it only preconditions, so the solution does not feel the lift.
  void assemble(const MatrixSource& source) {
    diagonal_.assign(source.diagonal().begin(), source.diagonal().end());
    choose_scaling();
    const double lift = kind_ == Preconditioner::direct ? 1 + 1e-14 : 1 + 1e-12;
    std::vector<double> scaled(diagonal_.size());
    for (std::size_t i = 0; i < scaled.size(); ++i) {
      scaled[i] = diagonal_[i] > 0 ? diagonal_[i] * scaling_[i] * scaling_[i] * lift : 1.0;
    }
    matrix_ = source.assemble(scaling_, scaled, comm_.get());
    Vec in = nullptr, out = nullptr;
    SYNBAL_PETSC(MatCreateVecs(matrix_.get(), &in, &out));
    right_ = PetscVec::adopt(in);
    left_ = PetscVec::adopt(out);
    if (sums_ != nullptr) diagonal_sums_ = sums_->sum(diagonal_);
  }

  void choose_scaling() {
    double largest = 0;
    for (const double d : diagonal_) largest = std::max(largest, d);
    largest = comm_.max(largest);
    const double common = largest > 0 ? std::exp2(-std::floor(std::log2(largest) / 2)) : 1.0;
    scaling_.assign(diagonal_.size(), common);
    for (std::size_t i = 0; i < scaling_.size() && kind_ == Preconditioner::direct; ++i) {
      if (diagonal_[i] > 0) scaling_[i] = std::exp2(-std::round(std::log2(diagonal_[i]) / 2));
    }
  }

  std::string prefix_;
  Preconditioner kind_;
  const ComponentSums* sums_;
  Comm comm_;  // outlives the PETSc objects below
  std::vector<double> scaling_, diagonal_, diagonal_sums_;
  PetscMat matrix_;
  PetscPc pc_;
  PetscVec right_, left_;
};

}  // namespace

PetscMat symmetric_matrix(MPI_Comm comm, GlobalIndex global_size, const PetscRows& rows) {
  const auto own = static_cast<PetscInt>(rows.row_ptr.size()) - 1;
  const auto all = static_cast<PetscInt>(global_size);
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreate(comm, &raw));
  auto matrix = PetscMat::adopt(raw);
  SYNBAL_PETSC(MatSetSizes(raw, own, own, all, all));
  SYNBAL_PETSC(MatSetType(raw, MATAIJ));
  SYNBAL_PETSC(MatSeqAIJSetPreallocationCSR(raw, rows.row_ptr.data(), rows.column.data(), rows.value.data()));
  SYNBAL_PETSC(MatMPIAIJSetPreallocationCSR(raw, rows.row_ptr.data(), rows.column.data(), rows.value.data()));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
  SYNBAL_PETSC(MatSetOption(raw, MAT_SPD, PETSC_TRUE));
  return matrix;
}

bool exceeds_petsc_int(const MatrixSource& source) {
  const auto most = std::max<std::int64_t>(source.entries(), source.global_size());
  return source.comm().any(most > std::numeric_limits<PetscInt>::max());
}

bool user_chose_preconditioner(const std::string& prefix) {
  PetscBool given = PETSC_FALSE;
  SYNBAL_PETSC(PetscOptionsHasName(nullptr, prefix.c_str(), "-pc_type", &given));
  return given == PETSC_TRUE;
}

std::unique_ptr<BlockPreconditioner> petsc_preconditioner(const MatrixSource& source, std::string prefix,
                                                          Preconditioner kind, const ComponentSums* sums) {
  if (exceeds_petsc_int(source)) {
    log_debug("{}: more entries a rank or places than PETSc's 32-bit indices count", prefix);
    return nullptr;
  }
  auto made = std::make_unique<PetscPreconditioner>(source.comm(), prefix, kind, sums);
  if (made->set_up(source)) return made;
  if (user_chose_preconditioner(prefix)) {
    throw usage_error(
        fmt::format("-{0}pc_type: PETSc cannot set that preconditioner up (there is none of that name, or "
                    "not for such a matrix or so many ranks): choose another, or leave -{0}pc_type out",
                    prefix));
  }
  return nullptr;
}

}  // namespace synbal
