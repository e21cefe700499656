// Single-linkage trees over a dense matrix of costs: offsets of clusters, and elimination without subtraction.
#include "balance/dense_balance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "synbal/core/types.hpp"

namespace synbal {

namespace {

using Real = long double;  // 64 bits of mantissa and 15 of exponent: 200 decades of weights stay in range
using Node = std::int32_t;

constexpr Real kSafeChange = 1.79L;  // the largest change of an exponent in a Newton step that surely descends
constexpr Real kShort = 0.5L;        // offsets shorter than this leave the rest to Newton
constexpr Real kRounding = 1e-6L;    // of a short step: what its solve may err by, generously
constexpr int kMostRounds = 100, kMostSteps = 200;

/// A square matrix, row by row.
class Square {
 public:
  explicit Square(Node n) : n_(at(n)), values_(n_ * n_, 0) {}
  [[nodiscard]] Real* operator[](Node i) { return values_.data() + at(i) * n_; }
  [[nodiscard]] const Real* operator[](Node i) const { return values_.data() + at(i) * n_; }
  void clear() { std::fill(values_.begin(), values_.end(), Real{0}); }

 private:
  std::size_t n_;
  std::vector<Real> values_;
};

/// Two clusters become one, which keeps the name (one of its nodes) of the second.
struct Merge {
  Node gone, stays;
};

/// Costs between clusters, each called by one of its nodes; at first every node is one.
class Contraction {
 public:
  explicit Contraction(Square cost, Node n) : cost_(std::move(cost)), active_(at(n)) {
    for (Node i = 0; i < n; ++i) active_[at(i)] = i;
  }
  [[nodiscard]] const std::vector<Node>& active() const { return active_; }
  /// What enters and leaves a cluster: sums over its own cut, so exact to rounding however weak that is.
  [[nodiscard]] std::pair<Real, Real> flows(Node r) const {
    Real in = 0, out = 0;
    for (const Node j : active_) {
      if (j != r) in += cost_[r][j], out += cost_[j][r];
    }
    return {in, out};
  }
  void add(Node to, Node from, Real amount) { cost_[to][from] += amount; }
  void scale(Node r, Real incoming, Real outgoing) {
    for (const Node j : active_) cost_[r][j] *= incoming, cost_[j][r] *= outgoing;
  }
  void merge(const Merge& m) {
    active_.erase(std::lower_bound(active_.begin(), active_.end(), m.gone));
    for (const Node j : active_) cost_[m.stays][j] += cost_[m.gone][j], cost_[j][m.stays] += cost_[j][m.gone];
  }

 private:
  Square cost_;
  std::vector<Node> active_;
};

/// L phi = g, solved in the order of a tree. Of a cluster's right side only what crosses its border is ever summed.
class Elimination {
 public:
  Elimination(const Square& cost, Node n) : flows_(cost, n), carried_(Square(n), n), w_(n), n_(n) {
    for (Node i = 0; i < n; ++i) {
      for (Node j = 0; j < n; ++j) w_[i][j] = i == j ? Real{0} : cost[i][j] + cost[j][i];
    }
  }

  [[nodiscard]] std::vector<Real> solve(const std::vector<Merge>& tree) {
    for (const auto& merge : tree) eliminate(merge);
    std::vector<Real> phi(at(n_), 0);
    for (auto pivot = pivots_.rbegin(); pivot != pivots_.rend(); ++pivot) {
      Real sum = pivot->right;
      for (Node j = 0; j < n_; ++j) sum += w_[pivot->node][j] * phi[at(j)];
      phi[at(pivot->node)] = sum / pivot->weight;
    }
    return phi;
  }

 private:
  struct Pivot {
    Node node;
    Real right, weight;
  };

  /// Takes out the node that stands for `gone`.
  void eliminate(const Merge& merge) {
    const auto a = merge.gone;
    const auto [in, out] = flows_.flows(a);
    const Real right = in - out + carried_.flows(a).first;
    flows_.merge(merge), carried_.merge(merge);
    std::vector<Node> neighbours;
    Real weight = 0;
    for (const Node j : flows_.active()) {
      if (w_[a][j] > 0) neighbours.push_back(j), weight += w_[a][j];
    }
    pivots_.push_back({a, right, weight});
    for (const Node j : neighbours) {
      const Real share = w_[a][j] / weight;
      w_[j][a] = 0;
      if (j != merge.stays) carried_.add(j, merge.stays, share * right), carried_.add(merge.stays, j, -share * right);
      for (const Node k : neighbours) {
        if (k != j) w_[j][k] += share * w_[a][k];
      }
    }
  }

  Contraction flows_;
  Contraction carried_;  // what elimination moved over the borders that are there: within a cluster it is forgotten
  Square w_;
  std::vector<Pivot> pivots_;
  Node n_;
};

/// One run.
class DenseRun {
 public:
  DenseRun(const DenseProblem& problem, double tolerance)
      : problem_(problem), n_(problem.nodes), h_(at(n_), 0), cost_(n_), tolerance_(tolerance) {}

