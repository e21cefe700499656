// From right-hand sides to solutions: projection, cycles of conjugate gradients, and the test of the true
// residual.
#include "synbal/laplacian/solver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "laplacian/choice.hpp"
#include "laplacian/reduced_system.hpp"
#include "laplacian/tuning.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/krylov/operator.hpp"

namespace synbal {

namespace {

using Values = std::vector<double>;

using namespace detail::tuning;

/// The columns of one block: where each stands. Blocks are interleaved with `m` columns.
struct Block {
  std::size_t m = 0;
  int first = 0;      // name of the first right-hand side
  bool fresh = true;  // x is still 0
  Values rhs, x, r;   // P b, what solves it so far, what is left
  Values norm, left;  // |P b|, |r|
  std::vector<LaplacianColumn> columns;
  std::vector<std::uint8_t> open;  // still to be solved

  void finish(double acceptable) {
    for (std::size_t k = 0; k < m; ++k) {
      columns[k].residual = norm[k] > 0 ? left[k] / norm[k] : 0.0;
      columns[k].converged = columns[k].converged || columns[k].residual <= acceptable;
    }
  }
  [[nodiscard]] std::vector<std::size_t> open_columns() const {
    std::vector<std::size_t> list;
    for (std::size_t k = 0; k < m; ++k) {
      if (open[k] != 0) list.push_back(k);
    }
    return list;
  }
};

/// What a cycle has made of the open columns: x with what they had before, b - L x, and the norms of that.
struct Attempt {
  std::vector<std::size_t> open;
  Values x, r, left;

  /// Column k in its place of the block.
  void keep(std::size_t k, Block& block) const {
    for (std::size_t i = k, row = open[k]; i < x.size(); i += open.size(), row += block.m) {
      block.x[row] = x[i], block.r[row] = r[i];
    }
    block.left[open[k]] = left[k];
  }
};

/// Some columns of a block of `m`, as a block of their own.
Values pick(const Values& block, std::size_t m, const std::vector<std::size_t>& columns) {
  if (columns.size() == m) return block;
  Values picked;
  picked.reserve(m == 0 ? 0 : block.size() / m * columns.size());
  for (std::size_t i = 0; i < block.size(); i += m) {
    for (const auto k : columns) picked.push_back(block[i + k]);
  }
  return picked;
}

/// dots[k] += x_k . y_k of this rank's nodes.
void add_dots(const Values& x, const Values& y, std::size_t m, std::span<double> dots) {
  for (std::size_t i = 0; i < x.size(); i += m) {
    for (std::size_t k = 0; k < m; ++k) dots[k] += x[i + k] * y[i + k];
  }
}

/// How the column stands now. Who ends it judges its energy, which CG lowers with every step, unlike the residual.
void note(Block& block, const Attempt& attempt, std::size_t k, const PcgOutcome& outcome,
          const LaplacianSolveParams& params) {
  const auto place = attempt.open[k];
  auto& column = block.columns[place];
  column.stopped = outcome.end[k] == PcgEnd::stopped;
  column.last = attempt.left[k] < block.left[place] || column.stopped;
  if (column.last) attempt.keep(k, block);
  column.iterations += outcome.iterations[k];
  column.energy = outcome.energy[k];
  column.converged = block.left[place] <= params.tolerance * block.norm[place];
}

}  // namespace

struct LaplacianSolver::Body {
  Body(const ConductanceGraph& g, const LaplacianSolverParams& params)
      : graph(g),
        components(g),
        laplacian(g),
        system(g, components, laplacian, params.eliminate),
        preconditioners(system.graph()),
        asked(preconditioners.asked(params)),
        choice(preconditioners, asked, asked.has_value()) {
    if (system.graph().global_size() > 0) begin_choice();
    setup_seconds = timer.seconds();
  }

  void begin_choice() {
    if (choice.resolved() && !choice.renew()) refuse();
    if (!choice.resolved() && preconditioners.full_of_triangles()) choice.try_kind(Preconditioner::incomplete);
  }
  [[noreturn]] void refuse() const {
    throw bad_input(
        fmt::format("the preconditioner that was asked for ({}) cannot be set up for this graph of {} nodes and {} "
                    "edges (the log says more at its debug level): ask for another one, or for none",
                    to_string(*asked), system.graph().global_size(), system.graph().edges()));
  }
  Block solve(std::span<const double> b, std::span<double> x, int columns, int first,
              const LaplacianSolveParams& params, const PcgObserver& observer);
  Block begin(std::span<const double> b, int columns, int first, int m) const;
  void project(Block& block) const;
  void start_from(std::span<const double> x, int columns, Block& block);
  void cycle(Block& block, int number, const LaplacianSolveParams& params, const PcgObserver& observer);
  Values known_energy(const Block& block, const std::vector<std::size_t>& open) const;
  Attempt attempt_of(const Block& block, std::vector<std::size_t>&& open, Values&& dx);
  void accept(Block& block, const Attempt& attempt, const PcgOutcome& outcome, const LaplacianSolveParams& params);
  void change_preconditioner(Block& block, const std::vector<std::size_t>& idle);
  [[nodiscard]] std::int64_t passes() const { return laplacian.passes() + system.passes(); }

