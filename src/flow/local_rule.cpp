// The built-in rules.
#include "synbal/flow/local_rule.hpp"

#include <fmt/format.h>

#include "synbal/core/error.hpp"

namespace synbal {

LocalRule cost_balancing() {
  LocalRule rule;
  rule.name = "cost";
  rule.contribution = [](SynapseCost c) { return c.value(); };
  rule.slope = [](SynapseCost c) { return c.value(); };
  return rule;
}

LocalRule max_balancing() {
  LocalRule rule;
  rule.name = "max";
  rule.contribution = [](SynapseCost c) { return c.log; };
  rule.combination = Combination::maximum;
  rule.gradient = [](double in, double out) { return std::exp(in) - std::exp(out); };
  return rule;
}

LocalRule product_balancing() {
  LocalRule rule;
  rule.name = "product";
  rule.contribution = [](SynapseCost c) { return c.log; };
  rule.slope = [](SynapseCost) { return 1.0; };
  return rule;
}

std::vector<std::string> local_rule_names() { return {"cost", "max", "product"}; }

LocalRule local_rule(const std::string& name) {
  for (auto&& rule : {cost_balancing(), max_balancing(), product_balancing()}) {
    if (rule.name == name) return rule;
  }
  throw usage_error(
      fmt::format("'{}' (no such rule of balancing): choose one of {}", name, fmt::join(local_rule_names(), ", ")));
}

}  // namespace synbal
