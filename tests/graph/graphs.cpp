// Bodies of the test graphs.
#include "graph/graphs.hpp"

#include <algorithm>
#include <cmath>

#include "synbal/core/petsc.hpp"
#include "synbal/core/random.hpp"
// clang-format off: needs the types of the header before it
#include <petscblaslapack.h>
// clang-format on

namespace synbal::test {

EdgeList path(GlobalIndex n) {
  EdgeList list{n, {}, {}};
  for (GlobalIndex i = 0; i + 1 < n; ++i) list.edges.push_back({i, i + 1});
  return list;
}

EdgeList cycle(GlobalIndex n) {
  auto list = path(n);
  list.edges.push_back({n - 1, 0});
  return list;
}

EdgeList complete(GlobalIndex n) {
  EdgeList list{n, {}, {}};
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex j = 0; j < i; ++j) list.edges.push_back({i, j});
  }
  return list;
}

EdgeList star(GlobalIndex leaves) { return complete_bipartite(1, leaves); }

EdgeList complete_bipartite(GlobalIndex left, GlobalIndex right) {
  EdgeList list{left + right, {}, {}};
  for (GlobalIndex i = 0; i < left; ++i) {
    for (GlobalIndex j = 0; j < right; ++j) list.edges.push_back({i, left + j});
  }
  return list;
}

EdgeList binary_tree(GlobalIndex n) {
  EdgeList list{n, {}, {}};
  for (GlobalIndex i = 1; i < n; ++i) list.edges.push_back({i, (i - 1) / 2});
  return list;
}

EdgeList random_tree(GlobalIndex n, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed);
  EdgeList list{n, {}, {}};
  for (GlobalIndex i = 1; i < n; ++i) {
    const auto k = static_cast<std::uint64_t>(i);
    const auto parent = static_cast<GlobalIndex>(random.below(k, k, 0));
    list.edges.push_back({i, parent, std::exp(sigma * random.normal(k, 1))});
  }
  return list;
}

EdgeList random_graph(GlobalIndex n, GlobalIndex degree, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed);
  EdgeList list{n, {}, {}};
  for (GlobalIndex i = 0; i < n; ++i) {
    for (GlobalIndex k = 0; k < degree; ++k) {
      const auto draw = static_cast<std::uint64_t>(i * degree + k);
      const auto j = static_cast<GlobalIndex>(random.below(static_cast<std::uint64_t>(n), draw, 0));
      if (j != i) list.edges.push_back({i, j, std::exp(sigma * random.normal(draw, 1))});
    }
  }
  return list;
}

EdgeList side_by_side(const EdgeList& a, const EdgeList& b) {
  auto list = a;
  list.n += b.n;
  for (const auto& e : b.edges) list.edges.push_back({e.i + a.n, e.j + a.n, e.w});
  return list;
}

ConductanceGraph distribute(const Comm& comm, const EdgeList& list) {
  const auto nodes = Ownership::even(comm, list.n);
  Triplets own;
  for (std::size_t e = 0; e < list.edges.size(); ++e) {
    if (static_cast<int>(e % at(comm.size())) != comm.rank()) continue;
    own.row.push_back(list.edges[e].i), own.column.push_back(list.edges[e].j), own.weight.push_back(list.edges[e].w);
  }
  std::vector<double> ground;
  for (GlobalIndex i = 0; i < nodes.count() && !list.ground.empty(); ++i) {
    ground.push_back(list.ground[at(nodes.first() + i)]);
  }
  return graph_of_edges(comm, nodes, std::move(own), std::move(ground));
}

std::vector<double> own_part(const ConductanceGraph& graph, const std::vector<double>& all, int columns) {
  const auto first = all.begin() + graph.nodes().first() * columns;
  return {first, first + std::int64_t{graph.size()} * columns};
}

std::vector<double> dense_laplacian(const EdgeList& list) {
  const auto n = at(list.n);
  std::vector<double> a(n * n, 0.0);
  for (const auto& e : list.edges) {
    if (e.i == e.j) continue;
    a[at(e.i) * n + at(e.i)] += e.w, a[at(e.j) * n + at(e.j)] += e.w;
    a[at(e.i) * n + at(e.j)] -= e.w, a[at(e.j) * n + at(e.i)] -= e.w;
  }
  for (std::size_t i = 0; i < list.ground.size(); ++i) a[i * n + i] += list.ground[i];
  return a;
}

DenseSpectrum dense_spectrum(std::vector<double> matrix, GlobalIndex size, bool vectors) {
  DenseSpectrum out{std::vector<double>(at(size)), std::move(matrix)};
  const auto n = static_cast<PetscBLASInt>(size), room = 64 * std::max<PetscBLASInt>(n, 1);
  std::vector<double> work(at(room));
  PetscBLASInt info = 0;
  if (n > 0) {
    LAPACKsyev_(vectors ? "V" : "N", "U", &n, out.vector.data(), &n, out.value.data(), work.data(), &room, &info);
  }
  EXPECT_EQ(info, 0);
  return out;
}

std::vector<double> dense_pseudoinverse(const EdgeList& list) {
  const auto n = at(list.n);
  const auto [values, vectors] = dense_spectrum(dense_laplacian(list), list.n, true);
  std::vector<double> inverse(n * n, 0.0);
  for (std::size_t k = 0; k < n; ++k) {
    if (values[k] <= 1e-12 * values.back()) continue;
    const double* v = &vectors[k * n];
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) inverse[i * n + j] += v[i] * v[j] / values[k];
    }
  }
  return inverse;
}

std::vector<double> noise(std::size_t count, std::uint64_t seed) {
  const CounterRandom random(seed, 7);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(2 * random.uniform(i) - 1);
  return values;
}

Entries entries_of(const ConductanceGraph& graph) {
  std::vector<GlobalIndex> row, column;
  std::vector<double> weight;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
      row.push_back(graph.nodes().first() + i), column.push_back(graph.global(graph.neighbour()[e]));
      weight.push_back(graph.conductance()[e]);
    }
  }
  const auto rows = graph.comm().gather_all(std::span<const GlobalIndex>(row));
  const auto columns = graph.comm().gather_all(std::span<const GlobalIndex>(column));
  const auto weights = graph.comm().gather_all(std::span<const double>(weight));
  Entries all;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    EXPECT_TRUE(all.emplace(std::pair(rows[k], columns[k]), weights[k]).second) << "an entry stands twice";
  }
  return all;
}

Network network_of(const std::vector<std::vector<double>>& weights) {
  const auto rows = Ownership::even(world(), static_cast<GlobalIndex>(weights.size()));
  GlobalRows own;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    const auto& row = weights[at(rows.first() + i)];
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (row[j] == 0) continue;
      own.column.push_back(static_cast<GlobalIndex>(j)), own.weight.push_back(row[j]);
    }
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  return assemble(world(), rows, std::move(own), Duplicates::sum, {});
}

void pin(Network& network, GlobalIndex neuron) {
  network.nodes.pinned.resize(at(network.local_size()), 0);
  if (network.rows.owns(neuron)) network.nodes.pinned[at(neuron - network.rows.first())] = 1;
}

}  // namespace synbal::test
