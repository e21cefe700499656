// Slow modes by SLEPc: Krylov-Schur on a Chebyshev filter where a polynomial can part the slow modes from the others,
// on the pseudoinverse elsewhere, LAPACK where the graph is tiny.
#include "synbal/spectral/modes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "spectral/mode_operator.hpp"
#include "spectral/mode_spectrum.hpp"
#include "spectral/tuning.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/timer.hpp"
// PETSc turns MPI functions into macros: its headers come last.
#include "spectral/mode_shell.hpp"

namespace synbal {

namespace {

using detail::ModeOperator;
using detail::ModeShell;
using detail::SlepcEps;
using namespace detail::tuning;

/// When a raised eigenvalue is found: what is left of the fast modes in its vector counts `largest` in the residual.
struct FilterTest {
  const ModeShell* shell;
  double at_stake = 0;  ///< raised values that stay below this are found well enough

  static PetscErrorCode estimate(EPS /*eps*/, PetscScalar raised, PetscScalar /*imaginary*/, PetscReal residual,
                                 PetscReal* error, void* data) {
    const auto& test = *static_cast<const FilterTest*>(data);
    const auto& shell = *test.shell;
    *error = 1;
    if (raised + residual < test.at_stake || (raised > 1 && residual <= 1e-14 * raised)) *error = 0;
    const double value = shell.unfiltered(raised);
    if (*error > 0 && raised > 1 && value > 0) *error = residual * shell.filter().largest / ((raised - 1) * value);
    return 0;
  }
};

/// One computation.
class ModeSearch {
 public:
  ModeSearch(const ConductanceGraph& graph, LaplacianSolver& solver, const ModesParams& params)
      : graph_(graph),
        params_(params),
        operator_(graph, solver, params.normalised),
        comm_(graph.comm().get()),
        shell_(comm_, graph, operator_) {
    rank_ = graph.global_size() - solver.nullity();
    // A preconditioner that was asked for is wanted; a light factor makes solves cheaper than any filter.
    inverse_first_ = solver.asked().has_value() || solver.light_elimination();
    wanted_ = static_cast<int>(std::clamp<std::int64_t>(params.count, 0, rank_));
  }

  Modes run() {
    const Timer timer;
    modes_.normalised = params_.normalised;
    if (wanted_ > 0) search();
    modes_.limited = !modes_.converged && modes_.iterations >= params_.max_iterations;
    modes_.seconds = timer.seconds();
    return std::move(modes_);
  }

 private:
  // Collective.
  void search() {
    if (graph_.global_size() <= (10 * wanted_ > rank_ ? kSmall : kTiny)) {
      solve_densely();
    } else if (inverse_first_ || !solve_filtered()) {
      solve_inverted();
    }
    verify();
    if (!modes_.value.empty() && modes_.value.back() > slow_below_) {  // the largest eigenvalue was underestimated
      columns_.clear();
      solve_inverted();
      verify();
    }
    if (!modes_.converged && !columns_.empty()) polish();
  }

  SlepcEps make_eps(EPSType type, EPSWhich which) {
    EPS raw = nullptr;
    SYNBAL_PETSC(EPSCreate(comm_.get(), &raw));
    auto eps = SlepcEps::adopt(raw);
    SYNBAL_PETSC(EPSSetOptionsPrefix(raw, "laplacian_modes_"));
    SYNBAL_PETSC(EPSSetOperators(raw, shell_.matrix(), nullptr));
    SYNBAL_PETSC(EPSSetProblemType(raw, EPS_HEP));
    SYNBAL_PETSC(EPSSetType(raw, type));
    SYNBAL_PETSC(EPSSetWhichEigenpairs(raw, which));
    SYNBAL_PETSC(EPSSetConvergenceTest(raw, EPS_CONV_REL));
    SYNBAL_PETSC(EPSMonitorSet(raw, ModeShell::note_error, &shell_, nullptr));
    return eps;
  }

  // Collective.
  PetscVec vector_of(std::span<const double> values) const {
    Vec raw = nullptr;
    SYNBAL_PETSC(MatCreateVecs(shell_.matrix(), &raw, nullptr));
    auto vector = PetscVec::adopt(raw);
    PetscScalar* room = nullptr;
    SYNBAL_PETSC(VecGetArray(raw, &room));
    std::copy(values.begin(), values.end(), room);
    SYNBAL_PETSC(VecRestoreArray(raw, &room));
    return vector;
  }

