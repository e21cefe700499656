// The loop of conjugate gradients, and its passes over the vectors.
#include "synbal/krylov/pcg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <limits>

#include "synbal/core/fault.hpp"
#include "synbal/core/fixed_point.hpp"
#include "synbal/core/solve_watch.hpp"

namespace synbal {

/// The scalars of the columns that are still in the block, in the order of their places there.
struct BlockPcg::Columns {
  std::vector<std::size_t> given;  // number in the task
  std::vector<int> name;
  std::vector<double> alpha, beta, rho, next_rho, next_alpha, offset, energy, residual, progress, target, norm;
  std::vector<std::uint8_t> active, stop;
  PcgNorm measure;

  explicit Columns(const PcgTask& task) : measure(task.measure) {
    for (const auto& column : task.columns) {
      given.push_back(given.size()), name.push_back(column.name);
      target.push_back(column.target), offset.push_back(column.offset);
      if (!natural()) norm.push_back(column.norm);
    }
    for (auto* values : {&alpha, &beta, &rho, &next_rho, &next_alpha, &residual}) values->assign(width(), 0.0);
    energy = offset;
    progress.assign(width(), 1.0);
    active.assign(width(), 1), stop.assign(width(), 0);
  }

  [[nodiscard]] std::size_t width() const { return given.size(); }
  [[nodiscard]] bool natural() const { return measure == PcgNorm::natural; }

  /// The scalars of a step hold the squares of the residuals, by the measure that is asked for, from here on.
  [[nodiscard]] std::size_t squares() const { return natural() ? 0 : 2 * width(); }

  /// In the natural norm residuals relate to the first one.
  void take_norms(std::span<const double> scalars) {
    for (std::size_t k = 0; k < width() && natural(); ++k) norm.push_back(std::sqrt(std::max(scalars[k], 0.0)));
  }

  [[nodiscard]] double relative(std::size_t k, std::span<const double> scalars) const {
    const double size = std::sqrt(scalars[squares() + k]);
    return norm[k] > 0 ? size / norm[k] : size;
  }

  /// p^T A p of the direction that follows, from r.u and w.u and the step before (none yet: alpha = 0).
  [[nodiscard]] double curvature(std::size_t k, std::span<const double> scalars, double next_beta) const {
    return scalars[width() + k] - (alpha[k] == 0 ? 0.0 : next_beta * scalars[k] / alpha[k]);
  }

  /// True when the next step may well end all columns, going by the progress of the last one.
  [[nodiscard]] bool ending() const {
    if (norm.empty()) return false;
    for (std::size_t k = 0; k < width(); ++k) {
      if (active[k] != 0 && !(residual[k] * progress[k] <= 3 * target[k])) return false;
    }
    return true;
  }

  /// Residuals and energies after a step.
  void note_step(std::span<const double> scalars) {
    for (std::size_t k = 0; k < width(); ++k) {
      const double now = relative(k, scalars);
      progress[k] = residual[k] > 0 ? std::min(now / residual[k], 1.0) : 1.0;
      residual[k] = now;
      energy[k] += alpha[k] * rho[k];
    }
  }

  /// Of the column that has farthest to go.
  [[nodiscard]] SolveStatus status(std::int64_t iteration) const {
    std::size_t last = 0;
    for (std::size_t k = 1; k < width(); ++k) {
      if (active[k] != 0 && residual[k] * target[last] > residual[last] * target[k]) last = k;
    }
    return {iteration, residual[last], target[last]};
  }

  /// What the step that follows will be; unknown at an end that did without r.u.
  void look_ahead(std::span<const double> scalars, bool complete) {
    for (std::size_t k = 0; k < width(); ++k) {
      next_rho[k] = complete ? scalars[k] : std::numeric_limits<double>::quiet_NaN();
      next_alpha[k] = next_rho[k] / curvature(k, scalars, next_rho[k] / rho[k]);
    }
  }

  /// Lengths of the next step from r.u and w.u; columns that have ended stay where they are.
  void choose_step(std::span<const double> scalars) {
    for (std::size_t k = 0; k < width(); ++k) {
      const double next_beta = alpha[k] == 0 ? 0.0 : scalars[k] / rho[k];
      const bool goes_on = active[k] != 0;
      alpha[k] = goes_on ? scalars[k] / curvature(k, scalars, next_beta) : 0.0;
      beta[k] = goes_on ? next_beta : 0.0;
      rho[k] = scalars[k];
    }
  }

  /// The observer and the adviser learn of the columns that are active. @return true when the adviser wants to leave.
  bool report(const PcgTask& task, std::int64_t iteration, bool jacobi) {
    const auto places = active_places();
    if (places.size() == width()) return report_all(task, iteration, jacobi);
    auto seen = *this;
    seen.select(places);
    const bool leave = seen.report_all(task, iteration, jacobi);
    for (std::size_t k = 0; k < places.size(); ++k) stop[places[k]] = seen.stop[k];
    return leave;
  }

