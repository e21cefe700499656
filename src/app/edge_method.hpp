// How commands find the resistances of edges: exactly, by an estimate, or as the program sees fit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/command.hpp"
#include "synbal/resistance/edge_resistance.hpp"

namespace synbal::app {

/// Nodes for which one solve each takes no longer than a user waits without having asked for it.
inline constexpr GlobalIndex kFewNodes = 2'000;

struct EdgeMethodOptions {
  std::string method = "auto";
  std::optional<int> solves;            ///< given by the user, who thereby wants an estimate
  std::optional<std::int64_t> checked;  ///< likewise

  /// What the user wants; nothing: the command is to choose.
  [[nodiscard]] std::optional<EdgeMethod> asked() const;
  /// That, or an exact one on graphs of up to kFewNodes nodes and an estimate beyond.
  [[nodiscard]] EdgeMethod for_nodes(GlobalIndex nodes) const;
  /// Of edge_resistances() by this method.
  [[nodiscard]] EdgeResistanceParams params(EdgeMethod by) const;
};

/// Adds --method, --solves and --checked. `about`: what --method says in the help.
void add_edge_method_options(const OptionSet& command, EdgeMethodOptions& options, const std::string& about);

/// Not collective. @throws Error usage for --solves and --checked without an estimate.
void check_edge_method(const EdgeMethodOptions& options);

/// As in --method.
[[nodiscard]] const char* name_of(EdgeMethod method);

}  // namespace synbal::app
