// J_ij' = J_ij (k_j g_j - g_i), with g from the weights as they are.
#include "flow/weight_flow.hpp"

#include <cmath>

#include "flow/rule_edges.hpp"

namespace synbal {

struct WeightFlow::Body {
  Body(const BalanceProblem& p, const Network& net, const Components& components, LocalRule r)
      : problem(p),
        network(net),
        edges(p, net, components, rule::Scope::changing),
        gradient(p, std::move(r)),
        g(at(p.size())) {}

  /// Collective. [slots] k x of the presynaptic neurons.
  [[nodiscard]] std::vector<double> presynaptic(std::span<const double> x) const {
    std::vector<double> scaled(x.begin(), x.end());
    for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] *= problem.exponent(static_cast<LocalIndex>(i));
    return edges.spread(scaled, 0.0);
  }
  /// [slots] x of the postsynaptic ones.
  [[nodiscard]] std::vector<double> postsynaptic(std::span<const double> x) const {
    std::vector<double> all(x.begin(), x.end());
    all.resize(edges.slots(), 0.0);
    return all;
  }

  const BalanceProblem& problem;
  const Network& network;
  rule::RuleEdges edges;
  rule::LocalGradient gradient;
  std::vector<double> g;
};

WeightFlow::WeightFlow(const BalanceProblem& problem, const Network& network, const Components& components,
                       LocalRule rule)
    : body_(std::make_unique<Body>(problem, network, components, std::move(rule))) {}
WeightFlow::~WeightFlow() = default;

const Comm& WeightFlow::comm() const { return body_->problem.comm(); }
LocalIndex WeightFlow::size() const { return static_cast<LocalIndex>(body_->edges.size()); }
std::span<const std::int64_t> WeightFlow::entry() const noexcept { return body_->edges.entry; }

bool WeightFlow::derivative(std::span<const double> weights, std::span<double> dw) {
  auto& b = *body_;
  const double p = b.problem.power();
  const auto log_cost = [&](std::size_t e) {
    return (b.edges.log_alpha.empty() ? 0.0 : b.edges.log_alpha[e]) + p * std::log(std::abs(weights[e]));
  };
  if (!b.gradient(b.edges, log_cost, b.g)) return false;
  const auto pre = b.presynaptic(b.g), post = b.postsynaptic(b.g);
  bool finite = true;
  for (std::size_t e = 0; e < dw.size(); ++e) {
    dw[e] = weights[e] * (pre[at(b.edges.column[e])] - post[at(b.edges.row[e])]);
    finite = finite && std::isfinite(dw[e]);
  }
  return !comm().any(!finite);
}

std::vector<double> WeightFlow::initial() const {
  std::vector<double> weights;
  weights.reserve(body_->edges.size());
  for (const auto e : body_->edges.entry) weights.push_back(body_->network.weight[at(e)]);
  return weights;
}

std::vector<double> WeightFlow::scaled(std::span<const double> h) const {
  const auto& b = *body_;
  const auto pre = b.presynaptic(h), post = b.postsynaptic(h);
  auto weights = initial();
  for (std::size_t e = 0; e < weights.size(); ++e) {
    weights[e] = scaled_weight(weights[e], pre[at(b.edges.column[e])] - post[at(b.edges.row[e])]);
  }
  return weights;
}

Network WeightFlow::network_with(std::span<const double> weights) const {
  Network changed = body_->network;
  for (std::size_t e = 0; e < weights.size(); ++e) changed.weight[at(body_->edges.entry[e])] = weights[e];
  return changed;
}

}  // namespace synbal
