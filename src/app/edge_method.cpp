// Options about the method for edges' resistances.
#include "app/edge_method.hpp"

#include <fmt/format.h>

namespace synbal::app {

std::optional<EdgeMethod> EdgeMethodOptions::asked() const {
  for (const auto known : {EdgeMethod::pairs, EdgeMethod::columns, EdgeMethod::estimate}) {
    if (method == name_of(known)) return known;
  }
  if (solves || checked) return EdgeMethod::estimate;
  return std::nullopt;
}

EdgeMethod EdgeMethodOptions::for_nodes(GlobalIndex nodes) const {
  return asked().value_or(nodes <= kFewNodes ? EdgeMethod::columns : EdgeMethod::estimate);
}

EdgeResistanceParams EdgeMethodOptions::params(EdgeMethod by) const {
  EdgeResistanceParams params;
  params.method = by;
  params.solves = solves.value_or(params.solves), params.checked = checked.value_or(params.checked);
  return params;
}

const char* name_of(EdgeMethod method) {
  if (method == EdgeMethod::pairs) return "pairs";
  return method == EdgeMethod::columns ? "columns" : "estimate";
}

void check_edge_method(const EdgeMethodOptions& options) {
  if (options.asked().value_or(EdgeMethod::estimate) == EdgeMethod::estimate) return;
  if (!options.solves && !options.checked) return;
  throw usage_error(fmt::format("{} belongs to --method estimate, but --method is {}: leave one of them out",
                                options.solves ? "--solves" : "--checked", options.method));
}

void add_edge_method_options(const OptionSet& command, EdgeMethodOptions& options, const std::string& about) {
  const EdgeResistanceParams standard;
  command.add_choice("--method", options.method, {"auto", "pairs", "columns", "estimate"}, about);
  command.add("--solves", options.solves, "random solves of an estimate; asks for one")
      .within_integers(2, 1'000'000)
      .shown_as("INT")
      .with_default(std::to_string(standard.solves));
  command
      .add("--checked", options.checked,
           "how many are solved exactly to measure the error of an estimate; asks for one")
      .not_negative()
      .shown_as("INT")
      .with_default(std::to_string(standard.checked));
}

}  // namespace synbal::app
