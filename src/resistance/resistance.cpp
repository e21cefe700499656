// Resistances of pairs: blocks of right-hand sides, each column ended by its own bracket.
#include "synbal/resistance/resistance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "resistance/deflation.hpp"
#include "resistance/pair_certificate.hpp"
#include "resistance/quadrature.hpp"
#include "resistance/tuning.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal {

namespace {

using namespace detail::tuning;

/// Facts about the pairs of a chunk that only the owners of their nodes know.
struct PairFacts {
  std::vector<std::int64_t> component;  // [2 * pairs] label + 1 of both ends
  std::vector<double> conductance;      // [pairs]
};

void check_nodes(const ConductanceGraph& graph, std::span<const NodePair> pairs) {
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    for (const auto node : {pairs[k].first, pairs[k].second}) {
      if (node == kGround || (node >= 0 && node < graph.global_size())) continue;
      throw bad_input(fmt::format("pair {} names node {} (the graph has the nodes 0 to {}): correct the list of pairs",
                                  k + 1, node, graph.global_size() - 1));
    }
  }
}

// Collective. The pairs of all ranks, one list after the other.
std::vector<NodePair> gathered(const Comm& comm, std::span<const NodePair> pairs) {
  std::vector<GlobalIndex> ends;
  for (const auto& pair : pairs) ends.push_back(pair.first), ends.push_back(pair.second);
  ends = comm.gather_all(std::span<const GlobalIndex>(ends));
  std::vector<NodePair> all;
  for (std::size_t k = 0; k < ends.size(); k += 2) all.push_back({ends[k], ends[k + 1]});
  return all;
}

/// What pairs of all ranks add to the result.
void sum_up(std::span<const PairResistance> pairs, PairResistances& result) {
  for (const auto& pair : pairs) {
    result.converged = result.converged && pair.converged;
    result.iterations = std::max(result.iterations, pair.iterations);
    result.unreachable += std::isinf(pair.value) ? 1 : 0;
  }
}

/// Conductance from owned node i to `other`, which may be ground.
double conductance_to(const ConductanceGraph& graph, LocalIndex i, GlobalIndex other) {
  if (other == kGround) return graph.ground()[at(i)];
  for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
    if (graph.global(graph.neighbour()[e]) == other) return graph.conductance()[e];
  }
  return 0;
}

/// Label of a node's component + 1 where it is owned, ground's on rank 0, else 0.
std::int64_t component_of(const ConductanceGraph& graph, GlobalIndex node) {
  if (node == kGround) return graph.comm().is_root() ? graph.grounded_component() + 1 : 0;
  return graph.nodes().owns(node) ? graph.component()[at(node - graph.nodes().first())] + 1 : 0;
}

// Collective.
PairFacts facts_of(const ConductanceGraph& graph, std::span<const NodePair> pairs) {
  PairFacts facts;
  const auto& nodes = graph.nodes();
  for (const auto& [first, second] : pairs) {
    facts.component.insert(facts.component.end(), {component_of(graph, first), component_of(graph, second)});
    const auto from = first == kGround ? second : first, to = first == kGround ? kGround : second;
    const bool here = from != kGround && first != second && nodes.owns(from);
    facts.conductance.push_back(here ? conductance_to(graph, static_cast<LocalIndex>(from - nodes.first()), to) : 0.0);
  }
  graph.comm().sum(std::span(facts.component));
  graph.comm().sum(std::span(facts.conductance));
  return facts;
}

using detail::EnergyBracket;

/// One column's bracket through the cycles of its solve.
struct ColumnBracket {
  EnergyBracket bracket;
  bool fits = true;  // the eigenvalue bound is that of the preconditioner in use
  std::int64_t iterations = 0;
  bool warm = false;  // did not start from 0
  bool last = true;   // x is what conjugate gradients ended with, of which the bracket is

  /// Elimination said it all, and it never subtracts.
  [[nodiscard]] bool by_elimination() const { return iterations == 0 && !warm; }
};

PairResistance answer(const ColumnBracket& column, const LaplacianColumn& solved) {
  PairResistance pair;
  pair.iterations = solved.iterations;
  if (column.by_elimination()) {
    pair.lower = solved.energy * (1 - kRounding), pair.upper = solved.energy * (1 + kRounding);
  } else {
    pair.lower = column.last ? column.bracket.lower() : 0.0;
    pair.upper = column.last && column.fits ? column.bracket.upper() : HUGE_VAL;
  }
  return pair;
}

void conclude(PairResistance& pair, double tolerance) {
  const double width = pair.upper - pair.lower;
  pair.value = std::isfinite(width) ? pair.lower + width / 2 : pair.lower;
  pair.converged = std::isfinite(width) && width >= 0 && width <= tolerance * (pair.upper + pair.lower);
}

