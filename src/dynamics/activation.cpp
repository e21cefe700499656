// Activations by name.
#include "synbal/dynamics/activation.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "synbal/core/range.hpp"

namespace synbal {

namespace {
constexpr Range kCoefficient{-1e6, 1e6};
constexpr Range kPower{1e-3, 100};

Error odd(const std::string& words) {
  return usage_error(
      fmt::format("{} '{}' is no activation: give relu, linear, leaky:A, bilu:A,B (slopes above and below 0), "
                  "bipu:K,C,D (C x^K above 0, D |x|^K below) or tanh",
                  parameter("phi"), words));
}

/// The numbers behind NAME:, with commas between them.
std::vector<double> numbers_in(const std::string& words, std::size_t begin) {
  std::vector<double> numbers;
  while (begin < words.size()) {
    const auto end = std::min(words.find(',', begin), words.size());
    double number = 0;
    const auto [rest, error] = std::from_chars(words.data() + begin, words.data() + end, number);
    if (error != std::errc() || rest != words.data() + end || !std::isfinite(number)) throw odd(words);
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}
}  // namespace

double Activation::operator()(double x) const noexcept {
  if (is_tanh) return std::tanh(x);
  if (power == 1) return x * (x > 0 ? above : below);
  return (x > 0 ? above : below) * std::pow(std::abs(x), power);
}

double Activation::slope(double x) const noexcept {
  if (is_tanh) return 1 - std::tanh(x) * std::tanh(x);
  if (power == 1) return x > 0 ? above : below;
  if (x == 0) return 0;
  return (x > 0 ? above : -below) * power * std::pow(std::abs(x), power - 1);
}

void Activation::apply(std::span<const double> x, std::span<double> rate) const noexcept {
  if (!is_tanh && power == 1) {  // a loop that the compiler turns into vectors
    for (std::size_t k = 0; k < x.size(); ++k) rate[k] = x[k] * (x[k] > 0 ? above : below);
    return;
  }
  for (std::size_t k = 0; k < x.size(); ++k) rate[k] = (*this)(x[k]);
}

void Activation::add_slopes(std::span<const double> x, double& slopes, double& squares) const noexcept {
  const bool plain = !is_tanh && power == 1;  // without a call for each
  for (const double v : x) {
    const double s = plain ? (v > 0 ? above : below) : slope(v);
    slopes += s, squares += s * s;
  }
}

Activation activation_of(const std::string& words) {
  const auto colon = words.find(':');
  const auto name = words.substr(0, colon);
  const auto numbers = colon == words.npos ? std::vector<double>{} : numbers_in(words, colon + 1);
  const auto takes = [&](const char* known, std::size_t count) { return name == known && numbers.size() == count; };
  Activation phi{words};
  if (takes("relu", 0)) return phi;
  if (takes("linear", 0)) {
    phi.below = 1;
  } else if (takes("tanh", 0)) {
    phi.is_tanh = true;
  } else if (takes("leaky", 1)) {
    phi.below = numbers[0];
  } else if (takes("bilu", 2)) {
    phi.above = numbers[0], phi.below = numbers[1];
  } else if (takes("bipu", 3)) {
    phi.power = numbers[0], phi.above = numbers[1], phi.below = numbers[2];
  } else {
    throw odd(words);
  }
  require_in(kPower, "phi", phi.power, "a power");
  require_in(kCoefficient, "phi", phi.above, "a coefficient");
  require_in(kCoefficient, "phi", phi.below, "a coefficient");
  if (phi.power == 1 && takes("bipu", 3)) phi.below = -phi.below;  // D |x| is -D x below 0
  return phi;
}

}  // namespace synbal