  bool report_all(const PcgTask& task, std::int64_t iteration, bool jacobi) {
    const PcgIteration status{task.cycle, iteration,  jacobi, name,   rho,      alpha, beta,
                              next_rho,   next_alpha, offset, energy, residual, stop};
    if (task.observer != nullptr && *task.observer) (*task.observer)(status);
    return task.adviser && task.adviser(status);
  }

  [[nodiscard]] std::vector<std::size_t> active_places() const {
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < width(); ++k) {
      if (active[k] != 0) places.push_back(k);
    }
    return places;
  }

  void select(const std::vector<std::size_t>& places) {
    const auto pick = [&](auto& values) {
      for (std::size_t k = 0; k < places.size(); ++k) values[k] = values[places[k]];
      values.resize(places.size());
    };
    pick(given), pick(name), pick(active), pick(stop);
    for (auto* values :
         {&alpha, &beta, &rho, &next_rho, &next_alpha, &offset, &energy, &residual, &progress, &target, &norm}) {
      pick(*values);
    }
  }
};

BlockPcg::BlockPcg(SymmetricOperator& a) : operator_(&a), components_(&a.components()) { take_diagonal(); }

void BlockPcg::take_diagonal() {
  const auto diagonal = operator_->diagonal();
  inverse_diagonal_.resize(diagonal.size());
  std::ranges::transform(diagonal, inverse_diagonal_.begin(), [](double d) { return d > 0 ? 1 / d : 0.0; });
  diagonal_sums_.assign(at(components_->count()), 0.0);
  if (components_->nullity() > 0) diagonal_sums_ = components_->sum(diagonal);
}

void BlockPcg::project(std::span<double> r) {
  auto share = components_->sum(r);
  for (LocalIndex l = 0; l < components_->count(); ++l) {
    share[at(l)] *= components_->grounded(l) || diagonal_sums_[at(l)] <= 0 ? 0.0 : 1 / diagonal_sums_[at(l)];
  }
  const auto diagonal = operator_->diagonal();
  for (std::size_t i = 0; i < r.size(); ++i) r[i] -= diagonal[i] * share[at(components_->label()[i])];
}

void BlockPcg::release() {
  for (auto* values : {&x_, &r_, &u_, &w_, &p_, &s_}) HugeVector<double>().swap(*values);
}

void BlockPcg::start(const PcgTask& task) {
  width_ = static_cast<int>(task.columns.size());
  const auto size = inverse_diagonal_.size() * at(width_);
  for (auto* values : {&x_, &u_, &w_, &p_, &s_}) values->assign(size, 0.0);
  r_.assign(task.r.begin(), task.r.end());
  shift_.assign(at(components_->count()) * 2 * at(width_), 0.0);
}

// For Jacobi the next u with its sums, too. Neighbours are of one component, as a rule: its sums stay in registers.
template <int M>
void BlockPcg::update(const Columns& now, bool jacobi) {
  double alpha[M], beta[M], rho[M] = {}, squares[M] = {};
  for (int k = 0; k < M; ++k) alpha[k] = now.alpha[at(k)], beta[k] = now.beta[at(k)];
  const auto label = components_->label();
  const auto diagonal = operator_->diagonal();
  double* x = x_.data();
  double* r = r_.data();
  double* u = u_.data();
  const double* w = w_.data();
  double* p = p_.data();
  double* s = s_.data();
  for (std::size_t i = 0; i < label.size();) {
    const auto present = label[i];
    double shift[2 * M], sums[M] = {};
    std::copy_n(&shift_[at(present) * 2 * at(M)], 2 * M, shift);
    for (; i < label.size() && label[i] == present; ++i, x += M, r += M, u += M, w += M, p += M, s += M) {
      for (int k = 0; k < M; ++k) {
        p[k] = u[k] - shift[k] + beta[k] * p[k];
        s[k] = w[k] + beta[k] * s[k];
        x[k] += alpha[k] * p[k];
        r[k] -= alpha[k] * s[k] + diagonal[i] * shift[M + k];
        squares[k] += r[k] * r[k];
      }
      for (int k = 0; jacobi && k < M; ++k) {
        u[k] = inverse_diagonal_[i] * r[k];
        rho[k] += r[k] * u[k];
        sums[k] += r[k];
      }
    }
    for (int k = 0; jacobi && k < M; ++k) label_sums_[at(present) * at(M) + at(k)] += sums[k];
  }
  for (int k = 0; k < M; ++k) scalars_[at(k)] = rho[k], scalars_[at(2 * M + k)] = squares[k];
}

