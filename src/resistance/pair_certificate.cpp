// Residuals edge by edge in extended precision, corrections by them, and the energies of what is left.
#include "resistance/pair_certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "resistance/tuning.hpp"
#include "synbal/laplacian/whole_graph.hpp"

namespace synbal::detail {

namespace {

using namespace tuning;

// Collective. Column `k` of a block, of all ranks.
std::vector<double> whole_column(const Comm& comm, std::span<const double> block, std::size_t columns, std::size_t k) {
  std::vector<double> own;
  for (std::size_t i = k; i < block.size(); i += columns) own.push_back(block[i]);
  return comm.gather_all(std::span<const double>(own));
}

}  // namespace

PairCertificate::PairCertificate(const ConductanceGraph& graph, LaplacianSolver& solver)
    : graph_(&graph), solver_(&solver), tree_(graph), exchange_(graph.halo()) {
  if (solver.asked()) return;
  if (const auto whole = whole_graph(graph)) mesh_ = whole->eliminated();
}

std::vector<Certified> PairCertificate::operator()(std::span<const double> b, std::span<double> x, int columns,
                                                   bool improve) {
  find_residual(b, x, columns);
  for (int turn = 0; improve && turn < kImprovements; ++turn) {
    correct(x, columns);
    find_residual(b, x, columns);
  }
  const auto m = at(columns);
  const auto sums = sums_of(b, x, columns);
  std::vector<Certified> certified;
  for (std::size_t k = 0; k < m; ++k) {
    const double rest = tree_.energy_bound(whole_column(graph_->comm(), residual_, m, k)) * (1 + kRounding);
    const double slack = 8 * std::numeric_limits<double>::epsilon() * sums.size[k];
    certified.push_back({std::max(sums.energy[k] - slack, 0.0), sums.energy[k] + rest + slack});
  }
  return certified;
}

// Collective. x += L^+ r, roughly.
void PairCertificate::correct(std::span<double> x, int columns) {
  const auto& comm = graph_->comm();
  std::vector<double> correction(x.size());
  if (mesh_) {
    auto all = comm.gather_all(std::span<const double>(residual_));
    mesh_->solve(all, columns);
    std::copy_n(all.begin() + graph_->nodes().first() * columns, x.size(), correction.begin());
  } else {
    solver_->solve(residual_, correction, columns, exact_solve());
  }
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += correction[i];
}

// Collective.
void PairCertificate::find_residual(std::span<const double> b, std::span<const double> x, int columns) {
  const auto& graph = *graph_;
  const auto m = at(columns);
  const auto n = graph.size();
  ghosts_.resize(at(graph.halo().ghost_count()) * m);
  exchange_.forward_begin(x, ghosts_, columns);
  exchange_.forward_end();
  residual_.resize(x.size());
  for (LocalIndex i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < m; ++k) {
      const long double own = x[at(i) * m + k];
      long double left = b[at(i) * m + k] - graph.ground()[at(i)] * own;
      for (auto e = graph.row_begin(i); e < graph.row_end(i); ++e) {
        const auto j = graph.neighbour()[e];
        const double other = j < n ? x[at(j) * m + k] : ghosts_[at(j - n) * m + k];
        left -= graph.conductance()[e] * (own - other);
      }
      residual_[at(i) * m + k] = static_cast<double>(left);
    }
  }
}

// Collective.
PairCertificate::Sums PairCertificate::sums_of(std::span<const double> b, std::span<const double> x,
                                               int columns) const {
  const auto m = at(columns);
  std::vector<long double> energy(m, 0), size(m, 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double part = static_cast<long double>(b[i] + residual_[i]) * x[i];
    energy[i % m] += part, size[i % m] += std::abs(part);
  }
  Sums sums{{energy.begin(), energy.end()}, {size.begin(), size.end()}};
  graph_->comm().sum(std::span(sums.energy));
  graph_->comm().sum(std::span(sums.size));
  return sums;
}

}  // namespace synbal::detail