  // Collective. Start vectors that belong to the nodes, others in every run.
  void set_start(EPS eps, int count) {
    const CounterRandom random(params_.seed, 0x51A4U + static_cast<std::uint32_t>(runs_++));
    std::vector<PetscVec> vectors;
    std::vector<Vec> raw;
    std::vector<double> start(at(graph_.size()));
    for (int k = 0; k < count; ++k) {
      for (LocalIndex i = 0; i < graph_.size(); ++i) {
        start[at(i)] = random.normal(static_cast<std::uint64_t>(graph_.global(i)), static_cast<std::uint32_t>(k));
      }
      operator_.project(start, 1);
      vectors.push_back(vector_of(start)), raw.push_back(vectors.back().get());
    }
    SYNBAL_PETSC(EPSSetInitialSpace(eps, static_cast<PetscInt>(count), raw.data()));
  }

  // Collective. At most so many restarts, as far as the limit of all leaves them. @return false when SLEPc failed.
  bool solve(EPS eps, double tolerance, std::int64_t restarts) {
    const auto left = params_.max_iterations - modes_.iterations;
    if (left <= 0) return false;
    SYNBAL_PETSC(EPSSetTolerances(eps, tolerance, static_cast<PetscInt>(std::min(restarts, left))));
    SYNBAL_PETSC(EPSSetFromOptions(eps));
    if (!shell_.solve(eps)) return false;
    PetscInt iterations = 0;
    SYNBAL_PETSC(EPSGetIterationNumber(eps, &iterations));
    modes_.iterations += iterations;
    return true;
  }

  void solve_densely() {
    modes_.method = "lapack";
    const auto eps = make_eps(EPSLAPACK, EPS_SMALLEST_REAL);
    if (!solve(eps.get(), kMargin * params_.tolerance, 1)) return solve_inverted();
    collect(eps.get(), wanted_);
  }

  // Collective. The largest eigenvalues of L^+.
  void solve_inverted() {
    modes_.method = "krylov-schur on the pseudoinverse";
    const auto eps = make_eps(EPSKRYLOVSCHUR, EPS_LARGEST_REAL);
    SYNBAL_PETSC(EPSSetDimensions(eps.get(), wanted_, PETSC_DEFAULT, PETSC_DEFAULT));
    shell_.invert(kInverse);
    set_start(eps.get(), 1);
    if (solve(eps.get(), kOfInverse, kInverseRestarts)) collect(eps.get(), wanted_);
    shell_.invert(0);
  }

  // Collective. Once more L^+ on each vector, which takes out most of what is left of fast modes; kept if it helps.
  void polish() {
    const auto columns = columns_;
    const auto modes = modes_;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      operator_.invert({columns[k].data(), 0, 1}, {columns_[k].data(), 0}, kInverse);
    }
    verify();
    const auto worst = [](const Modes& found) {
      return *std::max_element(found.residual.begin(), found.residual.end());
    };
    if (!(worst(modes_) < worst(modes))) columns_ = columns, modes_ = modes;
  }

  // Collective. @return false when there is no filter for these modes.
  bool solve_filtered() {
    const auto spectrum = detail::rough_spectrum(graph_, operator_, kProbe, params_.seed);
    for (const double oversampling : {1.5, 3.0, 6.0}) {
      columns_.clear(), raised_.clear();
      const auto filter = choose_filter(spectrum, oversampling);
      if (filter.degree == 0) break;
      modes_.method = fmt::format("krylov-schur on a chebyshev filter of degree {}", filter.degree);
      shell_.filter(filter);
      const bool found = search_filtered(wanted_, kRoom * wanted_, 0.0) && look_beside();
      shell_.filter({});
      if (!found) continue;
      slow_below_ = filter.threshold;
      return true;
    }
    columns_.clear(), raised_.clear();
    return false;
  }

  // Collective. The same on all ranks, to the last bit.
  detail::ModeFilter choose_filter(const detail::RoughSpectrum& spectrum, double oversampling) {
    auto filter = detail::choose_filter(spectrum, static_cast<double>(rank_), wanted_, oversampling);
    const auto& comm = graph_.comm();
    filter.threshold = comm.broadcast(filter.threshold, 0), filter.largest = comm.broadcast(filter.largest, 0);
    filter.degree = comm.broadcast(filter.degree, 0);
    return filter;
  }

  // Collective. One start vector shows one mode of each eigenvalue, until rounding brings the others: look again beside
  // those found until nothing slower comes up.
  bool look_beside() {
    for (;;) {
      const auto least = at(std::min_element(raised_.begin(), raised_.end()) - raised_.begin());
      const double last = raised_[least];
      if (!search_filtered(1, kRoom * wanted_ / 2, last)) return false;
      const bool slower = raised_.back() > last;
      drop(slower ? least : columns_.size() - 1);
      if (!slower) return true;
    }
  }

