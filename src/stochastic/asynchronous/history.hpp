// The history of an asynchronous run: one line per reduction, thinned evenly when there are very many.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "stochastic/asynchronous/termination.hpp"
#include "synbal/balance/problem.hpp"
#include "synbal/balance/solver.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

class RoundHistory {
 public:
  /// `before`: relaxations made before, over all ranks. The report counts those, too; the history starts from 0.
  RoundHistory(const BalanceProblem& problem, double before, const ProgressCallback& report)
      : problem_(&problem), before_(before), report_(&report) {}

  /// What a reduction said.
  void met(const Round& round) {
    relaxations_ = round.relaxations;
    const SolverProgress line = line_of(round.cost, round.l1);
    if (rounds_++ % stride_ == 0) {
      lines_.push_back(line);
      if (lines_.size() == kMostLines) thin();
    }
    tell(line);
  }
  /// Exact figures replace what was met.
  void exact(double cost, double l1) {
    const SolverProgress line = line_of(cost, l1);
    if (!lines_.empty() && lines_.back().iteration == line.iteration) lines_.pop_back();
    lines_.push_back(line);
    tell(line);
  }
  [[nodiscard]] const std::vector<SolverProgress>& lines() const noexcept { return lines_; }

 private:
  static constexpr std::size_t kMostLines = 1 << 13;

  [[nodiscard]] SolverProgress line_of(double cost, double l1) const {
    const double done = std::max(relaxations_ - before_, 0.0) / static_cast<double>(problem_->global_size());
    return {static_cast<std::int64_t>(std::ceil(done)), cost * problem_->cost_unit(), l1, timer_.seconds()};
  }
  void tell(SolverProgress line) const {
    if (!*report_) return;
    line.iteration += static_cast<std::int64_t>(before_ / static_cast<double>(problem_->global_size()));
    (*report_)(line);
  }
  void thin() {
    for (std::size_t k = 0; 2 * k < lines_.size(); ++k) lines_[k] = lines_[2 * k];
    lines_.resize(lines_.size() / 2);
    stride_ *= 2;
  }

  const BalanceProblem* problem_;
  double before_;
  const ProgressCallback* report_;
  Timer timer_;
  double relaxations_ = 0;  // at the last reduction
  std::vector<SolverProgress> lines_;
  std::int64_t rounds_ = 0, stride_ = 1;
};

}  // namespace synbal
