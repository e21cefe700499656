// The forecast that decides, and the way from one preconditioner to the next.
#include "synbal/krylov/choice.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/log.hpp"

namespace synbal {

namespace {

constexpr double kSwing = 0.4;  // rise of log |r| above its least value that is a swing

}  // namespace

bool PreconditionerChoice::make(Preconditioner kind) {
  made_.reset();
  kind_ = kind;
  if (kind == Preconditioner::jacobi) return true;
  made_ = factory_->make(kind);
  return made_ != nullptr;
}

std::string PreconditionerChoice::name() const {
  const auto own = made_ ? made_->name() : std::string();
  return own.empty() ? to_string(kind_) : own;
}

void PreconditionerChoice::begin(double target) {
  log_target_ = std::log(target);
  least_.clear();
  swings_ = false;
}

bool PreconditionerChoice::advise(const PcgIteration& iteration) {
  if (settled_ || kind_ == Preconditioner::multigrid || kind_ == Preconditioner::direct) return false;
  const double now = std::log(*std::max_element(iteration.residual.begin(), iteration.residual.end()));
  least_.push_back(least_.empty() ? now : std::min(now, least_.back()));
  swings_ = swings_ || now > least_.back() + kSwing;
  const auto count = least_.size();
  if (count % static_cast<std::size_t>(factory_->probe(swings_)) != 0) return false;
  // Pace of the least residual over the later half.
  const auto half = count / 2;
  const double pace = (least_[half - 1] - least_.back()) / static_cast<double>(count - half);
  const double ahead = (least_.back() - log_target_) / pace;
  log_debug("{}: {} iterations with {} done, {:.0f} foreseen", factory_->user(), count, name(), ahead);
  return !(pace > 0 && ahead <= factory_->patience(kind_, swings_));
}

bool PreconditionerChoice::next() {
  if (settled_ && kind_ == Preconditioner::jacobi) return false;
  const auto list = factory_->after(kind_, swings_);
  if (std::none_of(list.begin(), list.end(), [&](Preconditioner kind) { return make(kind); })) {
    make(Preconditioner::jacobi);
    settled_ = true;
  }
  log_info("{}: conjugate gradients go on with another preconditioner: {}", factory_->user(), name());
  return true;
}

}  // namespace synbal