// b_k = e_first - e_second.
std::vector<double> sides_of(const ConductanceGraph& graph, std::span<const NodePair> pairs) {
  const auto& nodes = graph.nodes();
  const auto m = pairs.size();
  std::vector<double> b(at(graph.size()) * m, 0.0);
  for (std::size_t k = 0; k < m; ++k) {
    const auto [first, second] = pairs[k];
    if (first != kGround && nodes.owns(first)) b[at(first - nodes.first()) * m + k] += 1;
    if (second != kGround && nodes.owns(second)) b[at(second - nodes.first()) * m + k] -= 1;
  }
  return b;
}

/// What block() needs beside the pairs.
struct BlockTask {
  const ConductanceGraph* graph;
  LaplacianSolver* solver;
  const ResistanceParams* params;
  const EigenvalueBound* bound;
  const detail::EnergyBasis* slow;  ///< null: solves start from 0
};

// Collective. [m] What rounding can have done to the energies of CG, relative to them: 8 eps x^T D x / x^T L x, large
// where clusters hang together by threads, and how far they are from 2 b^T x - x^T L x, which they are without rounding
// (steps into a space that is exhausted show there), and the step that was not made, whose length is least sure. 0
// where CG has no energy to be used.
std::vector<double> rounding_of(const ConductanceGraph& graph, std::span<const double> b, std::span<const double> x,
                                std::span<const ColumnBracket> columns) {
  const auto m = columns.size();
  std::vector<double> sums(3 * m, 0.0), product(x.size()), rounding;
  const auto dots = std::span(sums).subspan(2 * m);
  LaplacianOperator(graph).apply(x, product, static_cast<int>(m), dots);
  for (std::size_t i = 0; i < x.size(); ++i) {
    sums[i % m] += graph.degree()[i / m] * x[i] * x[i];
    sums[m + i % m] += 2 * b[i] * x[i];
  }
  graph.comm().sum(std::span(sums));
  for (std::size_t k = 0; k < m; ++k) {
    const auto& column = columns[k];
    const double energy = column.bracket.energy(), own = sums[m + k] - dots[k];
    const bool none = column.by_elimination() || !column.last || !(energy > 0);
    const double spread =
        std::max(8 * std::numeric_limits<double>::epsilon() * sums[k], kAhead * column.bracket.deficit());
    rounding.push_back(none ? 0.0 : std::max(spread, std::abs(energy - own) - kRounding * energy) / energy);
  }
  return rounding;
}

/// Whether rounding takes a share of the tolerance that counts.
bool doubtful(double rounding, double tolerance) { return !(rounding <= kWorthwhile * tolerance); }

void widen(PairResistance& pair, double rounding) { pair.lower *= 1 - rounding, pair.upper *= 1 + rounding; }

// Collective. Brackets from the solutions themselves; those of conjugate gradients count only where rounding has not.
void bracket_by_solution(detail::PairCertificate& certificate, const BlockTask& task, std::span<const double> b,
                         std::span<double> x, std::span<const ColumnBracket> columns, std::span<const double> rounding,
                         std::span<PairResistance> answers) {
  const double tolerance = task.params->tolerance;
  const bool limited = std::any_of(columns.begin(), columns.end(), [&](const ColumnBracket& column) {
    return column.iterations >= task.params->max_iterations;
  });
  const auto certified = certificate(b, x, static_cast<int>(answers.size()), !limited);
  for (std::size_t k = 0; k < answers.size(); ++k) {
    if (columns[k].by_elimination()) continue;
    auto [lower, upper] = certified[k];
    if (!doubtful(rounding[k], tolerance)) {
      lower = std::max(lower, answers[k].lower), upper = std::min(upper, answers[k].upper);
    }
    answers[k].lower = lower, answers[k].upper = upper;
    conclude(answers[k], tolerance);
  }
}

/// Brackets the columns of a block, and ends those whose bracket is narrow enough.
class BracketObserver {
 public:
  BracketObserver(const BlockTask& task, std::size_t columns)
      : bound_(*task.bound),
        target_(kMargin * task.params->tolerance),
        columns_(columns, ColumnBracket{EnergyBracket(bound_), true, 0, task.slow != nullptr}) {}

  void operator()(const PcgIteration& step) {
    // A later cycle may have another preconditioner; Jacobi at least is told apart.
    const bool fits = step.jacobi == bound_.jacobi && (step.cycle == 0 || step.jacobi);
    changed_ = changed_ || !fits;
    for (std::size_t k = 0; k < step.column.size(); ++k) {
      auto& column = columns_[at(step.column[k])];
      if (step.stop[k] != 0) continue;
      column.fits = fits;
      if (!fits) column.bracket = EnergyBracket();  // Gauss holds whatever the preconditioner
      column.bracket.update(step, k);
      ++column.iterations;
      step.stop[k] = fits && column.bracket.relative_error() <= target_ ? 1 : 0;
    }
  }
  void note_ends(const LaplacianSolve& solved) {
    for (std::size_t k = 0; k < columns_.size(); ++k) columns_[k].last = solved.columns[k].last;
  }

