// The reference way to integrate balancing: a dense explicit Runge-Kutta 4(5) on all weights and h together, as small
// programs around scipy.integrate.solve_ivp do it. A baseline for benchmarks, nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace synbal::benchmark {

/// The pair of Dormand & Prince (1980) with the step control and the defaults of scipy's RK45: relative tolerance 1e-3,
/// absolute tolerance 1e-6, errors in the root mean square.
template <class Rate>
class RungeKutta45 {
 public:
  /// rate(y, dy) evaluates y' = f(y).
  RungeKutta45(Rate rate, std::vector<double> y) : rate_(std::move(rate)), y_(std::move(y)), next_(y_.size()) {
    for (auto& k : k_) k.resize(y_.size());
    evaluate(y_, k_[0]);
    step_ = first_step();
  }

  /// One accepted step, not beyond `end`. @return false when steps have become too short to move time.
  bool advance(double end) {
    bool rejected = false;
    while (true) {
      if (step_ < 10 * (std::nextafter(time_, std::numeric_limits<double>::infinity()) - time_)) return false;
      step_ = std::min(step_, end - time_);
      const double error = attempt(step_);
      const double factor = kSafety * std::pow(error, -0.2);
      if (error < 1) {
        time_ += step_;
        step_ *= std::min(rejected ? 1.0 : kMost, factor);
        std::swap(y_, next_);
        std::swap(k_[0], k_[6]);
        ++steps_;
        return true;
      }
      step_ *= factor > kLeast ? factor : kLeast;  // also where the error is not a number
      rejected = true;
    }
  }

  [[nodiscard]] double time() const noexcept { return time_; }
  [[nodiscard]] const std::vector<double>& state() const noexcept { return y_; }
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::int64_t evaluations() const noexcept { return evaluations_; }

 private:
  static constexpr double kRelative = 1e-3, kAbsolute = 1e-6, kSafety = 0.9, kLeast = 0.2, kMost = 10;
  using Row = std::array<double, 6>;
  static constexpr std::array<Row, 6> kStages{
      {{1.0 / 5},
       {3.0 / 40, 9.0 / 40},
       {44.0 / 45, -56.0 / 15, 32.0 / 9},
       {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
       {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
       {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}}};
  static constexpr std::array<double, 7> kError{-71.0 / 57600,    0,           71.0 / 16695, -71.0 / 1920,
                                                17253.0 / 339200, -22.0 / 525, 1.0 / 40};

  void evaluate(const std::vector<double>& y, std::vector<double>& dy) {
    rate_(std::span<const double>(y), std::span<double>(dy));
    ++evaluations_;
  }

  /// Fills next_ and its rate k_[6]. @return the error over what is allowed.
  double attempt(double h) {
    for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
      const auto& weight = kStages[stage];
      for (std::size_t i = 0; i < y_.size(); ++i) {
        double sum = 0;
        for (std::size_t s = 0; s <= stage; ++s) sum += weight[s] * k_[s][i];
        next_[i] = y_[i] + h * sum;
      }
      evaluate(next_, k_[stage + 1]);
    }
    double square = 0;
    for (std::size_t i = 0; i < y_.size(); ++i) {
      double sum = 0;
      for (std::size_t s = 0; s < kError.size(); ++s) sum += kError[s] * k_[s][i];
      const double e = h * sum / (kAbsolute + kRelative * std::max(std::abs(y_[i]), std::abs(next_[i])));
      square += e * e;
    }
    return std::sqrt(square / static_cast<double>(y_.size()));
  }

  [[nodiscard]] double norm(const std::vector<double>& a, const std::vector<double>* less = nullptr) const {
    double square = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double v = (a[i] - (less != nullptr ? (*less)[i] : 0)) / (kAbsolute + kRelative * std::abs(y_[i]));
      square += v * v;
    }
    return std::sqrt(square / static_cast<double>(a.size()));
  }

  // Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, II.4.
  double first_step() {
    const double size = norm(y_), speed = norm(k_[0]);
    const double guess = size < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * size / speed;
    for (std::size_t i = 0; i < y_.size(); ++i) next_[i] = y_[i] + guess * k_[0][i];
    evaluate(next_, k_[1]);
    const double change = norm(k_[1], &k_[0]) / guess;
    const double fastest = std::max(speed, change);
    const double second = fastest <= 1e-15 ? std::max(1e-6, guess * 1e-3) : std::pow(0.01 / fastest, 0.2);
    return std::min(100 * guess, second);
  }

  Rate rate_;
  std::vector<double> y_, next_;
  std::array<std::vector<double>, 7> k_;
  double time_ = 0, step_ = 0;
  std::int64_t steps_ = 0, evaluations_ = 0;
};

/// State: J row by row (n^2), then h (n). J_ij' = J_ij (g_j - g_i), h' = g, with costs from the weights of the state.
class DenseBalancing {
 public:
  DenseBalancing(std::size_t n, std::vector<double> squared_gain)
      : n_(n), squared_gain_(std::move(squared_gain)), in_(n), out_(n) {}

  void operator()(std::span<const double> y, std::span<double> dy) {
    sum_costs(y);
    for (std::size_t i = 0; i < n_; ++i) dy[n_ * n_ + i] = in_[i] - out_[i];
    const auto g = dy.subspan(n_ * n_);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) dy[i * n_ + j] = y[i * n_ + j] * (g[j] - g[i]);
    }
  }

  /// sum |in - out| / sum c.
  double imbalance(std::span<const double> y) {
    sum_costs(y);
    double off = 0, total = 0;
    for (std::size_t i = 0; i < n_; ++i) off += std::abs(in_[i] - out_[i]), total += in_[i];
    return off / total;
  }
  double cost(std::span<const double> y) {
    sum_costs(y);
    double total = 0;
    for (const double c : in_) total += c;
    return total;
  }

 private:
  void sum_costs(std::span<const double> y) {
    std::fill(in_.begin(), in_.end(), 0.0);
    std::fill(out_.begin(), out_.end(), 0.0);
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        if (i == j) continue;
        const double c = squared_gain_[j] * y[i * n_ + j] * y[i * n_ + j];
        in_[i] += c;
        out_[j] += c;
      }
    }
  }

  std::size_t n_;
  std::vector<double> squared_gain_, in_, out_;
};

}  // namespace synbal::benchmark
