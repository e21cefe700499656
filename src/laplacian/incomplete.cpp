// The two sweeps.
#include "laplacian/incomplete.hpp"

#include <algorithm>

#include "laplacian/incomplete_factor.hpp"
#include "synbal/krylov/operator.hpp"

namespace synbal::detail {

namespace {}  // namespace

struct IncompleteCholesky::Body {
  explicit Body(const ConductanceGraph& graph)
      : n(graph.size()), chain(graph), factor(incomplete_factor(graph, chain)) {}

  // y = (I - T)^-1 D^-1/2 r
  template <int M>
  void forward(std::span<const double> r) {
    for (LocalIndex i = 0; i < n; ++i) {
      double sum[M];
      for (int k = 0; k < M; ++k) sum[k] = factor.inverse_root[at(i)] * r[at(i) * M + at(k)];
      for (auto e = at(factor.row_ptr[at(i)]); e < at(factor.row_ptr[at(i) + 1]); ++e) {
        const double t = factor.coefficient[e];
        const double* yj = &y[at(factor.column[e]) * M];
        for (int k = 0; k < M; ++k) sum[k] += t * yj[k];
      }
      for (int k = 0; k < M; ++k) y[at(i) * M + at(k)] = sum[k];
    }
  }

  // u = D^-1/2 (I - T^t)^-1 y, row by row: what a row has found goes to the rows above it.
  template <int M>
  void backward(std::span<double> u) {
    for (LocalIndex i = n; i-- > 0;) {
      double z[M];
      std::copy_n(&y[at(i) * M], M, z);
      for (int k = 0; k < M; ++k) u[at(i) * M + at(k)] = factor.inverse_root[at(i)] * z[k];
      for (auto e = at(factor.row_ptr[at(i)]); e < at(factor.row_ptr[at(i) + 1]); ++e) {
        const double t = factor.coefficient[e];
        double* yj = &y[at(factor.column[e]) * M];
        for (int k = 0; k < M; ++k) yj[k] += t * z[k];
      }
    }
  }

  void apply(std::span<const double> r, std::span<double> u, int m) {
    y.resize(at(n + chain.ghosts()) * at(m));
    chain.receive_from_below(y, m);
    with_width(m, [&](auto width) { forward<width>(r); });
    chain.send_above(y, m);
    std::fill(y.begin() + static_cast<std::ptrdiff_t>(at(n) * at(m)), y.end(), 0.0);
    chain.add_from_above(y, m);
    with_width(m, [&](auto width) { backward<width>(u); });
    chain.send_below(y, m);
  }

  LocalIndex n;
  RankChain chain;
  IncompleteFactor factor;
  HugeVector<double> y;  // [(n + ghosts) * columns]
};

IncompleteCholesky::IncompleteCholesky(const ConductanceGraph& graph) : body_(std::make_unique<Body>(graph)) {}
IncompleteCholesky::~IncompleteCholesky() = default;

void IncompleteCholesky::apply(std::span<const double> r, std::span<double> u, int columns) {
  body_->apply(r, u, columns);
}

}  // namespace synbal::detail
