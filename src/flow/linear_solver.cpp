// From the diagonal to stronger preconditioners.
#include "flow/linear_solver.hpp"

#include "flow/tuning.hpp"

namespace synbal {

std::optional<Preconditioner> ImplicitPreconditioner::kind() const {
  if (const auto asked = dynamics_->asked_preconditioner()) return asked;
  const auto offered = dynamics_->preconditioners();
  return level_ > 0 && level_ <= offered.size() ? std::optional(offered[level_ - 1]) : std::nullopt;
}

void ImplicitPreconditioner::make(double gamma) {
  made_.reset();
  if (const auto wanted = kind()) made_ = dynamics_->make_preconditioner(*wanted, gamma);
}

bool ImplicitPreconditioner::set_up(double gamma, double iterations) {
  if (iterations > tuning::kPatience && level_ < dynamics_->preconditioners().size()) ++level_;
  make(gamma);
  if (!made_ && dynamics_->asked_preconditioner()) return false;
  for (; !made_ && kind(); make(gamma)) ++level_;
  if (made_) return true;
  diagonal_.resize(static_cast<std::size_t>(dynamics_->size()));
  dynamics_->diagonal(diagonal_);
  for (double& d : diagonal_) d = 1 + gamma * d;
  return true;
}

void ImplicitPreconditioner::solve(std::span<const double> r, std::span<double> z) {
  if (made_) {
    made_->apply(r, z, 1);
  } else {
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = r[i] / diagonal_[i];
  }
  difference_.resize(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) difference_[i] = r[i] - z[i];
  dynamics_->project(difference_);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] += (r[i] - z[i]) - difference_[i];
}

}  // namespace synbal