  Timer timer;
  const ConductanceGraph& graph;
  ComponentSums components;
  LaplacianOperator laplacian;
  detail::ReducedSystem system;
  detail::GraphPreconditioners preconditioners;
  std::optional<Preconditioner> asked;
  PreconditionerChoice choice;
  double setup_seconds = 0;
};

// Collective. Columns first .. first + m - 1 of b, projected onto the range of L.
Block LaplacianSolver::Body::begin(std::span<const double> b, int columns, int first, int m) const {
  Block block;
  block.m = at(m), block.first = first;
  const auto n = at(graph.size());
  block.rhs.resize(n * block.m);
  for (std::size_t i = 0; i < n; ++i) std::copy_n(&b[i * at(columns) + at(first)], m, &block.rhs[i * block.m]);
  project(block);
  block.x.assign(block.rhs.size(), 0.0);
  block.r = block.rhs;
  return block;
}

// Collective.
void LaplacianSolver::Body::project(Block& block) const {
  const auto m = block.m;
  auto outside = block.rhs;
  components.project(block.rhs, static_cast<int>(m));
  for (std::size_t i = 0; i < outside.size(); ++i) outside[i] -= block.rhs[i];
  block.left = column_norms(graph.comm(), {block.rhs, outside}, static_cast<int>(m));
  block.columns.resize(m);
  for (std::size_t k = 0; k < m; ++k) {
    const double inside = block.left[k], whole = std::hypot(inside, block.left[m + k]);
    const bool nothing = inside <= 1e-15 * whole;  // P b is rounding alone
    block.norm.push_back(nothing ? 0.0 : inside), block.open.push_back(nothing ? 0 : 1);
    block.columns[k].projected = whole > 0 ? block.left[m + k] / whole : 0.0;
    block.columns[k].converged = nothing;
  }
  block.left.resize(m);
}

// Collective. The block's columns of x in the place of 0, but for those whose solution is 0.
void LaplacianSolver::Body::start_from(std::span<const double> x, int columns, Block& block) {
  const auto m = block.m;
  for (std::size_t i = 0; i < at(graph.size()); ++i) {
    for (std::size_t k = 0; k < m; ++k) {
      block.x[i * m + k] = block.open[k] != 0 ? x[i * at(columns) + at(block.first) + k] : 0.0;
    }
  }
  components.project(block.x, static_cast<int>(m));
  laplacian.apply(block.x, block.r, static_cast<int>(m));
  for (std::size_t i = 0; i < block.r.size(); ++i) block.r[i] = block.rhs[i] - block.r[i];
  block.left = column_norms(graph.comm(), {block.r}, static_cast<int>(m));
  block.fresh = false;
}

// b^T L^+ b = b^T x + r^T x + r^T L^+ r: this rank's part of the first two.
Values LaplacianSolver::Body::known_energy(const Block& block, const std::vector<std::size_t>& open) const {
  if (block.fresh) return Values(open.size(), 0.0);
  Values all(block.m, 0.0), known;
  add_dots(block.rhs, block.x, block.m, all);
  add_dots(block.r, block.x, block.m, all);
  for (const auto k : open) known.push_back(all[k]);
  return known;
}

// Collective. One run of conjugate gradients for what is left of the open columns.
void LaplacianSolver::Body::cycle(Block& block, int number, const LaplacianSolveParams& params,
                                  const PcgObserver& observer) {
  auto open = block.open_columns();
  const double target = kMargin * params.tolerance;
  PcgTask task;
  for (const auto k : open) {
    const auto limit = std::min(params.max_iterations - block.columns[k].iterations, choice.limit());
    task.columns.push_back({target, limit, block.norm[k], 0.0, block.first + static_cast<int>(k)});
  }
  task.adviser = choice.begin(target);
  task.observer = &observer;
  task.cycle = number;
  auto r = pick(block.r, block.m, open);
  Values dx(r.size());
  const auto outcome = system.run(task, r, known_energy(block, open), dx, choice.get());
  accept(block, attempt_of(block, std::move(open), std::move(dx)), outcome, params);
}

// Collective.
Attempt LaplacianSolver::Body::attempt_of(const Block& block, std::vector<std::size_t>&& open, Values&& dx) {
  const auto width = static_cast<int>(open.size());
  Attempt attempt{std::move(open), std::move(dx), {}, {}};
  auto& x = attempt.x;
  if (!block.fresh) {
    const auto before = pick(block.x, block.m, attempt.open);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += before[i];
  }
  components.project(x, width);
  attempt.r.resize(x.size());
  laplacian.apply(x, attempt.r, width);
  const auto rhs = pick(block.rhs, block.m, attempt.open);
  for (std::size_t i = 0; i < rhs.size(); ++i) attempt.r[i] = rhs[i] - attempt.r[i];
  attempt.left = column_norms(graph.comm(), {attempt.r}, width);
  return attempt;
}

// Collective. Keeps what lowers the true residual or what the observer wants, and decides which columns are done.
void LaplacianSolver::Body::accept(Block& block, const Attempt& attempt, const PcgOutcome& outcome,
                                   const LaplacianSolveParams& params) {
  block.fresh = false;
  std::vector<std::size_t> idle;  // open columns for which the same once more would be in vain
  bool weak = false;
  for (std::size_t k = 0; k < attempt.open.size(); ++k) {
    const auto place = attempt.open[k];
    const bool reached = outcome.end[k] == PcgEnd::reached;
    const bool worthwhile = attempt.left[k] <= kWorthwhile * block.left[place];
    note(block, attempt, k, outcome, params);
    const auto& column = block.columns[place];
    const bool done =
        column.converged || column.stopped || (reached && !worthwhile) || column.iterations >= params.max_iterations;
    if (done) block.open[place] = 0;
    if (done || reached) continue;
    weak = true;
    if (!worthwhile) idle.push_back(place);
  }
  if (weak) change_preconditioner(block, idle);
}

// Collective. Columns that are idle go on only if there is another one.
void LaplacianSolver::Body::change_preconditioner(Block& block, const std::vector<std::size_t>& idle) {
  const Timer changing;
  const bool changed = choice.next();
  setup_seconds += changing.seconds();
  for (const auto place : idle) block.open[place] = changed ? 1 : 0;
}

// Collective. Columns first .. of x, as many as go together.
Block LaplacianSolver::Body::solve(std::span<const double> b, std::span<double> x, int columns, int first,
                                   const LaplacianSolveParams& params, const PcgObserver& observer) {
  const int m = std::min(LaplacianOperator::kMaxColumns, columns - first);
  auto block = begin(b, columns, first, m);
  if (params.warm) start_from(x, columns, block);
  for (int number = 0; number < kMaxCycles && !block.open_columns().empty(); ++number) {
    cycle(block, number, params, observer);
  }
  for (std::size_t i = 0; i < at(graph.size()); ++i) {
    std::copy_n(&block.x[i * at(m)], m, &x[i * at(columns) + at(first)]);
  }
  block.finish(params.acceptable);
  return block;
}

LaplacianSolveParams exact_solve(double tolerance) {
  LaplacianSolveParams params;
  params.tolerance = tolerance > 0 ? tolerance : 1e-12;
  params.acceptable = tolerance > 0 ? 0.0 : 1e-10;
  return params;
}

LaplacianSolver::LaplacianSolver(const ConductanceGraph& graph, const LaplacianSolverParams& params)
    : body_(std::make_unique<Body>(graph, params)) {}
LaplacianSolver::~LaplacianSolver() = default;

std::optional<Preconditioner> LaplacianSolver::asked() const noexcept { return body_->asked; }
bool LaplacianSolver::light_elimination() const { return body_->preconditioners.light_elimination(); }
double LaplacianSolver::setup_seconds() const noexcept { return body_->setup_seconds; }
std::int64_t LaplacianSolver::eliminated() const noexcept { return body_->system.eliminated(); }
std::int64_t LaplacianSolver::nullity() const noexcept { return body_->components.nullity(); }

LaplacianSolve LaplacianSolver::solve(std::span<const double> b, std::span<double> x, int columns,
                                      const LaplacianSolveParams& params, const PcgObserver& observer) {
  auto& body = *body_;
  const StageScope stage(Stage::solving);
  const Timer timer;
  const auto setup_before = body.setup_seconds;
  const auto passes_before = body.passes();
  LaplacianSolve result;
  for (int first = 0; first < columns; first += LaplacianOperator::kMaxColumns) {
    const auto block = body.solve(b, x, columns, first, params, observer);
    for (const auto& column : block.columns) {
      result.columns.push_back(column);
      result.iterations = std::max(result.iterations, column.iterations);
      result.converged = result.converged && (column.converged || column.stopped);
    }
  }
  result.preconditioner = body.system.graph().global_size() > 0 ? body.choice.name() : "elimination";
  const double setup_now = body.setup_seconds - setup_before;
  result.setup_seconds = body.setup_seconds;
  result.solve_seconds = timer.seconds() - setup_now;
  result.matrix_passes = body.passes() - passes_before;
  return result;
}

}  // namespace synbal