  // Collective. Adds the `count` eigenpairs that the filter raises most, beside those already there. @return false when
  // the filter does not raise so many.
  bool search_filtered(int count, int room, double at_stake) {
    const auto eps = make_eps(EPSKRYLOVSCHUR, EPS_LARGEST_REAL);
    FilterTest test{&shell_, at_stake};
    room = static_cast<int>(std::clamp<std::int64_t>(room, 12, graph_.global_size()));
    SYNBAL_PETSC(EPSSetDimensions(eps.get(), count, room, PETSC_DEFAULT));
    SYNBAL_PETSC(EPSSetConvergenceTestFunction(eps.get(), FilterTest::estimate, &test, nullptr));
    std::vector<PetscVec> vectors;
    std::vector<Vec> raw;
    for (const auto& column : columns_) vectors.push_back(vector_of(column)), raw.push_back(vectors.back().get());
    if (!raw.empty()) SYNBAL_PETSC(EPSSetDeflationSpace(eps.get(), static_cast<PetscInt>(raw.size()), raw.data()));
    set_start(eps.get(), 1);
    return solve(eps.get(), kMargin * params_.tolerance, kFilterRestarts) && collect(eps.get(), count);
  }

  void drop(std::size_t k) {
    columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(k));
    raised_.erase(raised_.begin() + static_cast<std::ptrdiff_t>(k));
  }

  // Adds SLEPc's eigenvectors, at most `count`. @return whether there were so many.
  bool collect(EPS eps, int count) {
    PetscInt converged = 0;
    SYNBAL_PETSC(EPSGetConverged(eps, &converged));
    const auto vector = vector_of(std::vector<double>(at(graph_.size())));
    for (PetscInt k = 0; k < std::min<PetscInt>(count, converged); ++k) {
      PetscScalar value = 0;
      SYNBAL_PETSC(EPSGetEigenpair(eps, k, &value, nullptr, vector.get(), nullptr));
      const PetscScalar* values = nullptr;
      SYNBAL_PETSC(VecGetArrayRead(vector.get(), &values));
      columns_.emplace_back(values, values + graph_.size()), raised_.push_back(value);
      SYNBAL_PETSC(VecRestoreArrayRead(vector.get(), &values));
    }
    return converged >= count;
  }

  // Collective. Eigenvalues and residuals from the vectors, whoever made them.
  void verify() {
    const auto count = columns_.size(), n = at(graph_.size());
    std::vector<double> sums(2 * count, 0.0), squares(count, 0.0);
    std::vector<std::vector<double>> products(count, std::vector<double>(n));
    for (std::size_t k = 0; k < count; ++k) {
      auto& y = columns_[k];
      operator_.project(y, 1);
      operator_.scaled_product(y, products[k], 1);
      for (std::size_t i = 0; i < n; ++i) sums[2 * k] += y[i] * y[i], sums[2 * k + 1] += y[i] * products[k][i];
    }
    graph_.comm().sum(std::span(sums));
    std::vector<double> values;
    for (std::size_t k = 0; k < count; ++k) {
      const double norm = std::sqrt(sums[2 * k]);
      values.push_back(sums[2 * k + 1] / sums[2 * k]);
      for (std::size_t i = 0; i < n; ++i) {
        columns_[k][i] /= norm;
        const double r = products[k][i] / norm - values[k] * columns_[k][i];
        squares[k] += r * r;
      }
    }
    graph_.comm().sum(std::span(squares));
    store(values, squares);
  }

  void store(const std::vector<double>& values, const std::vector<double>& squares) {
    std::vector<std::size_t> order(columns_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
    modes_.count = static_cast<int>(order.size());
    modes_.converged = modes_.count == wanted_;
    modes_.vector.resize(at(graph_.size()) * order.size());
    modes_.value.clear(), modes_.residual.clear();
    for (std::size_t k = 0; k < order.size(); ++k) {
      const auto from = order[k];
      modes_.value.push_back(values[from]);
      modes_.residual.push_back(std::sqrt(squares[from]) / values[from]);
      modes_.converged = modes_.converged && modes_.residual.back() <= params_.tolerance;
      for (std::size_t i = 0; i < at(graph_.size()); ++i) {
        modes_.vector[i * order.size() + k] = operator_.scale()[i] * columns_[from][i];
      }
    }
  }

  const ConductanceGraph& graph_;
  const ModesParams& params_;
  ModeOperator operator_;
  Comm comm_;  // outlives the PETSc objects
  ModeShell shell_;
  std::int64_t rank_ = 0;
  bool inverse_first_ = false;
  int wanted_ = 0, runs_ = 0;
  double slow_below_ = HUGE_VAL;
  std::vector<std::vector<double>> columns_;  // eigenvectors of the scaled Laplacian
  std::vector<double> raised_;                // what SLEPc called their eigenvalues
  Modes modes_;
};

}  // namespace

Modes slowest_modes(const ConductanceGraph& graph, LaplacianSolver& solver, const ModesParams& params) {
  const StageScope stage(Stage::solving);
  return ModeSearch(graph, solver, params).run();
}

}  // namespace synbal
