// What a neuron makes of its state: phi(x), and its slope, which is the neuron's gain.
#pragma once

#include <span>
#include <string>

namespace synbal {

/// phi(x) = above x^power for x > 0 and below |x|^power for x < 0 (BiLU and BiPU of Baldi et al. 2024, eq. 6.3), or
/// tanh(x). At x = 0 the slope is that of the lower branch.
struct Activation {
  std::string words = "relu";  ///< as it was named
  double above = 1, below = 0, power = 1;
  bool is_tanh = false;

  [[nodiscard]] double operator()(double x) const noexcept;
  [[nodiscard]] double slope(double x) const noexcept;
  /// rate[k] = phi(x[k]).
  void apply(std::span<const double> x, std::span<double> rate) const noexcept;
  /// The sums of the slopes at all x[k], and of their squares, in the order of k.
  void add_slopes(std::span<const double> x, double& slopes, double& squares) const noexcept;
  /// Whether phi(a x) = a^power phi(x) for a > 0: without that no scaling keeps what a network computes.
  [[nodiscard]] bool is_homogeneous() const noexcept { return !is_tanh; }
};

/// From relu, linear, leaky:A (A x below 0), bilu:A,B (A x above 0, B x below), bipu:K,C,D (C x^K above 0, D |x|^K
/// below), tanh. @throws Error usage.
[[nodiscard]] Activation activation_of(const std::string& words);

}  // namespace synbal
