// From symmetric rows to the graph: which neighbours are ghosts, and where every entry lies.
#include "synbal/graph/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "synbal/core/agree.hpp"

namespace synbal {

ConductanceGraph::ConductanceGraph(const Comm& comm, GraphParts&& parts)
    : comm_(&comm),
      nodes_(std::move(parts.nodes)),
      edges_(comm.sum(parts.rows.row_ptr.back()) / 2),
      unit_(parts.unit),
      ground_(std::move(parts.ground)),
      component_(std::move(parts.component)),
      grounded_component_(parts.grounded_component),
      component_rows_(std::move(parts.component_rows)) {
  ground_.resize(at(size()), 0.0);
  find_ghosts(parts.rows);
  fill(parts.rows);
}

ConductanceGraph::ConductanceGraph(const Comm& comm, GraphParts&& parts, LocalRows&& rows)
    : comm_(&comm),
      nodes_(std::move(parts.nodes)),
      halo_(comm, nodes_, std::move(rows.ghosts)),
      edges_(comm.sum(rows.row_ptr.back()) / 2),
      unit_(parts.unit),
      row_ptr_(std::move(rows.row_ptr)),
      remote_(std::move(rows.remote)),
      neighbour_(std::move(rows.neighbour)),
      conductance_(std::move(rows.conductance)),
      degree_(std::move(rows.degree)),
      ground_(std::move(parts.ground)),
      component_(std::move(parts.component)),
      grounded_component_(parts.grounded_component),
      component_rows_(std::move(parts.component_rows)) {
  ground_.resize(at(size()), 0.0);
  for (LocalIndex i = 0; i < size(); ++i) {
    if (row_remote(i) < row_end(i)) border_.push_back(i);
  }
}

void ConductanceGraph::find_ghosts(const GlobalRows& rows) {
  auto ghosts = foreign(nodes_, rows.column);
  agreed(*comm_, [&] {
    if (static_cast<std::int64_t>(ghosts.size()) + size() <= std::numeric_limits<LocalIndex>::max()) return;
    throw bad_input(
        fmt::format("{} nodes and neighbours on one rank (more than 32-bit local indices count): use more "
                    "ranks",
                    ghosts.size() + at(size())));
  });
  halo_ = Halo(*comm_, nodes_, std::move(ghosts));
}

// Within a row the owned neighbours come first; both parts keep their order.
void ConductanceGraph::fill(const GlobalRows& rows) {
  row_ptr_ = rows.row_ptr;
  neighbour_.reserve(rows.column.size()), conductance_.reserve(rows.column.size());
  for (LocalIndex i = 0; i < size(); ++i) {
    const auto begin = at(row_ptr_[at(i)]), end = at(row_ptr_[at(i) + 1]);
    double degree = 0;
    const auto put = [&](std::size_t e) {
      neighbour_.push_back(halo_.local(rows.column[e])), conductance_.push_back(rows.weight[e]);
      degree += rows.weight[e];
    };
    for (auto e = begin; e < end; ++e) {
      if (nodes_.owns(rows.column[e])) put(e);
    }
    remote_.push_back(static_cast<std::int64_t>(neighbour_.size()));
    if (neighbour_.size() < end) border_.push_back(i);
    for (auto e = begin; e < end && neighbour_.size() < end; ++e) {
      if (!nodes_.owns(rows.column[e])) put(e);
    }
    degree_.push_back(degree + ground_[at(i)]);
  }
}

std::vector<GlobalIndex> ConductanceGraph::node_of_row(LocalIndex network_rows) const {
  std::vector<GlobalIndex> node(at(network_rows), -1);
  for (std::size_t i = 0; i < network_row_.size(); ++i) {
    node[at(network_row_[i])] = nodes_.first() + static_cast<GlobalIndex>(i);
  }
  return node;
}

}  // namespace synbal
