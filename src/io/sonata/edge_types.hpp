// The table of edge types that lies beside a SONATA file of edges: weights that all edges of a type have. Pure but for
// reading the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace synbal::io {

struct EdgeType {
  std::optional<double> weight;  ///< column syn_weight
  double synapses = 1;           ///< column nsyns
};
using EdgeTypes = std::unordered_map<std::int64_t, EdgeType>;

/// From the text of a table: words with blanks between them (quoted ones may contain some), the first line naming the
/// columns. NULL means no value. @throws Error bad_input with `where` and the line.
[[nodiscard]] EdgeTypes parse_edge_types(const std::string& where, std::string_view text);

/// Not collective: every rank reads it for itself. @throws Error bad_input, io_failure.
[[nodiscard]] EdgeTypes read_edge_types(const std::string& path);

}  // namespace synbal::io