  [[nodiscard]] std::span<const ColumnBracket> columns() const { return columns_; }
  /// Another preconditioner than the bound's has been at work.
  [[nodiscard]] bool changed() const { return changed_; }

 private:
  const EigenvalueBound& bound_;
  double target_;
  std::vector<ColumnBracket> columns_;
  bool changed_ = false;
};

/// Whether solutions themselves have to be looked at.
bool any_doubt(std::span<const PairResistance> answers, std::span<const double> rounding, double tolerance) {
  return std::any_of(rounding.begin(), rounding.end(), [&](double r) { return doubtful(r, tolerance); }) ||
         std::any_of(answers.begin(), answers.end(), [](const PairResistance& a) { return !a.converged; });
}

// Collective. Pairs of distinct nodes within components, at most kMaxColumns. @return false when the solver has changed
// its preconditioner on the way.
bool block(const BlockTask& task, std::optional<detail::PairCertificate>& certificate, std::span<const NodePair> pairs,
           std::span<PairResistance> answers) {
  const auto m = static_cast<int>(pairs.size());
  const double tolerance = task.params->tolerance;
  const auto b = sides_of(*task.graph, pairs);
  std::vector<double> x(b.size());
  BracketObserver brackets(task, pairs.size());
  LaplacianSolveParams params;
  params.tolerance = kResidual;
  params.max_iterations = task.params->max_iterations;
  params.warm = task.slow != nullptr;
  if (params.warm) task.slow->solve(b, x, m);
  const auto solved = task.solver->solve(b, x, m, params, std::ref(brackets));
  brackets.note_ends(solved);
  const auto rounding = rounding_of(*task.graph, b, x, brackets.columns());
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    answers[k] = answer(brackets.columns()[k], solved.columns[k]);
    widen(answers[k], rounding[k]);
    conclude(answers[k], tolerance);
  }
  if (any_doubt(answers, rounding, tolerance)) {
    if (!certificate) certificate.emplace(*task.graph, *task.solver);
    bracket_by_solution(*certificate, task, b, x, brackets.columns(), rounding, answers);
  }
  return !brackets.changed() && solved.preconditioner == task.bound->preconditioner;
}

}  // namespace

namespace {

constexpr std::size_t kKeptValues = 7;

std::array<double, kKeptValues> values_of(const PairResistance& p) {
  return {
      p.value, p.lower, p.upper, p.conductance, p.leverage, static_cast<double>(p.iterations), p.converged ? 1.0 : 0};
}

PairResistance pair_of(std::span<const double> v) {
  return {v[0], v[1], v[2], v[3], v[4], static_cast<std::int64_t>(v[5]), v[6] != 0};
}

}  // namespace

struct ResistanceSolver::SlowSpace {
  detail::EnergyBasis basis;
};
struct ResistanceSolver::Certificate {
  std::optional<detail::PairCertificate> made;
};

ResistanceSolver::ResistanceSolver(const ConductanceGraph& graph, LaplacianSolver& solver,
                                   const ResistanceParams& params)
    : graph_(&graph), solver_(&solver), params_(params), certificate_(std::make_unique<Certificate>()) {}
ResistanceSolver::~ResistanceSolver() = default;

int ResistanceSolver::deflated() const noexcept { return slow_ ? slow_->basis.count() : 0; }

// Collective. The share of iterations that a space of so many vectors may spare; 0: too little to bother.
double ResistanceSolver::gain_of(int vectors) {
  const auto& bound = eigenvalue_bound();
  if (bound.preconditioner == "direct" || bound.preconditioner == "elimination") return 0;
  const double gain = detail::deflation_gain(bound.columns, vectors, graph_->global_size() - solver_->eliminated());
  return gain < kLeastGain ? 0.0 : gain;
}

// Collective. Once, before the first pair.
void ResistanceSolver::deflate(std::int64_t pairs) {
  if (slow_ || pairs == 0) return;
  if (params_.deflation.value_or(0) > 0) eigenvalue_bound();  // makes the solver choose its preconditioner
  int vectors = params_.deflation.value_or(kDeflation);
  if (!params_.deflation) {
    const double blocks = static_cast<double>(pairs) / LaplacianOperator::kMaxColumns;
    const double cost = kBlocksPerVector * vectors;
    if (blocks < cost || blocks * gain_of(vectors) < cost) vectors = 0;
  }
  slow_ = std::make_unique<SlowSpace>(SlowSpace{
      vectors > 0 ? detail::slow_space(*graph_, *solver_, vectors, params_.seed) : detail::EnergyBasis(*graph_, 0)});
}

