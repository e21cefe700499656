// Sums over neurons and synapses.
#include "synbal/dynamics/sensitivity.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "synbal/core/halo.hpp"

namespace synbal {

std::vector<double> Gains::sigma() const {
  std::vector<double> sigma(mean_square.size());
  std::ranges::transform(mean_square, sigma.begin(), [](double s) { return std::sqrt(s); });
  return sigma;
}

GainFacts facts_of(const Comm& comm, const Gains& gains) {
  const auto sigma = gains.sigma();
  std::array<double, 3> sums{0, 0, static_cast<double>(sigma.size())};
  std::array<double, 2> extremes{-INFINITY, 0};  // -min, max
  std::int64_t silent = 0;
  for (std::size_t i = 0; i < sigma.size(); ++i) {
    sums[0] += gains.mean[i], sums[1] += sigma[i];
    extremes = {std::max(extremes[0], -sigma[i]), std::max(extremes[1], sigma[i])};
    silent += sigma[i] == 0 ? 1 : 0;
  }
  comm.sum(std::span<double>(sums));
  comm.max(std::span<double>(extremes));
  const double n = std::max(sums[2], 1.0);
  return {sums[0] / n, sums[1] / n, sums[2] > 0 ? -extremes[0] : 0, extremes[1], comm.sum(silent)};
}

Sensitivity sensitivity(const Comm& comm, const Network& network, const Gains& gains) {
  const auto square = with_ghosts(network.halo, std::span<const double>(gains.mean_square));
  std::array<double, 3> sums{0, 0, static_cast<double>(network.local_size())};
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      const double w = network.weight[e];
      const auto j = network.column[e];
      sums[j == i ? 1 : 0] += square[at(j)] * w * w - (j == i ? 2 * gains.mean[at(i)] * w : 0);
    }
  }
  comm.sum(std::span<double>(sums));
  return {sums[0], sums[1], sums[2]};
}

}  // namespace synbal
