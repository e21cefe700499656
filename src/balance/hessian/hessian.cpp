// Solves with L: conjugate gradients, and the preconditioners they go through.
#include "synbal/balance/hessian.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "balance/clusters/two_level.hpp"
#include "balance/hessian/hessian_elimination.hpp"
#include "synbal/balance/hessian_action.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/krylov/pcg.hpp"
#include "synbal/krylov/petsc_preconditioner.hpp"

namespace synbal {

namespace {

constexpr const char* kPrefix = "newton_";
constexpr double kPatience = 120;  // iterations ahead that are dearer than multigrid, which has to be set up every time
constexpr std::int64_t kJacobiLimit = 120, kRobustLimit = 300, kLastResortLimit = 2000;

/// L for conjugate gradients and for preconditioners.
class Hessian final : public SymmetricOperator, public MatrixSource {
 public:
  Hessian(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
      : action_(problem, kernel),
        components_(&components),
        finer_(components.nullity() > ComponentSums(problem).nullity()) {}

  void set_point(const NeuronCosts& costs) {
    costs_ = &costs;
    action_.set_point(costs);
  }
  [[nodiscard]] std::unique_ptr<TwoLevel> two_level() const {
    return TwoLevel::make(action_.problem(), *costs_, action_.diagonal(), *components_, finer_);
  }

  /// Collective. Null where elimination is not light.
  [[nodiscard]] std::unique_ptr<BlockPreconditioner> eliminated() {
    return elimination_.factor(action_.problem(), *costs_, action_.diagonal(), *components_);
  }
  /// Collective at the first call.
  [[nodiscard]] bool light_elimination() { return !finer_ && elimination_.light(action_.problem()); }

  [[nodiscard]] const ComponentSums& components() const override { return *components_; }
  [[nodiscard]] std::span<const double> diagonal() const override { return action_.diagonal(); }
  void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) override {
    if (!finer_) return action_.apply(x, y, columns, dots);
    // L knows of constants of clusters by what crosses weak cuts: Q L Q does not, and is as symmetric.
    centered_.assign(x.begin(), x.end());
    components_->project(centered_, columns);
    action_.apply(centered_, y, columns, dots);
    components_->project(y, columns);
  }
  [[nodiscard]] bool finer() const { return finer_; }

  [[nodiscard]] const Comm& comm() const override { return action_.problem().comm(); }
  [[nodiscard]] LocalIndex size() const override { return action_.problem().size(); }
  [[nodiscard]] GlobalIndex global_size() const override { return action_.problem().global_size(); }
  [[nodiscard]] std::int64_t entries() const override { return action_.entries(); }
  [[nodiscard]] PetscMat assemble(std::span<const double> scale, std::span<const double> diagonal,
                                  MPI_Comm comm) const override {
    return action_.assemble(scale, diagonal, comm);
  }

 private:
  HessianAction action_;
  const ComponentSums* components_;
  std::vector<double> centered_;
  bool finer_;  // the components divide those of the problem
  const NeuronCosts* costs_ = nullptr;
  HessianElimination elimination_;
};

}  // namespace

struct HessianSolver::Body {
  Body(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
      : hessian(problem, kernel, components), pcg(hessian), finer(hessian.finer()) {}

  Hessian hessian;
  BlockPcg pcg;
  bool coarsened = false;  // multigrid has been tried
  bool finer;
};

HessianSolver::HessianSolver(const BalanceProblem& problem, FusedKernel& kernel, const ComponentSums& components)
    : body_(std::make_unique<Body>(problem, kernel, components)) {}
HessianSolver::~HessianSolver() = default;

bool HessianSolver::may_factorise() const { return !body_->finer && !body_->hessian.components().reproducible(); }

bool HessianSolver::user_chose_preconditioner() { return synbal::user_chose_preconditioner(kPrefix); }

std::vector<Preconditioner> HessianSolver::after(Preconditioner present, bool /*swings*/) const {
  const auto n = body_->hessian.global_size();
  std::vector<Preconditioner> list;
  if (user_chose_preconditioner()) return list;  // PETSc would take the user's again
  if (present == Preconditioner::jacobi && (n > kTinyLimit || !may_factorise()))
    list.push_back(Preconditioner::clusters);
  const bool light = present == Preconditioner::jacobi || present == Preconditioner::clusters;
  if (body_->hessian.components().reproducible()) return list;  // what others build depends on who has which rows
  if (light && n > kTinyLimit && !body_->finer) list.push_back(Preconditioner::direct);  // if it fills little
  if (light && (n > kTinyLimit || body_->finer)) list.push_back(Preconditioner::multigrid);
  if (present != Preconditioner::direct && n <= kDirectLimit && !body_->finer) list.push_back(Preconditioner::direct);
  return list;
}

double HessianSolver::patience(Preconditioner /*present*/, bool /*swings*/) const { return kPatience; }

std::int64_t HessianSolver::limit(Preconditioner kind, bool last) const {
  if (last) return kLastResortLimit;
  return kind == Preconditioner::jacobi ? kJacobiLimit : kRobustLimit;
}

std::unique_ptr<BlockPreconditioner> HessianSolver::make(Preconditioner kind) {
  auto& hessian = body_->hessian;
  release();
  if (hessian.global_size() > kTinyLimit) leave_without_time_for_set_up();
  if (kind == Preconditioner::clusters) return hessian.two_level();
  const bool own = kind == Preconditioner::direct && !user_chose_preconditioner();
  if (own && hessian.light_elimination()) return hessian.eliminated();
  if (own && hessian.global_size() > kTinyLimit && !body_->coarsened) return nullptr;  // it fills: multigrid is first
  body_->coarsened = body_->coarsened || kind == Preconditioner::multigrid;
  return petsc_preconditioner(hessian, kPrefix, kind, &hessian.components());
}

void HessianSolver::release() { body_->pcg.release(); }

void HessianSolver::set_point(const NeuronCosts& costs) {
  body_->hessian.set_point(costs);
  body_->pcg.take_diagonal();
}

KrylovResult HessianSolver::solve(std::span<const double> g, std::span<double> d, const KrylovParams& params,
                                  PreconditionerChoice& choice) {
  auto& b = *body_;
  std::vector<double> right(g.begin(), g.end());
  b.pcg.project(right);
  PcgTask task{right, {{params.tolerance, params.max_iterations}}, PcgNorm::natural};
  task.adviser = choice.begin(params.tolerance);
  const auto outcome = b.pcg.run(task, d, choice.get());
  b.hessian.components().center(d);
  bool finite = true;
  for (const double value : d) finite = finite && std::isfinite(value);
  const bool converged = outcome.end[0] == PcgEnd::reached;
  const bool moved =
      converged || outcome.iterations[0] > 0;  // a breakdown at the start leaves zeros that solve nothing
  return {outcome.iterations[0], converged, !b.hessian.comm().any(!finite) && moved};
}

}  // namespace synbal
