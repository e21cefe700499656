// The product: owned neighbours while the ghosts travel, then the ghosts.
#include "synbal/laplacian/operator.hpp"

#include <array>

#include "laplacian/width.hpp"

namespace synbal {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// sum_e w_e (x_i - x_{j_e}) over entries begin..end-1, column by column, into y.
template <int M>
void add_row(const ConductanceGraph& graph, std::int64_t begin, std::int64_t end, LocalIndex shift, const double* xi,
             const double* x, double* y) {
  const LocalIndex* neighbour = graph.neighbour();
  const double* conductance = graph.conductance();
  if constexpr (M == 1) {
    // Two sums, so that an addition need not wait for the one before.
    double even = 0, odd = 0;
    auto e = begin;
    for (; e + 1 < end; e += 2) {
      even += conductance[e] * (xi[0] - x[neighbour[e] - shift]);
      odd += conductance[e + 1] * (xi[0] - x[neighbour[e + 1] - shift]);
    }
    if (e < end) even += conductance[e] * (xi[0] - x[neighbour[e] - shift]);
    y[0] += even + odd;
  } else {
    double sum[M] = {}, own[M];
    for (int k = 0; k < M; ++k) own[k] = xi[k];
    for (auto e = begin; e < end; ++e) {
      const double w = conductance[e];
      const double* xj = x + std::int64_t{neighbour[e] - shift} * M;
      for (int k = 0; k < M; ++k) sum[k] += w * (own[k] - xj[k]);
    }
    for (int k = 0; k < M; ++k) y[k] += sum[k];
  }
}

}  // namespace

LaplacianOperator::LaplacianOperator(const ConductanceGraph& graph) : graph_(&graph), exchange_(graph.halo()) {}

void LaplacianOperator::apply(std::span<const double> x, std::span<double> y, int columns) {
  std::array<double, kMaxColumns> unused{};
  apply(x, y, columns, std::span(unused).first(at(columns)));
}

void LaplacianOperator::apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) {
  const auto& graph = *graph_;
  ghosts_.resize(at(graph.halo().ghost_count()) * at(columns));
  exchange_.forward_begin(x, ghosts_, columns);
  const auto ground = graph.ground();
  laplacian::with_width(columns, [&](auto width) {
    constexpr int M = width;
    double dot[M] = {};
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      const double* xi = x.data() + std::int64_t{i} * M;
      double* yi = y.data() + std::int64_t{i} * M;
      for (int k = 0; k < M; ++k) yi[k] = ground[at(i)] * xi[k];
      add_row<M>(graph, graph.row_begin(i), graph.row_remote(i), 0, xi, x.data(), yi);
      for (int k = 0; k < M; ++k) dot[k] += xi[k] * yi[k];
    }
    exchange_.forward_end();
    for (const auto i : graph.border()) {
      const double* xi = x.data() + std::int64_t{i} * M;
      double more[M] = {};
      add_row<M>(graph, graph.row_remote(i), graph.row_end(i), graph.size(), xi, ghosts_.data(), more);
      for (int k = 0; k < M; ++k) y[at(std::int64_t{i} * M + k)] += more[k], dot[k] += xi[k] * more[k];
    }
    for (int k = 0; k < M; ++k) dots[at(k)] = dot[k];
  });
  passes_ += columns;
}

}  // namespace synbal
