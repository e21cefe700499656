// Block Krylov steps, Ritz pairs, locking.
#include "laplacian/mode_inverse.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/core/random.hpp"

namespace synbal::laplacian {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr std::uint32_t kStream = 0x51A6;
constexpr int kMostColumns = 32;  // of a block
constexpr int kBasis = 4;         // blocks beside the modes wanted, before a basis is compressed
constexpr int kWarm = 2;          // cheap inverse iterations before the first step
constexpr double kWarmResidual = 0.1;
constexpr double kLoosest = 0.1;                                       // solves
constexpr double kMargin = 0.5;                                        // of the tolerance, for Ritz pairs
constexpr double kFloor = 4 * std::numeric_limits<double>::epsilon();  // times |N| theta: in vain, more or less
constexpr double kDrop = 1e-5;  // of theta, after which old products are rounding for those that remain
constexpr int kPatience = 12;   // steps without progress

/// One search.
class InverseSearch {
 public:
  InverseSearch(const ConductanceGraph& graph, ModeOperator& modes, const InverseParams& params)
      : comm_(graph.comm()), graph_(graph), modes_(modes), params_(params) {
    for (auto* block : {&locked_, &basis_, &product_}) block->rows = at(graph.size());
  }

  InverseModes run(TallBlock start) {
    auto x = begin(std::move(start));
    std::int64_t step = 0;
    while (step < params_.max_steps && locked_.count < params_.wanted && x.count > 0) {
      ++step;
      expand(x);
      find_ritz_pairs();
      lock();
      x = directions();
    }
    while (locked_.count < params_.wanted && take_slowest()) {
    }
    return {std::move(locked_), step};
  }

 private:
  [[nodiscard]] int width() const {
    const int left = params_.wanted - locked_.count;
    return std::min(left + std::max(4, left / 4), kMostColumns);
  }

  // Collective. A x, without what is locked: the solves' errors there would outweigh faster modes.
  TallBlock inverse_product(const TallBlock& x, double residual) {
    TallBlock y{x.rows, x.count, std::vector<double>(x.data.size())};
    const auto stride = static_cast<std::ptrdiff_t>(x.rows);
    modes_.precondition({x.data.data(), stride, x.count}, {y.data.data(), stride}, residual);
    take_out(comm_, locked_, y);
    return y;
  }

  // Collective. Orthonormal to all that is there, random columns in place of those that depend.
  TallBlock fresh(TallBlock x, int columns) {
    orthonormalise(comm_, {&locked_, &basis_}, x);
    if (x.count >= columns) return x;
    const CounterRandom random(params_.seed, kStream + draws_++);
    for (int k = x.count; k < columns; ++k) {
      x.resize(k + 1);
      auto column = x.column(k);
      for (LocalIndex i = 0; i < graph_.size(); ++i) {
        column[at(i)] = random.normal(static_cast<std::uint64_t>(graph_.global(i)), static_cast<std::uint32_t>(k));
      }
      modes_.project(column, 1);
    }
    orthonormalise(comm_, {&locked_, &basis_}, x);
    return x;
  }

  // Collective. With random columns alone, two rough steps come first: tight solves are for directions that matter.
  TallBlock begin(TallBlock start) {
    const bool informed = start.count > 0;
    auto x = fresh(std::move(start), width());
    for (int k = 0; k < (informed ? 0 : kWarm); ++k) x = fresh(inverse_product(x, kWarmResidual), width());
    return x;
  }

  // Collective.
  void expand(const TallBlock& x) {
    const double tight = params_.inner * params_.tolerance / std::min(1.0, worst_);
    const double rounding = kFloor * modes_.largest() * (theta_.empty() ? 0.0 : std::max(theta_[0], 0.0));
    const auto y = inverse_product(x, std::clamp(std::max(tight, rounding), 1e-16, kLoosest));
    basis_.append(x), product_.append(y);
  }

  // Collective. Pairs of V^T A V, and |A y - theta y| / theta of the first.
  void find_ritz_pairs() {
    auto spectrum = small_spectrum(comm_, inner(comm_, basis_, product_), basis_.count);
    rotate(spectrum.vector, basis_.count);
    theta_ = std::move(spectrum.value);
    measure();
  }

  void rotate(std::span<const double> vectors, int columns) {
    basis_ = combine(basis_, vectors, 0, columns);
    product_ = combine(product_, vectors, 0, columns);
  }

