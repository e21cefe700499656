// The search for edges in the rows of the graph.
#include "app/edge_of_synapse.hpp"

#include <algorithm>

namespace synbal::app {

namespace {}  // namespace

EdgeOfSynapse::EdgeOfSynapse(const GraphSource& source, const EdgeResistances& found)
    : source_(&source), found_(&found) {
  const auto& network = source.network();
  const auto owned = at(network.local_size());
  ground_ = source.to_neurons(source.graph().ground(), 1, 0, 0);
  to_ground_ = source.to_neurons(found.to_ground, 1, 0, 0);
  for (auto* values : {&ground_, &to_ground_}) {
    values->resize(owned + network.halo.ghosts().size());
    HaloExchange<double>(network.halo).forward(std::span(*values).first(owned), std::span(*values).subspan(owned));
  }
}

Edge EdgeOfSynapse::operator()(LocalIndex row, LocalIndex column) const {
  const auto i = source_->node_of_column()[at(row)], j = source_->node_of_column()[at(column)];
  if (i == kNoNode || j == kNoNode) return {};
  if (i == kGround && j == kGround) return {0, 0};
  if (i == kGround || j == kGround) {
    const auto free = at(i == kGround ? column : row);
    return ground_[free] > 0 ? Edge{ground_[free], to_ground_[free]} : Edge{};
  }
  return between(static_cast<LocalIndex>(i - source_->graph().nodes().first()), j);
}

Edge EdgeOfSynapse::between(LocalIndex i, GlobalIndex j) const {
  const auto& graph = source_->graph();
  const bool owned = graph.nodes().owns(j);
  const auto begin = owned ? graph.row_begin(i) : graph.row_remote(i);
  const auto end = owned ? graph.row_remote(i) : graph.row_end(i);
  const auto* neighbours = graph.neighbour();
  const auto* hit = std::lower_bound(neighbours + begin, neighbours + end, j,
                                     [&](LocalIndex k, GlobalIndex wanted) { return graph.global(k) < wanted; });
  if (hit == neighbours + end || graph.global(*hit) != j) return {};
  return {graph.conductance()[hit - neighbours], found_->resistance[at(hit - neighbours)]};
}

}  // namespace synbal::app
