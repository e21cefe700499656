// Moves and rebases.
#include "synbal/balance/iterate.hpp"

#include <algorithm>

#include "synbal/balance/run_frame.hpp"

namespace synbal {

Iterate::Iterate(BalanceProblem& problem, FusedKernel& kernel, std::span<const double> h)
    : problem_(&problem), kernel_(&kernel), delta_(h.size(), 0.0) {
  const auto base = problem.base();
  if (problem.comm().any(!std::equal(h.begin(), h.end(), base.begin()))) problem.rebase(h);
  evaluate(problem, kernel, delta_, costs_);
}

void Iterate::move(std::span<const double> d, double scale) {
  for (std::size_t i = 0; i < delta_.size(); ++i) delta_[i] += scale * d[i];
  arrive();
}

void Iterate::place(std::span<const double> delta) {
  delta_.assign(delta.begin(), delta.end());
  arrive();
}

void Iterate::arrive() {
  const double bearable = problem_->reproducible() ? problem_->units().largest_exponent() : kRebaseExponent;
  if (largest_exponent(*problem_, delta_) > bearable) {
    problem_->rebase(h());
    begin_at_base();
  } else {
    evaluate(*problem_, *kernel_, delta_, costs_);
  }
}

void Iterate::settle() {
  problem_->rebase(h(), {costs_.in, costs_.out});
  begin_at_base();
}

void Iterate::begin_at_base() {
  std::fill(delta_.begin(), delta_.end(), 0.0);
  evaluate(*problem_, *kernel_, delta_, costs_);
}

std::vector<double> Iterate::h() const {
  std::vector<double> h(problem_->base().begin(), problem_->base().end());
  for (std::size_t i = 0; i < h.size(); ++i) h[i] += delta_[i];
  return h;
}

}  // namespace synbal
