// h' = g(h) for a local rule, edge by edge.
#include "flow/rule_flow.hpp"

#include <limits>

#include "flow/rule_edges.hpp"

namespace synbal {

struct RuleFlow::Body {
  Body(const BalanceProblem& p, const Network& network, const Components& components, const ComponentSums& s,
       LocalRule r)
      : problem(p), sums(s), edges(p, network, components, rule::Scope::driving), gradient(p, std::move(r)) {
    log_cost.reserve(edges.size());
    for (std::size_t e = 0; e < edges.size(); ++e) {
      const double alpha = edges.log_alpha.empty() ? 0.0 : edges.log_alpha[e];
      log_cost.push_back(alpha + p.power() * std::log(std::abs(network.weight[at(edges.entry[e])])));
    }
    edges.entry = {};
    edges.log_alpha = {};
  }

  /// Collective. Log of the factors p k h that presynaptic, and p h that postsynaptic neurons bring.
  void place(std::span<const double> h) {
    std::vector<double> scaled(h.begin(), h.end());
    for (double& v : scaled) v *= problem.power();
    post = scaled;
    post.resize(edges.slots(), 0.0);
    for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] *= problem.exponent(static_cast<LocalIndex>(i));
    pre = edges.spread(scaled, 0.0);
  }

  [[nodiscard]] double log_cost_now(std::size_t e) const {
    return log_cost[e] + (pre[at(edges.column[e])] - post[at(edges.row[e])]);
  }

  /// Collective. Slopes at the place, and the diagonal of A that they make: for a synapse j -> i with p times slope s,
  /// s for i and k_j^2 s for j; a self-loop enters and leaves, (1 - k)^2 s.
  void linearise() {
    if (!gradient.rule().is_symmetric()) return;
    slope.resize(edges.size());
    std::vector<double> entering(edges.slots(), 0.0), leaving(edges.slots(), 0.0), loop(edges.slots(), 0.0);
    for (std::size_t e = 0; e < edges.size(); ++e) {
      slope[e] = problem.power() * gradient.rule().slope({log_cost_now(e)});
      entering[at(edges.row[e])] += slope[e];
      leaving[at(edges.column[e])] += slope[e];
      if (edges.row[e] == edges.column[e]) loop[at(edges.row[e])] += 2 * slope[e];
    }
    edges.gather_sums(leaving);
    diagonal.resize(edges.owned);
    for (std::size_t i = 0; i < edges.owned; ++i) {
      diagonal[i] = entering[i] + exponent(i) * (exponent(i) * leaving[i] - loop[i]);
    }
  }

  [[nodiscard]] double exponent(std::size_t i) const { return problem.exponent(static_cast<LocalIndex>(i)); }

  const BalanceProblem& problem;
  const ComponentSums& sums;
  rule::RuleEdges edges;
  rule::LocalGradient gradient;
  std::vector<double> log_cost;   // [edges] at h = 0
  std::vector<double> pre, post;  // [slots]
  std::vector<double> slope;      // [edges] p d contribution / d log c
  std::vector<double> diagonal;   // [n]
};

RuleFlow::RuleFlow(const BalanceProblem& problem, const Network& network, const Components& components,
                   const ComponentSums& sums, LocalRule rule)
    : body_(std::make_unique<Body>(problem, network, components, sums, std::move(rule))) {}
RuleFlow::~RuleFlow() = default;

const Comm& RuleFlow::comm() const { return body_->problem.comm(); }
LocalIndex RuleFlow::size() const { return body_->problem.size(); }
bool RuleFlow::symmetric() const { return body_->gradient.rule().is_symmetric(); }
const LocalRule& RuleFlow::rule() const noexcept { return body_->gradient.rule(); }
std::span<const double> RuleFlow::in() const noexcept { return body_->gradient.in(); }
std::span<const double> RuleFlow::out() const noexcept { return body_->gradient.out(); }

bool RuleFlow::derivative(std::span<const double> h, std::span<double> dh) {
  auto& b = *body_;
  b.place(h);
  b.linearise();
  const bool finite = b.gradient(
      b.edges, [&](std::size_t e) { return b.log_cost_now(e); }, dh);
  if (finite && rule().is_gradient_flow()) b.sums.center(dh);
  return finite;
}

// Of a synapse j -> i with p slope s: s (v_i - k_j v_j) for i, and -k_j times that for j.
void RuleFlow::product(std::span<const double> v, std::span<double> product) {
  auto& b = *body_;
  std::vector<double> own(v.begin(), v.end());
  own.resize(b.edges.slots(), 0.0);
  std::vector<double> scaled(v.begin(), v.end());
  for (std::size_t i = 0; i < v.size(); ++i) scaled[i] *= b.exponent(i);
  const auto pre = b.edges.spread(scaled, 0.0);
  std::vector<double> entering(b.edges.slots(), 0.0), leaving(b.edges.slots(), 0.0);
  for (std::size_t e = 0; e < b.edges.size(); ++e) {
    const auto i = at(b.edges.row[e]), j = at(b.edges.column[e]);
    const double change = b.slope[e] * (own[i] - pre[j]);
    entering[i] += change;
    leaving[j] += change;
  }
  b.edges.gather_sums(leaving);
  for (std::size_t i = 0; i < v.size(); ++i) product[i] = entering[i] - b.exponent(i) * leaving[i];
}

void RuleFlow::diagonal(std::span<double> d) const {
  std::copy(body_->diagonal.begin(), body_->diagonal.end(), d.begin());
}

void RuleFlow::project(std::span<double> difference) const {
  if (rule().is_gradient_flow()) body_->sums.center(difference);
}

double RuleFlow::largest_gradient(std::span<const double> g) const {
  std::vector<double> centered(g.begin(), g.end());
  body_->sums.center(centered);
  double largest = 0;
  for (const double v : centered) largest = std::max(largest, std::abs(v));
  return comm().max(largest);
}

double RuleFlow::rounding() const {
  constexpr double eps = 16 * std::numeric_limits<double>::epsilon();
  const auto& b = *body_;
  double largest = 0;
  for (std::size_t i = 0; i < b.edges.owned; ++i) {
    const double in = b.gradient.in()[i], out = b.gradient.out()[i];
    const double g = b.gradient.of(i, in, out);
    const double spread = std::abs(b.gradient.of(i, in + eps * std::abs(in), out) - g) +
                          std::abs(b.gradient.of(i, in, out + eps * std::abs(out)) - g);
    if (std::isfinite(spread)) largest = std::max(largest, spread);
  }
  return comm().max(largest);
}

}  // namespace synbal
