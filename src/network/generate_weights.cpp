// Weights of generated networks: magnitude keyed by (row, place in the row), sign by presynaptic neuron.
#include <cmath>
#include <numbers>

#include "network/generator.hpp"

namespace synbal::generators {

namespace {

/// Two independent standard normals from one draw (Box-Muller).
std::array<double, 2> normals(const CounterRandom& random, std::uint64_t index, std::uint32_t step) {
  const auto bits = random.bits(index, step);
  const double u = static_cast<double>((bits[0] >> 11) + 1) * 0x1.0p-53;  // (0, 1]
  const double angle = 2.0 * std::numbers::pi * (static_cast<double>(bits[1] >> 11) * 0x1.0p-53);
  const double radius = std::sqrt(-2.0 * std::log(u));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// Fills one row with f(normal), two entries a draw.
template <class F>
void fill_row(const CounterRandom& random, GlobalIndex row, std::span<double> weight, F&& f) {
  for (std::size_t k = 0; k < weight.size(); k += 2) {
    const auto z = normals(random, static_cast<std::uint64_t>(row), static_cast<std::uint32_t>(k / 2));
    weight[k] = f(z[0]);
    if (k + 1 < weight.size()) weight[k + 1] = f(z[1]);
  }
}

template <class F>
void fill(const GeneratorParams& params, GlobalIndex first_row, GlobalRows& rows, F&& f) {
  const CounterRandom random(params.seed, kWeights);
  for (std::size_t i = 0; i + 1 < rows.row_ptr.size(); ++i) {
    const auto begin = at(rows.row_ptr[i]);
    const auto length = at(rows.row_ptr[i + 1]) - begin;
    fill_row(random, first_row + static_cast<GlobalIndex>(i), std::span(rows.weight).subspan(begin, length), f);
  }
}

/// [rank] The factors of a neuron, those of its incoming (0) or outgoing (1) side.
void factors_of(const CounterRandom& random, GlobalIndex neuron, std::uint32_t side, std::span<double> factors) {
  const auto half = static_cast<std::uint32_t>((factors.size() + 1) / 2);
  for (std::size_t a = 0; a < factors.size(); a += 2) {
    const auto z = normals(random, static_cast<std::uint64_t>(neuron), side * half + static_cast<std::uint32_t>(a / 2));
    factors[a] = z[0];
    if (a + 1 < factors.size()) factors[a + 1] = z[1];
  }
}

void fill_low_rank(const GeneratorParams& params, GlobalIndex first_row, GlobalRows& rows) {
  const CounterRandom random(params.seed, kFactors);
  const auto rank = at(*params.rank);
  const double scale = *params.sigma / std::sqrt(static_cast<double>(rank));
  const auto n = at(*params.nodes);
  std::vector<double> outgoing(n * rank), own(rank);
  for (std::size_t j = 0; j < n; ++j) {
    factors_of(random, static_cast<GlobalIndex>(j), 1, std::span(outgoing).subspan(j * rank, rank));
  }
  for (std::size_t i = 0; i + 1 < rows.row_ptr.size(); ++i) {
    factors_of(random, first_row + static_cast<GlobalIndex>(i), 0, own);
    for (auto e = at(rows.row_ptr[i]); e < at(rows.row_ptr[i + 1]); ++e) {
      const auto* other = outgoing.data() + at(rows.column[e]) * rank;
      double sum = 0;
      for (std::size_t a = 0; a < rank; ++a) sum += own[a] * other[a];
      rows.weight[e] = scale * sum;
    }
  }
}

void apply_signs(const GeneratorParams& params, GlobalRows& rows) {
  for (std::size_t e = 0; e < rows.column.size(); ++e) {
    rows.weight[e] = std::copysign(rows.weight[e], sign_of(params, rows.column[e]));
  }
}

}  // namespace

double sign_of(const GeneratorParams& params, GlobalIndex presynaptic) {
  if (params.inhibitory == 0.0) return 1.0;
  const CounterRandom random(params.seed, kSigns);
  return random.uniform(static_cast<std::uint64_t>(presynaptic)) < params.inhibitory ? -1.0 : 1.0;
}

void make_weights(const GeneratorParams& params, GlobalIndex first_row, GlobalRows& rows) {
  const double sigma = *params.sigma;
  rows.weight.assign(rows.column.size(), 1.0);
  if (sigma > 0.0) {
    if (params.kind == "lowrank") {
      fill_low_rank(params, first_row, rows);
    } else if (*params.normal) {
      fill(params, first_row, rows, [sigma](double z) { return sigma * z; });
    } else {
      fill(params, first_row, rows, [sigma](double z) { return std::exp(sigma * z); });
    }
  }
  if (params.inhibitory > 0.0) apply_signs(params, rows);
}

}  // namespace synbal::generators
