// Two steps from a node into a dense row, the third by products of that row with those of the neighbours.
#include "resistance/estimate/walks.hpp"

#include <cmath>

#include "resistance/edge_visits.hpp"
#include "resistance/ghost_rows.hpp"
#include "synbal/core/huge_pages.hpp"

namespace synbal::detail {

namespace {

/// Row i of S^2, kept dense between uses.
class TwoSteps {
 public:
  void resize(std::size_t columns) { value_.assign(columns, 0.0); }

  void build(const GhostRows& rows, const GhostRows::Row& from) {
    for (std::size_t k = 0; k < from.column.size(); ++k) {
      const auto row = rows.row(from.column[k]);
      const double s = from.value[k];
      for (std::size_t l = 0; l < row.column.size(); ++l) value_[at(row.column[l])] += s * row.value[l];
    }
  }
  void clear(const GhostRows& rows, const GhostRows::Row& from) {
    for (const auto k : from.column) {
      for (const auto l : rows.row(k).column) value_[at(l)] = 0;
    }
  }
  [[nodiscard]] double operator[](LocalIndex column) const { return value_[at(column)]; }
  [[nodiscard]] double times(const GhostRows::Row& row) const {
    double sum = 0;
    for (std::size_t l = 0; l < row.column.size(); ++l) sum += value_[at(row.column[l])] * row.value[l];
    return sum;
  }

 private:
  HugeVector<double> value_;
};

// Collective.
bool too_dear(const ConductanceGraph& graph, double dearest) {
  double squares = 0;
  for (LocalIndex i = 0; i < graph.size(); ++i) {
    const auto count = static_cast<double>(graph.row_end(i) - graph.row_begin(i));
    squares += count * count;
  }
  return graph.comm().sum(squares) > dearest * static_cast<double>(graph.edges());
}

void walk_batch(const ConductanceGraph& graph, const GhostRows& rows, TwoSteps& two, ShortWalks& walks) {
  const auto root = rows.root();
  for (auto i = rows.begin(); i < rows.end(); ++i) {
    const auto own = rows.row(i);
    two.build(rows, own);
    const double scale = root[at(i)];
    walks.closed2.push_back(two[i] * scale * scale);
    walks.closed3.push_back(two.times(own) * scale * scale);
    for (const auto j : own.column) {
      if (j <= i || (j >= graph.size() && !kept_here(graph, i, j))) continue;
      const double both = scale * root[at(j)];
      walks.cross2.push_back(two[j] * both);
      walks.cross3.push_back(two.times(rows.row(j)) * both);
    }
    two.clear(rows, own);
  }
}

}  // namespace

ShortWalks count_walks(const ConductanceGraph& graph, double dearest) {
  ShortWalks walks;
  for (const double d : graph.degree()) walks.inverse_degree.push_back(d > 0 ? 1 / d : 0.0);
  walks.inverse_degree = with_ghosts(graph.halo(), std::move(walks.inverse_degree));
  if (too_dear(graph, dearest)) {
    walks.lengths = 2;
    return walks;
  }
  GhostRows rows(graph);
  const auto edges = at(kept_edges(graph));
  walks.cross2.reserve(edges), walks.cross3.reserve(edges);
  TwoSteps two;
  for (std::int64_t batch = 0; batch < rows.batches(); ++batch) {
    rows.next();
    two.resize(rows.columns());
    walk_batch(graph, rows, two, walks);
  }
  walks.closed2 = with_ghosts(graph.halo(), std::move(walks.closed2));
  walks.closed3 = with_ghosts(graph.halo(), std::move(walks.closed3));
  return walks;
}

std::array<double, 4> walk_coefficients(const Polynomial& pi) {
  std::array<double, 5> square{};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) square[a + b] += pi[a] * pi[b];
  }
  std::array<double, 4> q{};
  double sum = 0;
  for (std::size_t t = 4; t-- > 0;) q[t] = sum += square[t + 1];
  return q;
}

Polynomial least_polynomial(const std::array<double, 6>& q, int steps) {
  const double trace = q[0] + q[3] + q[5];
  if (!(trace > 0) || !std::isfinite(trace)) return steps == 1 ? Polynomial{0, 1, 0} : Polynomial{0, 0, 1};
  const double lift = 1e-13 * trace;  // samples that are all alike still give an answer
  const double a = q[0] + lift, b = q[1], c = q[2], d = q[3] + lift, e = q[4], f = q[5] + lift;
  if (steps == 1) {
    const double first = d - b, second = a - b;
    return {first / (first + second), second / (first + second), 0};
  }
  // Q^-1 1 by cofactors.
  const double aa = d * f - e * e, ab = c * e - b * f, ac = b * e - c * d;
  const double bb = a * f - c * c, bc = b * c - a * e, cc = a * d - b * b;
  const Polynomial pi{aa + ab + ac, ab + bb + bc, ac + bc + cc};
  const double sum = pi[0] + pi[1] + pi[2];
  if (!(sum > 0)) return {0, 0, 1};
  return {pi[0] / sum, pi[1] / sum, pi[2] / sum};
}

}  // namespace synbal::detail
