// The product: owned neighbours while the ghosts travel, then the ghosts.
#include "synbal/graph/operator.hpp"

#include <algorithm>
#include <array>

#include "synbal/core/profile.hpp"
#include "synbal/graph/row_sum.hpp"
#include "synbal/krylov/operator.hpp"

namespace synbal {

namespace {

/// The graph's arrays, so that the loops need not ask for them row by row.
struct Rows {
  const LocalIndex* neighbour;
  const double* conductance;
};

/// y += sum_e w_e (x_i - x_{j_e}) over entries begin..end-1, column by column; x starts at column `shift`.
template <int M>
[[gnu::always_inline]] inline void add_row(const Rows& rows, std::int64_t begin, std::int64_t end, LocalIndex shift,
                                           const double* xi, const double* x, double* y) {
  const LocalIndex* neighbour = rows.neighbour;
  const double* conductance = rows.conductance;
  if constexpr (M == 1) {
    y[0] += detail::row_sum(neighbour, conductance, begin, end, xi[0], x, shift);
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

/// Owned neighbours of all rows, and what leads to ground; dot += x . y.
template <int M>
void multiply_local(const ConductanceGraph& graph, const double* x, double* y, double* dot) {
  const Rows rows{graph.neighbour(), graph.conductance()};
  const double* ground = graph.ground().data();
  const auto n = graph.size();
  double sums[M] = {};
  for (LocalIndex i = 0; i < n; ++i, y += M) {
    const double* xi = x + std::int64_t{i} * M;
    double yi[M];
    for (int k = 0; k < M; ++k) yi[k] = ground[i] * xi[k];
    add_row<M>(rows, graph.row_begin(i), graph.row_remote(i), 0, xi, x, yi);
    for (int k = 0; k < M; ++k) y[k] = yi[k], sums[k] += xi[k] * yi[k];
  }
  for (int k = 0; k < M; ++k) dot[k] += sums[k];
}

/// The neighbours of other ranks.
template <int M>
void multiply_border(const ConductanceGraph& graph, const double* x, const double* ghosts, double* y, double* dot) {
  const Rows rows{graph.neighbour(), graph.conductance()};
  for (const auto i : graph.border()) {
    const double* xi = x + std::int64_t{i} * M;
    double more[M] = {};
    add_row<M>(rows, graph.row_remote(i), graph.row_end(i), graph.size(), xi, ghosts, more);
    for (int k = 0; k < M; ++k) y[std::int64_t{i} * M + k] += more[k], dot[k] += xi[k] * more[k];
  }
}

}  // namespace

LaplacianOperator::LaplacianOperator(const ConductanceGraph& graph) : graph_(&graph), exchange_(graph.halo()) {}

void LaplacianOperator::apply(std::span<const double> x, std::span<double> y, int columns) {
  std::array<double, kMaxColumns> unused{};
  apply(x, y, columns, std::span(unused).first(at(columns)));
}

void LaplacianOperator::apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) {
  const EventScope event(Event::laplacian);
  const auto& graph = *graph_;
  ghosts_.resize(at(graph.halo().ghost_count()) * at(columns));
  exchange_.forward_begin(x, ghosts_, columns);
  std::fill(dots.begin(), dots.end(), 0.0);
  with_width(columns, [&](auto width) { multiply_local<width>(graph, x.data(), y.data(), dots.data()); });
  exchange_.forward_end();
  with_width(columns,
             [&](auto width) { multiply_border<width>(graph, x.data(), ghosts_.data(), y.data(), dots.data()); });
  passes_ += columns;
}

}  // namespace synbal
