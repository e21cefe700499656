// Reading terms, and what they cost.
#include "app/costs/cost_terms.hpp"

#include <fmt/format.h>

#include <cmath>

#include "app/options.hpp"

namespace synbal::app {

namespace {

/// @throws Error usage.
CostTerm term_of(const std::string& option, std::string_view word) {
  const auto parts = parts_of(word, '*');
  const auto weight = parts.size() == 2 ? number_in<double>(parts[0]) : std::nullopt;
  const auto power = parts.size() == 2 ? number_in<double>(parts[1]) : std::nullopt;
  const auto good = [](std::optional<double> v) { return v && std::isfinite(*v) && *v > 0; };
  if (good(weight) && good(power)) return {.power = *power, .weight = *weight};
  throw usage_error(
      fmt::format("{}: '{}' is no term of a cost: write WEIGHT*POWER with + between, both above 0, such as "
                  "1*2+0.7*1 for |J|^2 + 0.7 |J|",
                  option, word));
}

void add(DirectCosts& sum, const DirectCosts& costs, double factor) {
  sum.in.resize(costs.in.size()), sum.out.resize(costs.out.size());
  for (std::size_t i = 0; i < costs.in.size(); ++i) {
    sum.in[i] += factor * costs.in[i];
    sum.out[i] += factor * costs.out[i];
  }
  sum.total += factor * costs.total;
  sum.entries = costs.entries;
}

}  // namespace

std::vector<CostTerm> cost_terms_of(const std::string& option, const std::string& text) {
  std::vector<CostTerm> terms;
  for (const auto word : parts_of(text, '+')) terms.push_back(term_of(option, word));
  return terms;
}

std::string text_of_terms(std::span<const CostTerm> terms) {
  std::string text;
  for (const auto& term : terms) text += fmt::format("{}{}*{}", text.empty() ? "" : "+", term.weight, term.power);
  return text;
}

DirectCosts costs_of_terms(const Comm& comm, const LoadedNetwork& loaded, std::span<const double> h,
                           std::span<const CostTerm> terms, bool marginal) {
  DirectCosts sum;
  for (const auto& term : terms) {
    add(sum, direct_costs(comm, loaded.network, loaded.components, h, term.power),
        term.weight * (marginal ? term.power : 1.0));
  }
  return sum;
}

}  // namespace synbal::app