  DenseSolution operator()() {
    price();
    Real left = std::numeric_limits<Real>::infinity();  // Newton's method squares a short step
    while (solution_.newton_steps < kMostSteps && left > tolerance_) {
      const Real length = newton_step();
      left = length < kShort ? std::max(length * length, length * kRounding) : length;
      if (length > kSafeChange && solution_.rounds < kMostRounds) spread_offsets();
    }
    solution_.step_inf = static_cast<double>(left);
    solution_.converged = left <= tolerance_;
    for (const Real h : h_) solution_.h.push_back(static_cast<double>(h));
    return std::move(solution_);
  }

 private:
  [[nodiscard]] Real log_cost(const DenseProblem::Edge& e) const { return e.log_cost + h_[at(e.pre)] - h_[at(e.post)]; }

  /// Costs at h, the largest near 1.
  void price() {
    Real top = -std::numeric_limits<Real>::infinity();
    for (const auto& e : problem_.edges) top = std::max(top, log_cost(e));
    cost_.clear();
    for (const auto& e : problem_.edges) {
      if (e.post != e.pre) cost_[e.post][e.pre] += std::exp(log_cost(e) - top);
    }
  }

  /// The single-linkage tree, the strongest merges first (Kruskal 1956); the pinned node names its cluster.
  [[nodiscard]] std::vector<Merge> tree() const {
    std::vector<std::pair<Real, Merge>> pairs;
    for (Node i = 0; i < n_; ++i) {
      for (Node j = 0; j < i; ++j) {
        const Real w = cost_[i][j] + cost_[j][i];
        if (w > 0) pairs.push_back({w, {i, j}});
      }
    }
    std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Node> name(at(n_));
    for (Node i = 0; i < n_; ++i) name[at(i)] = i;
    const auto find = [&](Node i) {
      while (name[at(i)] != i) i = name[at(i)] = name[at(name[at(i)])];
      return i;
    };
    std::vector<Merge> merges;
    for (const auto& [w, pair] : pairs) {
      Merge merge{find(pair.gone), find(pair.stays)};
      if (merge.gone == merge.stays) continue;
      if (merge.gone == problem_.pinned) std::swap(merge.gone, merge.stays);
      name[at(merge.gone)] = merge.stays;
      merges.push_back(merge);
    }
    return merges;
  }

  /// Rounds in which every node, and every cluster once it is whole, takes its own optimum.
  void spread_offsets() {
    Real longest = 2 * kShort;
    while (longest > kShort && solution_.rounds < kMostRounds) {
      longest = spread_once();
      ++solution_.rounds;
      price();
    }
  }

  Real spread_once() {
    Contraction clusters(cost_, n_);
    std::vector<Real> shift(at(n_), 0), at_merge(at(n_), 0);
    Real longest = 0;
    const auto settle = [&](Node r) {
      const auto [in, out] = clusters.flows(r);
      if (r == problem_.pinned || in <= 0 || out <= 0) return;
      const Real offset = std::log(in / out) / 2;
      clusters.scale(r, std::exp(-offset), std::exp(offset));
      shift[at(r)] += offset;
      longest = std::max(longest, std::abs(offset));
    };
    for (Node i = 0; i < n_; ++i) settle(i);
    const auto merges = tree();
    for (const auto& merge : merges) {
      at_merge[at(merge.gone)] = shift[at(merge.stays)];
      clusters.merge(merge);
      settle(merge.stays);
    }
    for (auto merge = merges.rbegin(); merge != merges.rend(); ++merge) {
      shift[at(merge->gone)] += shift[at(merge->stays)] - at_merge[at(merge->gone)];
    }
    for (Node i = 0; i < n_; ++i) h_[at(i)] += shift[at(i)];
    return longest;
  }

  /// A damped step; its full length along synapses.
  Real newton_step() {
    const auto phi = Elimination(cost_, n_).solve(tree());
    Real length = 0;
    for (const auto& e : problem_.edges) length = std::max(length, std::abs(phi[at(e.pre)] - phi[at(e.post)]));
    const Real scale = length > kSafeChange ? kSafeChange / length : Real{1};
    for (Node i = 0; i < n_; ++i) h_[at(i)] += scale * phi[at(i)];
    ++solution_.newton_steps;
    price();
    return length;
  }

  const DenseProblem& problem_;
  Node n_;
  std::vector<Real> h_;
  Square cost_;
  Real tolerance_;
  DenseSolution solution_;
};

}  // namespace

DenseSolution balance_densely(const DenseProblem& problem, double tolerance) { return DenseRun(problem, tolerance)(); }

}  // namespace synbal
