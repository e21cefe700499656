// Small graphs for the Laplacian's tests: edge lists that every rank knows, and their dense truths.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/graph/graph.hpp"

namespace synbal::test {

struct Edge {
  GlobalIndex i = 0, j = 0;
  double w = 1;
};

/// A weighted graph as every rank holds it; `ground` is empty or [n].
struct EdgeList {
  GlobalIndex n = 0;
  std::vector<Edge> edges;
  std::vector<double> ground;
};

EdgeList path(GlobalIndex n);
EdgeList cycle(GlobalIndex n);
EdgeList complete(GlobalIndex n);
EdgeList star(GlobalIndex leaves);
EdgeList complete_bipartite(GlobalIndex left, GlobalIndex right);
/// Node i > 0 hangs on (i - 1) / 2.
EdgeList binary_tree(GlobalIndex n);
/// Every node hangs on a random earlier one; weights e^{sigma z}.
EdgeList random_tree(GlobalIndex n, double sigma, std::uint64_t seed);
/// `degree` partners drawn for every node, weights e^{sigma z}; need not be connected.
EdgeList random_graph(GlobalIndex n, GlobalIndex degree, double sigma, std::uint64_t seed);
/// Both side by side, without an edge between.
EdgeList side_by_side(const EdgeList& a, const EdgeList& b);

/// Eigenvalues of a symmetric matrix, ascending, and if asked for its eigenvectors, row after row. By LAPACK.
struct DenseSpectrum {
  std::vector<double> value, vector;
};
DenseSpectrum dense_spectrum(std::vector<double> matrix, GlobalIndex size, bool vectors);

/// Collective. The edges come from all ranks in turn, the rows are spread evenly.
ConductanceGraph distribute(const Comm& comm, const EdgeList& list);
/// The part of [n] values that this rank owns, interleaved `columns` at a time.
std::vector<double> own_part(const ConductanceGraph& graph, const std::vector<double>& all, int columns = 1);
/// [n * n] The Laplacian, row by row.
std::vector<double> dense_laplacian(const EdgeList& list);
/// [n * n] Its pseudoinverse, by LAPACK; eigenvalues below 1e-12 of the largest count as zero.
std::vector<double> dense_pseudoinverse(const EdgeList& list);
/// Values between -1 and 1, the same on all ranks.
std::vector<double> noise(std::size_t count, std::uint64_t seed);

using Entries = std::map<std::pair<GlobalIndex, GlobalIndex>, double>;
/// Collective. All entries of W, on every rank.
Entries entries_of(const ConductanceGraph& graph);
/// Collective. A network of dense weights given row by row, spread evenly.
Network network_of(const std::vector<std::vector<double>>& weights);
void pin(Network& network, GlobalIndex neuron);

/// Collective. The message of the error that the work throws, on every rank.
template <class Work>
std::string message_of(Work&& work, ExitCode code) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace synbal::test
