// The forecast that decides, and the way from one preconditioner to the next.
#include "synbal/krylov/choice.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/log.hpp"

namespace synbal {

namespace {

// Share of the iterations by Chebyshev's bound that few small eigenvalues apart from all others take, as measured on
// modular graphs; the largest eigenvalue that D^-1 L of such graphs has.
constexpr double kOfBound = 0.3, kLargest = 1.5;
constexpr double kSwing = 0.4;  // rise of log |r| above its least value that is a swing

}  // namespace

bool PreconditionerChoice::make(Preconditioner kind) {
  made_.reset();
  kind_ = kind;
  served_ = false;
  if (kind == Preconditioner::jacobi) return true;
  made_ = factory_->make(kind);
  return made_ != nullptr;
}

std::string PreconditionerChoice::name() const {
  const auto own = made_ ? made_->name() : std::string();
  return own.empty() ? to_string(kind_) : own;
}

void PreconditionerChoice::set_standing(const Standing& standing) {
  kind_ = standing.kind, resolved_ = standing.resolved;
  log_target_ = 0;
  least_.assign(1, standing.reached ? -1.0 : 1.0);
}

PcgAdviser PreconditionerChoice::begin(double target) {
  served_ = served_ || reached();
  log_target_ = std::log(target);
  least_.clear(), steps_.clear();
  swings_ = false;
  return [this](const PcgIteration& iteration) { return advise(iteration); };
}

bool PreconditionerChoice::advise(const PcgIteration& iteration) {
  if (resolved_ || kind_ == Preconditioner::multigrid || kind_ == Preconditioner::direct) return false;
  const double now = std::log(*std::max_element(iteration.residual.begin(), iteration.residual.end()));
  least_.push_back(least_.empty() ? now : std::min(now, least_.back()));
  swings_ = swings_ || now > least_.back() + kSwing;
  note_step(iteration);
  const auto forecasts = factory_->forecasts();
  const auto count = std::ssize(least_);
  if (count % (swings_ ? forecasts.period : forecasts.every) != 0) return false;
  // Pace of the least residual over the later half.
  const auto half = count / 2;
  const double pace = (least_[at(half - 1)] - least_.back()) / static_cast<double>(count - half);
  const double ahead = (least_.back() - log_target_) / pace;
  const double patience = factory_->patience(kind_, swings_);
  if (served_ && kind_ != Preconditioner::jacobi && static_cast<double>(count) < patience) return false;
  const double bearable = count == forecasts.every ? forecasts.margin * patience : patience;
  const bool believed = !swings_ || count >= forecasts.lower_bound || spectrum_asks_for_many(patience);
  const bool many = !(pace > 0 && ahead <= bearable) && believed;
  log_debug("{}: {} iterations with {} done, {:.0f} foreseen{}", factory_->user(), count, name(), ahead,
            many ? ": too many" : "");
  return many;
}

// Of the first column: one is as good as another, and columns leave from the end as well as from the front.
void PreconditionerChoice::note_step(const PcgIteration& iteration) {
  if (iteration.iteration == 0) column_ = iteration.column.front();
  const auto found = std::find(iteration.column.begin(), iteration.column.end(), column_);
  if (found == iteration.column.end()) return;
  const auto k = at(found - iteration.column.begin());
  steps_.push_back({iteration.alpha[k], iteration.beta[k]});
}

// Whether the Lanczos matrix of the iterations so far has an eigenvalue so small that Chebyshev's bound exceeds the
// patience by 1 / kOfBound: that is, whether it is indefinite with this eigenvalue taken off its diagonal.
bool PreconditionerChoice::spectrum_asks_for_many(double patience) const noexcept {
  const double root = kOfBound * 0.5 * (least_.back() - log_target_) / patience;
  const double small = kLargest * root * root;
  double pivot = 1, alpha = 1;
  for (const auto& step : steps_) {
    // 1 / alpha_k + beta_k / alpha_{k-1} on the diagonal, sqrt(beta_k) / alpha_{k-1} beside it
    const double link = step.beta / alpha;
    pivot = 1 / step.alpha + link - small - link / (alpha * pivot);
    if (!(pivot > 0)) return true;
    alpha = step.alpha;
  }
  return false;
}

bool PreconditionerChoice::next() {
  if (obeyed_ || (resolved_ && kind_ == Preconditioner::jacobi)) return false;
  const auto list = factory_->after(kind_, swings_);
  if (std::none_of(list.begin(), list.end(), [&](Preconditioner kind) { return make(kind); })) {
    make(Preconditioner::jacobi);
    resolved_ = true;
  }
  log_info("{}: conjugate gradients go on with another preconditioner: {}", factory_->user(), name());
  return true;
}

}  // namespace synbal