template <int M>
void BlockPcg::sums_after_preconditioner() {
  const auto label = components_->label();
  const auto diagonal = operator_->diagonal();
  for (std::size_t i = 0; i < inverse_diagonal_.size(); ++i) {
    double* of_label = &label_sums_[at(label[i]) * 2 * at(M)];
    for (std::size_t k = 0; k < M; ++k) {
      const double r = r_[i * M + k], u = u_[i * M + k];
      of_label[k] += diagonal[i] * u, of_label[M + k] += r;
      scalars_[k] += r * u;
    }
  }
}

// p = u + beta p, s = w + beta s, x += alpha p, r -= alpha s, without constants, and |r|^2.
void BlockPcg::move(const Columns& now, bool jacobi) {
  label_sums_.assign(at(components_->count()) * at(width_) * (jacobi ? 1 : 2), 0.0);
  scalars_.assign(3 * at(width_) + 1, 0.0);
  with_width(width_, [&](auto width) { update<width>(now, jacobi); });
}

// u = M^-1 r and w = A u with r.u, w.u and all other sums in one reduction. @return false where all columns have turned
// out to have reached their targets, so that nothing else was computed.
bool BlockPcg::precondition_and_multiply(const Columns& now, BlockPreconditioner* preconditioner) {
  const bool ending = now.ending();
  if (!now.natural() && ending && all_reached(now)) return false;
  if (preconditioner != nullptr) {
    preconditioner->apply(r_, u_, width_);
    with_width(width_, [&](auto width) { sums_after_preconditioner<width>(); });
  }
  if (now.natural() && ending && all_reached(now)) return false;
  const auto m = at(width_);
  operator_->apply(u_, w_, width_, std::span(scalars_).subspan(m, m));
  if (fault_is("TERM", "krylov")) std::raise(SIGTERM);
  scalars_.back() = end_is_wanted() ? 1 : 0;
  if (fault_is("nan", "krylov")) scalars_.front() = std::numeric_limits<double>::quiet_NaN();
  reduce(preconditioner == nullptr);
  if (scalars_.back() > 0) throw LeftEarly{};
  return true;
}

// Near the end one more small reduction spares a preconditioner and a product that nobody would use.
bool BlockPcg::all_reached(const Columns& now) {
  const auto m = at(width_);
  const auto begin = scalars_.begin() + static_cast<std::ptrdiff_t>(now.squares());
  std::vector<double> squares(begin, begin + static_cast<std::ptrdiff_t>(m));
  if (components_->reproducible()) {
    const std::array<std::span<const double>, 2> both{r_, u_};
    const std::size_t other = now.natural() ? 1 : 0;
    const BlockPair pair{0, other};
    const auto blocks = std::span(both).first(1 + other);
    squares = products_in_any_order(components_->comm(), blocks, {&pair, 1}, m, components_->places());
  } else {
    components_->comm().sum(std::span(squares));
  }
  for (std::size_t k = 0; k < m; ++k) {
    if (now.active[k] != 0 && !(std::sqrt(squares[k]) <= now.target[k] * now.norm[k])) return false;
  }
  std::copy(squares.begin(), squares.end(), begin);
  return true;
}

// What update() and the product have summed, anew from the vectors.
void BlockPcg::sum_in_any_order(bool jacobi) {
  const auto m = at(width_);
  const auto& comm = components_->comm();
  const std::array<std::span<const double>, 3> blocks{r_, u_, w_};
  const std::array<BlockPair, 3> pairs{BlockPair{0, 1}, BlockPair{2, 1}, BlockPair{0, 0}};  // r u, w u, r r
  const auto products = products_in_any_order(comm, blocks, pairs, m, components_->places());
  std::ranges::copy(products, scalars_.begin());
  scalars_.back() = comm.max(scalars_.back());
  auto of_residuals = components_->sum_in_any_order(r_, width_);
  if (jacobi) {
    label_sums_ = std::move(of_residuals);
    return;
  }
  const auto diagonal = operator_->diagonal();
  std::vector<double> scaled(u_.begin(), u_.end());
  for (std::size_t i = 0; i < inverse_diagonal_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) scaled[i * m + k] *= diagonal[i];
  }
  const auto of_scaled = components_->sum_in_any_order(scaled, width_);
  for (std::size_t l = 0; l < at(components_->count()); ++l) {
    std::copy_n(&of_scaled[l * m], m, &label_sums_[l * 2 * m]);
    std::copy_n(&of_residuals[l * m], m, &label_sums_[l * 2 * m + m]);
  }
}