const EigenvalueBound& ResistanceSolver::eigenvalue_bound() {
  if (!bound_) {
    bound_ = detail::smallest_eigenvalue_bound(*graph_, *solver_, params_.failure_probability, params_.seed, kResidual);
  }
  return *bound_;
}

void ResistanceSolver::solve_block(std::span<const NodePair> pairs, std::span<PairResistance> answers) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto& bound = eigenvalue_bound();
    const auto* slow = deflated() > 0 ? &slow_->basis : nullptr;
    if (block({graph_, solver_, &params_, &bound, slow}, certificate_->made, pairs, answers)) return;
    bound_.reset();
  }
}

// Collective. The pairs of a chunk, the same on all ranks.
std::vector<PairResistance> ResistanceSolver::solve_chunk(std::span<const NodePair> pairs) {
  const auto facts = facts_of(*graph_, pairs);
  std::vector<PairResistance> answers(pairs.size());
  std::vector<std::size_t> asked;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const bool joined = facts.component[2 * k] == facts.component[2 * k + 1];
    answers[k].converged = true;
    if (!joined && pairs[k].first != pairs[k].second) answers[k].value = answers[k].lower = answers[k].upper = HUGE_VAL;
    if (joined && pairs[k].first != pairs[k].second) asked.push_back(k);
  }
  for (std::size_t begin = 0; begin < asked.size(); begin += LaplacianOperator::kMaxColumns) {
    const auto places =
        std::span(asked).subspan(begin).first(std::min(at(LaplacianOperator::kMaxColumns), asked.size() - begin));
    std::vector<NodePair> some;
    std::vector<PairResistance> found(places.size());
    for (const auto place : places) some.push_back(pairs[place]);
    solve_block(some, found);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const double conductance = facts.conductance[places[k]];
      found[k].conductance = conductance, found[k].leverage = conductance * found[k].value;
      answers[places[k]] = found[k];
    }
  }
  return answers;
}

/// Collective with a keeper. Fills in what is known. @return the places of the others.
std::vector<std::size_t> ResistanceSolver::recall(std::span<const NodePair> pairs, PairResistances& result) const {
  std::vector<std::size_t> left;
  PairResistances known;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const auto values = params_.keeper != nullptr ? params_.keeper->known({pairs[k].first, pairs[k].second})
                                                  : std::span<const double>();
    if (values.size() != kKeptValues) {
      left.push_back(k);
      continue;
    }
    result.pairs[k] = pair_of(values);
    known.pairs.push_back(result.pairs[k]);
  }
  if (params_.keeper == nullptr) return left;
  sum_up(known.pairs, known);
  const auto& comm = graph_->comm();
  result.converged = !comm.any(!known.converged), result.iterations = comm.max(known.iterations);
  result.unreachable = comm.sum(known.unreachable);
  return left;
}

/// Collective with a keeper.
void ResistanceSolver::remember(std::span<const NodePair> pairs, std::span<const PairResistance> answers) const {
  if (params_.keeper == nullptr) return;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    params_.keeper->add({pairs[k].first, pairs[k].second}, values_of(answers[k]));
  }
  params_.keeper->pause();
}

PairResistances ResistanceSolver::operator()(std::span<const NodePair> pairs) {
  const Timer timer;
  const auto& comm = graph_->comm();
  agreed(comm, [&] { check_nodes(*graph_, pairs); });
  PairResistances result;
  result.pairs.resize(pairs.size());
  const auto left = recall(pairs, result);
  const auto own = static_cast<std::int64_t>(left.size());
  const auto before = comm.sum_below(own), all = comm.sum(own);
  const auto step = params_.keeper != nullptr ? kKeptChunk : kChunk;
  std::optional<HearsSignals> hears;
  if (params_.keeper != nullptr) hears.emplace();  // at its pauses
  if (all > 0 || params_.keeper == nullptr) deflate(std::max(all, params_.expected));
  for (std::int64_t first = 0; first < all; first += step) {
    const auto begin = std::clamp(first - before, std::int64_t{0}, own);
    const auto end = std::clamp(first + step - before, std::int64_t{0}, own);
    std::vector<NodePair> some;
    for (auto k = begin; k < end; ++k) some.push_back(pairs[left[at(k)]]);
    const auto chunk = gathered(comm, some);
    const auto answers = solve_chunk(chunk);
    for (auto k = begin; k < end; ++k) result.pairs[left[at(k)]] = answers[at(before + k - first)];
    sum_up(answers, result);
    remember(chunk, answers);
  }
  result.seconds = timer.seconds();
  return result;
}

}  // namespace synbal
