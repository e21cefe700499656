// The graph behind a network (symmetric, no self-loops, no double edges) and its partition by PT-Scotch through PETSc.
#include "ptscotch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "synbal/core/agree.hpp"
// PETSc's headers turn MPI functions into macros: they come last.
#include "synbal/core/petsc.hpp"

namespace synbal {

namespace {

/// Edges by their owned end: neighbours of vertex i are neighbour[start[i]] .. neighbour[start[i+1]-1].
struct Graph {
  std::vector<std::int64_t> start;
  std::vector<GlobalIndex> neighbour;
};

/// Edges from the other side: this rank's neuron `own` feeds the neuron `other` of another rank.
struct ForeignEdges {
  std::vector<LocalIndex> own;
  std::vector<GlobalIndex> other;
};

/// Calls visit(row, local column) for every synapse that is not a self-loop.
template <class Visit>
void for_each_edge(const Network& network, Visit&& visit) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    for (auto e = network.row_ptr[k]; e < network.row_ptr[k + 1]; ++e) {
      const auto j = network.column[static_cast<std::size_t>(e)];
      if (j != i) visit(i, j);
    }
  }
}

/// Collective. Tells the owners of ghosts which rows read them.
ForeignEdges foreign_edges(const Comm& comm, const Network& network) {
  const auto n = network.local_size();
  std::vector<std::int64_t> next(network.halo.ghosts().size() + 1, 0);
  for_each_edge(network, [&](LocalIndex, LocalIndex j) {
    if (j >= n) ++next[static_cast<std::size_t>(j - n) + 1];
  });
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(comm.size()), 0);
  for (const auto& peer : network.halo.receives()) {
    const auto first = static_cast<std::size_t>(peer.first);
    counts[static_cast<std::size_t>(peer.rank)] = next[first + static_cast<std::size_t>(peer.count)] - next[first];
  }
  std::vector<LocalIndex> own(static_cast<std::size_t>(next.back()));
  std::vector<GlobalIndex> other(own.size());
  for_each_edge(network, [&](LocalIndex i, LocalIndex j) {
    if (j < n) return;
    const auto slot = static_cast<std::size_t>(next[static_cast<std::size_t>(j - n)]++);
    const auto g = network.global(j);
    own[slot] = static_cast<LocalIndex>(g - network.rows.first(network.rows.owner(g)));
    other[slot] = network.rows.first() + i;
  });
  return {comm.exchange(std::span<const LocalIndex>(own), counts).values,
          comm.exchange(std::span<const GlobalIndex>(other), counts).values};
}

/// Calls visit(owned vertex, neighbour) for both directions of every synapse, as far as the vertex is owned.
template <class Visit>
void for_each_end(const Network& network, const ForeignEdges& foreign, Visit&& visit) {
  for_each_edge(network, [&](LocalIndex i, LocalIndex j) {
    visit(i, network.global(j));
    if (j < network.local_size()) visit(j, network.rows.first() + i);
  });
  for (std::size_t e = 0; e < foreign.own.size(); ++e) visit(foreign.own[e], foreign.other[e]);
}

void drop_double_edges(Graph& graph) {
  auto out = graph.neighbour.begin();
  auto begin = graph.neighbour.begin();
  for (std::size_t i = 0; i + 1 < graph.start.size(); ++i) {
    const auto end = graph.neighbour.begin() + graph.start[i + 1];
    std::sort(begin, end);
    out = std::copy(begin, std::unique(begin, end), out);
    begin = end;
    graph.start[i + 1] = out - graph.neighbour.begin();
  }
  graph.neighbour.erase(out, graph.neighbour.end());
}