void BlockPcg::reduce(bool jacobi) {
  const auto m = at(width_);
  const auto stride = jacobi ? m : 2 * m;
  if (components_->reproducible()) {
    sum_in_any_order(jacobi);
  } else {
    components_->sum(label_sums_, static_cast<int>(stride), scalars_);
  }
  for (LocalIndex l = 0; l < components_->count(); ++l) {
    const double inverse = components_->grounded(l) || diagonal_sums_[at(l)] <= 0 ? 0.0 : 1 / diagonal_sums_[at(l)];
    for (std::size_t k = 0; k < m; ++k) {
      shift_[at(l) * 2 * m + k] = inverse * label_sums_[at(l) * stride + k];
      shift_[at(l) * 2 * m + m + k] = inverse * label_sums_[at(l) * stride + (jacobi ? 0 : m) + k];
    }
  }
}

namespace {

PcgEnd end_of(double residual, double target, double rho, std::int64_t iterations, std::int64_t limit) {
  if (!std::isfinite(residual)) return PcgEnd::breakdown;
  if (residual <= target) return PcgEnd::reached;
  if (!(rho > 0) || !std::isfinite(rho)) return PcgEnd::breakdown;
  return iterations >= limit ? PcgEnd::limit : PcgEnd::running;
}

}  // namespace

// Which columns end with the residual that `iteration` steps have left.
void BlockPcg::end_columns(Columns& now, const PcgTask& task, std::int64_t iteration, bool leave,
                           PcgOutcome& outcome) const {
  for (const auto k : now.active_places()) {
    const auto given = now.given[k];
    const double residual = now.relative(k, scalars_);
    auto end = end_of(residual, now.target[k], scalars_[k], iteration, task.columns[given].limit);
    if (end == PcgEnd::running && now.stop[k] != 0) end = PcgEnd::stopped;
    if (end == PcgEnd::running && leave) end = PcgEnd::left;
    outcome.iterations[given] = iteration;
    outcome.energy[given] = now.energy[k];
    outcome.residual[given] = residual;
    outcome.end[given] = end;
    now.active[k] = end == PcgEnd::running ? 1 : 0;
  }
}

// Columns whose next step has no length.
void BlockPcg::end_breakdowns(Columns& now, PcgOutcome& outcome) {
  for (const auto k : now.active_places()) {
    if (now.alpha[k] > 0 && std::isfinite(now.alpha[k])) continue;
    now.active[k] = 0, now.alpha[k] = 0, now.beta[k] = 0;
    outcome.end[now.given[k]] = PcgEnd::breakdown;
  }
}

PcgOutcome BlockPcg::run(const PcgTask& task, std::span<double> x, BlockPreconditioner* preconditioner) {
  const bool jacobi = preconditioner == nullptr;
  const bool listened = (task.observer != nullptr && *task.observer) || task.adviser;
  start(task);
  Columns now(task);
  const auto columns = now.width();
  PcgOutcome outcome{std::vector(columns, PcgEnd::running), std::vector<std::int64_t>(columns, 0), now.energy,
                     std::vector<double>(columns, 1.0)};
  for (std::int64_t iteration = 0;; ++iteration) {
    move(now, jacobi);
    const bool complete = precondition_and_multiply(now, preconditioner);
    bool leave = false;
    if (iteration == 0) {
      now.take_norms(scalars_);
    } else {
      now.note_step(scalars_);
      tell_watches(now.status(iteration));
      if (listened) now.look_ahead(scalars_, complete), leave = now.report(task, iteration - 1, jacobi);
    }
    end_columns(now, task, iteration, leave, outcome);
    now.choose_step(scalars_);
    end_breakdowns(now, outcome);
    const auto active = now.active_places().size();
    if (active == 0) break;
    if (2 * active <= now.width()) narrow(now, x, columns);
  }
  keep(now, x, columns);
  return outcome;
}

void BlockPcg::keep(const Columns& now, std::span<double> x, std::size_t all_columns) const {
  const auto m = now.width();
  for (std::size_t i = 0; i < inverse_diagonal_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) x[i * all_columns + now.given[k]] = x_[i * m + k];
  }
}

// Half the block has ended: a narrower one costs less per iteration. Values only move towards the front.
void BlockPcg::narrow(Columns& now, std::span<double> x, std::size_t all_columns) {
  keep(now, x, all_columns);
  const auto places = now.active_places();
  const auto from = now.width(), to = places.size();
  const auto pack = [&](auto& values, std::size_t rows, std::size_t groups) {
    for (std::size_t i = 0; i < rows * groups; ++i) {
      for (std::size_t k = 0; k < to; ++k) values[i * to + k] = values[i * from + places[k]];
    }
    values.resize(rows * groups * to);
  };
  for (auto* values : {&x_, &r_, &u_, &w_, &p_, &s_}) pack(*values, inverse_diagonal_.size(), 1);
  pack(shift_, at(components_->count()), 2);
  now.select(places);
  width_ = static_cast<int>(to);
}

}  // namespace synbal
