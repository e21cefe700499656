// The reduced graph, and the way of right-hand sides and solutions through the rounds.
#include "laplacian/elimination.hpp"

#include <algorithm>

#include "laplacian/elimination_graph.hpp"
#include "laplacian/elimination_rounds.hpp"

namespace synbal {

struct Elimination::Body {
  explicit Body(const ConductanceGraph& g) : graph(g) {
    detail::ChangingGraph changing(g);
    done = detail::eliminate_in_rounds(g, changing);
    if (done.eliminated == 0) return;
    for (LocalIndex i = 0; i < graph.size(); ++i) {
      if (done.gone[at(i)] == 0) left.push_back(i);
    }
    reduced = detail::graph_of_the_rest(graph, changing, left);
  }

  const ConductanceGraph& graph;
  detail::EliminationRounds done;
  std::vector<LocalIndex> left;  // nodes of the reduced graph
  std::unique_ptr<ConductanceGraph> reduced;
  std::vector<double> ghosts;  // of the round under way
};

Elimination::Elimination(const ConductanceGraph& graph) : body_(std::make_unique<Body>(graph)) {}
Elimination::~Elimination() = default;
Elimination::Elimination(Elimination&&) noexcept = default;

std::int64_t Elimination::eliminated() const noexcept { return body_->done.eliminated; }
std::int64_t Elimination::rounds() const noexcept { return static_cast<std::int64_t>(body_->done.rounds.size()); }
const ConductanceGraph& Elimination::reduced() const noexcept {
  return body_->reduced ? *body_->reduced : body_->graph;
}

namespace {

using detail::EliminationRound;

/// b_j += (w_j / d) b_i for every neighbour j of an eliminated i; b_i^2 / d is what i adds to the energy.
void eliminate(const EliminationRound::Node& node, LocalIndex n, std::span<double> b, std::span<double> ghosts,
               std::span<double> energy) {
  const auto m = energy.size();
  const double* bi = &b[at(node.node) * m];
  for (std::size_t k = 0; k < m; ++k) energy[k] += bi[k] * bi[k] * node.inverse_pivot;
  for (std::size_t side = 0; side < 2; ++side) {
    const auto j = node.neighbour[side];
    if (j < 0) continue;
    double* bj = j < n ? &b[at(j) * m] : &ghosts[at(j - n) * m];
    for (std::size_t k = 0; k < m; ++k) bj[k] += node.share[side] * bi[k];
  }
}

/// x_i = b_i / d + sum_j (w_j / d) x_j
void restore(const EliminationRound::Node& node, LocalIndex n, std::span<const double> b, std::span<double> x,
             std::span<const double> ghosts, std::size_t m) {
  double* xi = &x[at(node.node) * m];
  for (std::size_t k = 0; k < m; ++k) xi[k] = node.inverse_pivot * b[at(node.node) * m + k];
  for (std::size_t side = 0; side < 2; ++side) {
    const auto j = node.neighbour[side];
    if (j < 0) continue;
    const double* xj = j < n ? &x[at(j) * m] : &ghosts[at(j - n) * m];
    for (std::size_t k = 0; k < m; ++k) xi[k] += node.share[side] * xj[k];
  }
}

}  // namespace

void Elimination::forward(std::span<double> b, std::span<double> reduced_b, int columns, std::span<double> energy) {
  auto& body = *body_;
  const auto m = at(columns);
  for (const auto& round : body.done.rounds) {
    body.ghosts.assign(round->halo.ghosts().size() * m, 0.0);
    for (const auto& node : round->nodes) eliminate(node, body.graph.size(), b, body.ghosts, energy.first(m));
    round->exchange.reverse_add(body.ghosts, b, columns);
  }
  if (!body.reduced) std::copy(b.begin(), b.end(), reduced_b.begin());
  for (std::size_t i = 0; i < body.left.size(); ++i) std::copy_n(&b[at(body.left[i]) * m], m, &reduced_b[i * m]);
}

void Elimination::backward(std::span<const double> b, std::span<const double> reduced_x, std::span<double> x,
                           int columns) {
  auto& body = *body_;
  const auto m = at(columns);
  if (!body.reduced) std::copy(reduced_x.begin(), reduced_x.end(), x.begin());
  for (std::size_t i = 0; i < body.left.size(); ++i) std::copy_n(&reduced_x[i * m], m, &x[at(body.left[i]) * m]);
  for (auto r = body.done.rounds.rbegin(); r != body.done.rounds.rend(); ++r) {
    auto& round = **r;
    body.ghosts.resize(round.halo.ghosts().size() * m);
    round.exchange.forward_begin(x, body.ghosts, columns);
    round.exchange.forward_end();
    for (const auto& node : round.nodes) restore(node, body.graph.size(), b, x, body.ghosts, m);
  }
}

}  // namespace synbal
