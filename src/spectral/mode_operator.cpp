// Products with the scaled Laplacian, its Chebyshev filter and its approximate inverse.
#include "spectral/mode_operator.hpp"

#include <algorithm>
#include <cmath>

namespace synbal::detail {

ModeOperator::ModeOperator(const ConductanceGraph& graph, LaplacianSolver& solver, bool normalised)
    : graph_(&graph), solver_(&solver), components_(graph), laplacian_(graph) {
  double degree = 0;
  for (const double d : graph.degree()) {
    scale_.push_back(normalised && d > 0 ? 1 / std::sqrt(d) : 1.0);
    degree = std::max(degree, d);
  }
  largest_ = normalised ? 2.0 : 2 * graph.comm().max(degree);
  inverse_norm_.assign(at(components_.count()), 0.0);
  for (std::size_t i = 0; i < scale_.size(); ++i) {
    inverse_norm_[at(components_.label()[i])] += 1 / (scale_[i] * scale_[i]);
  }
  components_.sum(inverse_norm_, 1);
  for (LocalIndex l = 0; l < components_.count(); ++l) {
    inverse_norm_[at(l)] = components_.grounded(l) ? 0.0 : 1 / inverse_norm_[at(l)];
  }
}

// Collective. [labels * columns] u_c^T x / |u_c|^2, u_c = E^-1 1_c.
std::vector<double> ModeOperator::null_share(std::span<const double> block, int columns) const {
  const auto m = at(columns);
  std::vector<double> share(at(components_.count()) * m, 0.0);
  for (std::size_t i = 0; i < scale_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) share[at(components_.label()[i]) * m + k] += block[i * m + k] / scale_[i];
  }
  components_.sum(share, columns);
  for (std::size_t l = 0; l < inverse_norm_.size(); ++l) {
    for (std::size_t k = 0; k < m; ++k) share[l * m + k] *= inverse_norm_[l];
  }
  return share;
}

void ModeOperator::project(std::span<double> block, int columns) const {
  const auto share = null_share(block, columns);
  const auto m = at(columns);
  for (std::size_t i = 0; i < scale_.size(); ++i) {
    for (std::size_t k = 0; k < m; ++k) block[i * m + k] -= share[at(components_.label()[i]) * m + k] / scale_[i];
  }
}

// Collective. work(interleaved x, interleaved y, columns) for at most kMaxColumns at a time.
template <class Work>
void ModeOperator::in_blocks(ColumnsIn x, ColumnsOut y, Work&& work) {
  const auto n = scale_.size();
  std::vector<double> in, out;
  for (int first = 0; first < x.count; first += LaplacianOperator::kMaxColumns) {
    const int m = std::min(LaplacianOperator::kMaxColumns, x.count - first);
    in.resize(n * at(m)), out.resize(n * at(m));
    for (int k = 0; k < m; ++k) {
      const double* column = x.data + (first + k) * x.stride;
      for (std::size_t i = 0; i < n; ++i) in[i * at(m) + at(k)] = column[i];
    }
    work(in, out, m);
    for (int k = 0; k < m; ++k) {
      double* column = y.data + (first + k) * y.stride;
      for (std::size_t i = 0; i < n; ++i) column[i] = out[i * at(m) + at(k)];
    }
  }
}

// Collective. y = E L E x.
void ModeOperator::scaled_product(std::span<const double> x, std::span<double> y, int columns) {
  const auto m = at(columns);
  work_.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) work_[i] = scale_[i / m] * x[i];
  laplacian_.apply(work_, y, columns);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] *= scale_[i / m];
}

void ModeOperator::apply(ColumnsIn x, ColumnsOut y) {
  in_blocks(x, y, [this](const std::vector<double>& in, std::vector<double>& out, int columns) {
    scaled_product(in, out, columns);
    const auto share = null_share(in, columns);
    const auto m = at(columns);
    for (std::size_t i = 0; i < scale_.size(); ++i) {
      const double lift = 1.5 * largest_ / scale_[i];
      for (std::size_t k = 0; k < m; ++k) out[i * m + k] += lift * share[at(components_.label()[i]) * m + k];
    }
  });
}

void ModeOperator::filter(ColumnsIn x, ColumnsOut y, const ModeFilter& filter) {
  const double middle = (filter.threshold + filter.largest) / 2, half = (filter.largest - filter.threshold) / 2;
  in_blocks(x, y, [&](std::vector<double>& in, std::vector<double>& out, int columns) {
    project(in, columns);
    // T_0 x = x, T_1 x = t x, T_{k+1} x = 2 t T_k x - T_{k-1} x with t = (middle - N) / half.
    std::vector<double> last = in, product(in.size());
    scaled_product(in, product, columns);
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = (middle * in[i] - product[i]) / half;
    for (int k = 1; k < filter.degree; ++k) {
      scaled_product(out, product, columns);
      for (std::size_t i = 0; i < in.size(); ++i) {
        const double next = 2 * (middle * out[i] - product[i]) / half - last[i];
        last[i] = out[i], out[i] = next;
      }
    }
    project(out, columns);
  });
}

void ModeOperator::invert(ColumnsIn x, ColumnsOut y, double residual) {
  in_blocks(x, y, [&](std::vector<double>& in, std::vector<double>& out, int columns) {
    const auto m = at(columns);
    for (std::size_t i = 0; i < in.size(); ++i) in[i] /= scale_[i / m];
    LaplacianSolveParams params;
    params.tolerance = residual;
    solver_->solve(in, out, columns, params);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] /= scale_[i / m];
    project(out, columns);
  });
}

}  // namespace synbal::detail
