// The graph behind a network (symmetric, no self-loops, no double edges) and its partition by PT-Scotch through PETSc.
#include "network/ptscotch.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/partition.hpp"
// PETSc's headers turn MPI functions into macros: they come last.
#include "synbal/core/petsc.hpp"

namespace synbal {

namespace {

using Graph = Lists<GlobalIndex>;

/// An edge from the other side: this rank's neuron `own` feeds the neuron `other` of another rank.
struct ForeignEdge {
  LocalIndex own;
  GlobalIndex other;
};

/// Calls visit(row, local column) for every synapse that is not a self-loop.
template <class Visit>
void for_each_edge(const Network& network, Visit&& visit) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto k = at(i);
    for (auto e = network.row_ptr[k]; e < network.row_ptr[k + 1]; ++e) {
      const auto j = network.column[at(e)];
      if (j != i) visit(i, j);
    }
  }
}

/// Collective. Tells the owners of ghosts which rows read them.
std::vector<ForeignEdge> foreign_edges(const Comm& comm, const Network& network) {
  std::vector<Rank> owner;
  std::vector<ForeignEdge> edges;
  for_each_edge(network, [&](LocalIndex i, LocalIndex j) {
    if (j < network.local_size()) return;
    const auto g = network.global(j);
    owner.push_back(network.rows.owner(g));
    edges.push_back({static_cast<LocalIndex>(g - network.rows.first(owner.back())), network.rows.first() + i});
  });
  return Route(comm, std::move(owner)).send(std::move(edges));
}

/// Calls visit(owned vertex, neighbour) for both directions of every synapse, as far as the vertex is owned.
template <class Visit>
void for_each_end(const Network& network, const std::vector<ForeignEdge>& foreign, Visit&& visit) {
  for_each_edge(network, [&](LocalIndex i, LocalIndex j) {
    visit(i, network.global(j));
    if (j < network.local_size()) visit(j, network.rows.first() + i);
  });
  for (const auto& edge : foreign) visit(edge.own, edge.other);
}

/// The neighbours of every owned neuron, each once.
Graph symmetric_graph(const Network& network, const std::vector<ForeignEdge>& foreign) {
  auto graph = lists_of<GlobalIndex>(network.local_size(), [&](auto&& put) { for_each_end(network, foreign, put); });
  drop_repeated(graph.start, graph.values);
  return graph;
}

void check_petsc_range(const Comm& comm, const Network& network, const Graph& graph) {
  const std::int64_t largest = std::numeric_limits<PetscInt>::max();
  const auto edges = comm.sum(graph.start.back());
  if (network.size() <= largest && edges <= largest && network.nnz + network.size() <= largest) return;
  throw bad_input(
      fmt::format("--partition ptscotch: {} neurons with {} connections exceed the {} bits of PetscInt: use "
                  "a PETSc and PT-Scotch of 64 bits, or --partition nnz",
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
                               static_cast<PetscInt>(network.size()), petsc_copy(graph.start), petsc_copy(graph.values),
                               nullptr, &raw));
  return PetscMat::adopt(raw);
}

/// What a neuron costs its rank: its synapses, and one for itself.
std::vector<std::int64_t> vertex_weights(const Network& network) {
  auto weights = lengths_of(network.row_ptr);
  for (auto& weight : weights) ++weight;
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

/// Bytes of an integer of the PT-Scotch that this program runs with; those of PETSc's where it does not tell.
int ptscotch_integer_size() {
  const auto size = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "SCOTCH_numSizeof"));
  return size == nullptr ? static_cast<int>(sizeof(PetscInt)) : size();
}

/// Why PT-Scotch cannot be asked; empty where it can.
std::string why_no_ptscotch() {
#if !defined(PETSC_HAVE_PTSCOTCH)
  return "PETSc was built without PT-Scotch";
#endif
  // PETSc hands its integers over as they are, and Debian's with 64 bits comes with a PT-Scotch of 32.
  const auto size = ptscotch_integer_size();
  if (size == static_cast<int>(sizeof(PetscInt))) return "";
  return fmt::format("PT-Scotch counts with {} bits, this PETSc with {}", 8 * size, 8 * sizeof(PetscInt));
}

}  // namespace

bool has_ptscotch() { return why_no_ptscotch().empty(); }

void require_ptscotch() {
  const auto why = why_no_ptscotch();
  if (why.empty()) return;
  throw usage_error(fmt::format(
      "--partition ptscotch is not available ({}): use --partition nnz, or a PETSc and PT-Scotch that go together",
      why));
}

std::vector<Rank> ptscotch_targets(const Comm& comm, const Network& network) {
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
