// The pattern as AMD wants it: both triangles, columns ascending, without ground.
#include <suitesparse/amd.h>

#include <algorithm>
#include <limits>

#include "synbal/core/error.hpp"
#include "synbal/core/types.hpp"
#include "synbal/krylov/star_mesh.hpp"

namespace synbal {

namespace {

struct Pattern {
  std::vector<std::int32_t> begin, row;
};

Pattern pattern_of(std::int32_t nodes, std::span<const PlainEdge> edges) {
  const auto inner = [&](const PlainEdge& e) { return e.i != e.j && e.i < nodes && e.j < nodes; };
  Pattern pattern{std::vector<std::int32_t>(at(nodes) + 1, 0), {}};
  for (const auto& e : edges) {
    if (inner(e)) ++pattern.begin[at(e.i) + 1], ++pattern.begin[at(e.j) + 1];
  }
  for (std::size_t i = 1; i < pattern.begin.size(); ++i) pattern.begin[i] += pattern.begin[i - 1];
  pattern.row.resize(std::max<std::size_t>(at(pattern.begin.back()), 1));  // AMD refuses null
  auto next = pattern.begin;
  for (const auto& e : edges) {
    if (!inner(e)) continue;
    pattern.row[at(next[at(e.i)]++)] = e.j, pattern.row[at(next[at(e.j)]++)] = e.i;
  }
  return pattern;
}

}  // namespace

EliminationOrder order_for_little_fill(std::int32_t nodes, std::span<const PlainEdge> edges) {
  EliminationOrder order;
  order.node.resize(at(nodes));
  if (nodes == 0) return order;
  const auto pattern = pattern_of(nodes, edges);
  double info[AMD_INFO];
  const int status = amd_order(nodes, pattern.begin.data(), pattern.row.data(), order.node.data(), nullptr, info);
  if (status != AMD_OK && status != AMD_OK_BUT_JUMBLED) throw internal_error("AMD found no order for an elimination");
  order.entries = info[AMD_LNZ], order.operations = info[AMD_NMULTSUBS_LDL];
  return order;
}

}  // namespace synbal