Graph symmetric_graph(const Network& network, const ForeignEdges& foreign) {
  Graph graph;
  graph.start.assign(static_cast<std::size_t>(network.local_size()) + 1, 0);
  for_each_end(network, foreign, [&](LocalIndex i, GlobalIndex) { ++graph.start[static_cast<std::size_t>(i) + 1]; });
  std::partial_sum(graph.start.begin(), graph.start.end(), graph.start.begin());
  auto next = graph.start;
  graph.neighbour.resize(static_cast<std::size_t>(graph.start.back()));
  for_each_end(network, foreign, [&](LocalIndex i, GlobalIndex other) {
    graph.neighbour[static_cast<std::size_t>(next[static_cast<std::size_t>(i)]++)] = other;
  });
  drop_double_edges(graph);
  return graph;
}

void check_petsc_range(const Comm& comm, const Network& network, const Graph& graph) {
  const std::int64_t largest = std::numeric_limits<PetscInt>::max();
  const auto edges = comm.sum(graph.start.back());
  if (network.size() <= largest && edges <= largest && network.nnz + network.size() <= largest) return;
  throw bad_input(
      fmt::format("--partition ptscotch: {} neurons with {} connections exceed the {} bits of PetscInt: use "
                  "the petsc64 preset, or --partition nnz",
                  network.size(), edges / 2, 8 * sizeof(PetscInt)));
}

/// A copy in memory that PETSc may free.
template <class T>
PetscInt* petsc_copy(const std::vector<T>& values) {
  PetscInt* copy = nullptr;
  SYNBAL_PETSC(PetscMalloc1(std::max<std::size_t>(values.size(), 1), &copy));
  std::transform(values.begin(), values.end(), copy, [](T v) { return static_cast<PetscInt>(v); });
  return copy;
}

PetscMat adjacency(const Comm& comm, const Network& network, const Graph& graph) {
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreateMPIAdj(comm.get(), static_cast<PetscInt>(network.local_size()),
                               static_cast<PetscInt>(network.size()), petsc_copy(graph.start),
                               petsc_copy(graph.neighbour), nullptr, &raw));
  return PetscMat::adopt(raw);
}

/// What a neuron costs its rank: its synapses, and one for itself.
std::vector<std::int64_t> vertex_weights(const Network& network) {
  std::vector<std::int64_t> weights;
  for (std::size_t i = 0; i + 1 < network.row_ptr.size(); ++i) {
    weights.push_back(network.row_ptr[i + 1] - network.row_ptr[i] + 1);
  }
  return weights;
}

PetscPartitioning partitioner(const Comm& comm, Mat graph, const Network& network) {
  MatPartitioning raw = nullptr;
  SYNBAL_PETSC(MatPartitioningCreate(comm.get(), &raw));
  auto partitioning = PetscPartitioning::adopt(raw);
  SYNBAL_PETSC(MatPartitioningSetAdjacency(raw, graph));
  SYNBAL_PETSC(MatPartitioningSetType(raw, "ptscotch"));
  SYNBAL_PETSC(MatPartitioningSetVertexWeights(raw, petsc_copy(vertex_weights(network))));
  SYNBAL_PETSC(MatPartitioningSetFromOptions(raw));
  return partitioning;
}

void check_ptscotch() {
#if !defined(PETSC_HAVE_PTSCOTCH)
  throw usage_error(
      "--partition ptscotch is not available (PETSc was built without PT-Scotch): use --partition nnz, or a PETSc with "
      "PT-Scotch");
#endif
}

}  // namespace

std::vector<Rank> ptscotch_targets(const Comm& comm, const Network& network) {
  check_ptscotch();
  const auto graph = symmetric_graph(network, foreign_edges(comm, network));
  check_petsc_range(comm, network, graph);
  const auto matrix = adjacency(comm, network, graph);
  const auto partitioning = partitioner(comm, matrix.get(), network);
  IS raw = nullptr;
  SYNBAL_PETSC(MatPartitioningApply(partitioning.get(), &raw));
  const auto answer = PetscIs::adopt(raw);
  const PetscInt* targets = nullptr;
  SYNBAL_PETSC(ISGetIndices(answer.get(), &targets));
  std::vector<Rank> result(targets, targets + network.local_size());
  SYNBAL_PETSC(ISRestoreIndices(answer.get(), &targets));
  return result;
}

}  // namespace synbal