  // Collective.
  void measure() {
    residual_ = TallBlock{basis_.rows, std::min(width(), basis_.count), {}};
    residual_.resize(residual_.count);
    std::vector<double> square(at(residual_.count), 0.0);
    for (int k = 0; k < residual_.count; ++k) {
      const auto y = basis_.column(k), ay = product_.column(k);
      auto r = residual_.column(k);
      for (std::size_t i = 0; i < r.size(); ++i) r[i] = ay[i] - theta_[at(k)] * y[i], square[at(k)] += r[i] * r[i];
    }
    comm_.sum(std::span(square));
    error_.clear();
    for (std::size_t k = 0; k < square.size(); ++k) error_.push_back(std::sqrt(square[k]) / std::abs(theta_[k]));
  }

  [[nodiscard]] double goal(int k) const {
    return std::max(kMargin * params_.tolerance, kFloor * modes_.largest() * theta_[at(k)]);
  }

  // Collective. From the slowest on, as long as they have converged, or will not get better.
  void lock() {
    const double first = theta_[0];
    bool any = false;
    while (!error_.empty() && locked_.count < params_.wanted && (error_[0] <= goal(0) || stuck())) {
      take_slowest();
      least_ = HUGE_VAL, idle_ = 0, any = true;
    }
    const auto left = static_cast<std::size_t>(std::max(params_.wanted - locked_.count, 0));
    worst_ = 0;
    for (std::size_t k = 0; k < std::min(left, error_.size()); ++k) worst_ = std::max(worst_, error_[k]);
    if (any) take_out(comm_, locked_, basis_), take_out(comm_, locked_, product_), take_out(comm_, locked_, residual_);
    if (!theta_.empty() && theta_[0] < kDrop * first) forget();
  }

  bool stuck() {
    if (error_[0] < 0.5 * least_) {
      least_ = error_[0], idle_ = 0;
      return false;
    }
    return ++idle_ > kPatience;
  }

  // Collective. @return false when there is none.
  bool take_slowest() {
    if (basis_.count == 0) return false;
    auto w = product_.first(1);
    modes_.project(w.data, 1);
    if (!(inner(comm_, w, w)[0] > 0)) w = basis_.first(1);
    // One after the other, not all alike: slower modes are the more exact ones.
    for (int pass = 0; pass < 2; ++pass) {
      const double length = std::sqrt(inner(comm_, w, w)[0]);
      for (auto& value : w.data) value /= length;
      take_out(comm_, locked_, w);
    }
    const double length = std::sqrt(inner(comm_, w, w)[0]);
    for (auto& value : w.data) value /= length;
    locked_.append(w);
    basis_ = basis_.from(1), product_ = product_.from(1), residual_ = residual_.from(1);
    theta_.erase(theta_.begin());
    if (!error_.empty()) error_.erase(error_.begin());
    return true;
  }

  // Collective. Products are too coarse for the modes that are left: once more, from their Ritz vectors.
  void forget() {
    auto again = basis_;
    again.resize(std::min(again.count, width()));
    residual_ = std::move(again);
    basis_.resize(0), product_.resize(0), theta_.clear(), worst_ = 1;
  }

  // Collective. Where the next step goes: residuals of the slowest.
  TallBlock directions() {
    const int columns = width();
    if (locked_.count >= params_.wanted) return {};
    const int left = params_.wanted - locked_.count;
    if (basis_.count + columns > left + kBasis * columns) {
      const int kept = std::min(left + columns, basis_.count);
      basis_.resize(kept), product_.resize(kept), theta_.resize(at(kept));
    }
    auto x = std::move(residual_);
    x.resize(std::min(x.count, columns));
    return fresh(std::move(x), columns);
  }

  const Comm& comm_;
  const ConductanceGraph& graph_;
  ModeOperator& modes_;
  const InverseParams& params_;
  TallBlock locked_, basis_, product_;  // found; Ritz vectors; A times these
  TallBlock residual_;                  // of the slowest Ritz pairs
  std::vector<double> theta_, error_;
  double worst_ = 1, least_ = HUGE_VAL;
  int idle_ = 0;
  std::uint32_t draws_ = 0;
};

}  // namespace

InverseModes inverse_modes(const ConductanceGraph& graph, ModeOperator& modes, TallBlock start,
                           const InverseParams& params) {
  return InverseSearch(graph, modes, params).run(std::move(start));
}

}  // namespace synbal::laplacian
