// Factors of rows and columns with exponents of their own, so that no product leaves the doubles on the way.
#include "balance/prices.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "synbal/core/halo.hpp"

namespace synbal {

namespace {

bool is_one(const Factor& f) { return f.mantissa == 1 && f.exponent == 0; }

/// Collective. log of what multiplies |J_ij| from the presynaptic side, for every column of the network.
std::vector<double> log_factors(const ActiveNeurons& active, std::span<const double> base, double power) {
  const auto& network = active.network();
  std::vector<double> x(active.columns(), 0.0);
  for (LocalIndex k = 0; k < active.size(); ++k) {
    x[at(active.network_row()[at(k)])] = active.exponent(k) * base[at(k)];
  }
  const auto& gain = network.nodes.gain;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    if (gain[i] > 0) x[i] += 2 / power * std::log(gain[i]);  // a gain of 0 takes no part
  }
  const auto rows = at(network.local_size());
  HaloExchange<double>(network.halo).forward(std::span(x).first(rows), std::span(x).subspan(rows));
  return x;
}

/// alpha^{1/p} of an entry that takes part: what it does to the weight, as far as costs are concerned.
double alpha_root(const Network& network, std::int64_t entry, double power) {
  if (network.alpha.empty()) return 1.0;
  const double alpha = network.alpha[at(entry)];
  return power == 2 ? std::sqrt(alpha) : to_the(alpha, 1 / power);
}

}  // namespace

Prices::Prices(const ActiveNeurons& active, std::span<const double> base, double power, double log2_unit)
    : network_(&active.network()), power_(power) {
  pre_.reserve(active.columns());
  for (const double x : log_factors(active, base, power)) pre_.push_back(factor_of(x));
  const double log_unit = -log2_unit / power * std::numbers::ln2;
  post_.assign(at(network_->local_size()), factor_of(log_unit));
  for (LocalIndex k = 0; k < active.size(); ++k) {
    post_[at(active.network_row()[at(k)])] = factor_of(-base[at(k)] + log_unit);
  }
  plain_ = network_->alpha.empty() && std::ranges::all_of(pre_, is_one) && std::ranges::all_of(post_, is_one);
}

double Prices::by_factors(std::int64_t entry, LocalIndex row, LocalIndex column) const {
  const double weight = std::abs(network_->weight[at(entry)]);
  const auto& f = pre_[at(column)];
  const auto& g = post_[at(row)];
  int exponent = 0, of_root = 0;  // the largest and the subnormal weights keep their digits
  const double root = std::frexp(alpha_root(*network_, entry, power_), &of_root);
  const double mantissa = std::frexp(weight, &exponent) * root * (f.mantissa * g.mantissa);
  exponent += of_root + f.exponent + g.exponent;
  // Small powers of what is no double may be one.
  if (std::abs(exponent) > 1000) return std::exp2(power_ * (exponent + std::log2(mantissa)));
  return to_the(times_power_of_two(mantissa, exponent), power_);
}

}  // namespace synbal
