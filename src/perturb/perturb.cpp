// Changing synapses of a balanced network: what the Laplacian predicts, and what balancing again finds.
#include "synbal/perturb/perturb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "perturb/owner_sums.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/balance/newton.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/block_exchange.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/perturb/problem_graph.hpp"

namespace synbal {

namespace {

constexpr double kBalanced = 1e-12;      // imbalance from which on only the Newton step counts
constexpr double kSmallestStep = 1e-14;  // no Newton step in h gets below rounding
constexpr double kLargestStep = 1e-8;
constexpr double kShare = 1e-4;  // Newton step that may be left, of the second-order part of a response

/// Multiplies weights, and puts back what was there.
class ChangedWeights {
 public:
  ChangedWeights(Network& network, std::vector<std::int64_t> entries, double factor)
      : network_(&network), entries_(std::move(entries)) {
    for (const auto e : entries_) before_.push_back(network.weight[at(e)]), network.weight[at(e)] *= factor;
  }
  ChangedWeights(const ChangedWeights&) = delete;
  ChangedWeights& operator=(const ChangedWeights&) = delete;
  ~ChangedWeights() {
    for (std::size_t k = entries_.size(); k-- > 0;) network_->weight[at(entries_[k])] = before_[k];
  }

 private:
  Network* network_;
  std::vector<std::int64_t> entries_;
  std::vector<double> before_;
};

void check_factor(double factor) {
  if (factor > 0 && factor != 1 && std::isfinite(factor)) return;
  throw bad_input(fmt::format(
      "factor {} (a synapse keeps its sign and has to change): give a positive number other than 1", factor));
}

void check_changed(double weight, double factor) {
  if (std::isfinite(weight * factor) && weight * factor != 0) return;
  throw bad_input(
      fmt::format("weight {:g} times factor {:g} leaves the range of doubles: give a `factor` nearer to 1, or multiply "
                  "all weights by a constant first",
                  weight, factor));
}

}  // namespace

SynapsePerturbation::SynapsePerturbation(Network& network, const Components& components, BalanceProblem& problem,
                                         const ConductanceGraph& graph, LaplacianSolver& solver,
                                         const PerturbParams& params)
    : network_(&network),
      components_(&components),
      problem_(&problem),
      graph_(&graph),
      solver_(&solver),
      params_(params),
      kernel_(problem),
      sums_(problem),
      costs_(problem.comm(), network, problem.power()),
      pairs_(graph, solver, params.pairs) {
  agreed(comm(), [&] { check_factor(params.factor); });
  converge();
  number_columns();
}

// The costs must be balanced far better than usual: a response to eta = 1e-4 is compared to one part in 10,000.
void SynapsePerturbation::converge() {
  h_.assign(problem_->base().begin(), problem_->base().end());
  if (problem_->global_size() == 0) return;
  check_equilibrium();
  NewtonSolver newton(*problem_, kernel_, sums_, {{kBalanced, kSmallestStep}, 0});
  const auto result = newton(h_);
  equilibrium_step_ = result.newton_step_inf.value_or(0.0);
  sums_.center(h_);
  problem_->rebase(h_);
}

void SynapsePerturbation::check_equilibrium() {
  NeuronCosts costs;
  evaluate(*problem_, kernel_, std::vector<double>(h_.size(), 0.0), costs);
  const auto off = imbalance(*problem_, costs);
  first_step_ = off.l1 > 0 ? assess(*problem_, kernel_, costs).newton_step_inf : 0.0;
  if (first_step_ <= params_.largest_step) return;
  throw bad_input(
      fmt::format("the network is not at its equilibrium (imbalance {:.2g}, and the next Newton step would change h by "
                  "{:.2g}; {:g} is allowed), and only there is the response of a changed synapse its alone: balance it "
                  "first",
                  off.l1, first_step_, params_.largest_step));
}

void SynapsePerturbation::number_columns() {
  const auto& halo = network_->halo;
  const auto rows = at(network_->local_size());
  costs_.scale(problem_->to_network(h_, 0.0));
  auto pinned = network_->nodes.pinned;
  pinned.resize(rows, std::uint8_t{0});
  pinned_ = with_ghosts(halo, std::move(pinned));
  std::vector<GlobalIndex> node(rows, -2);
  for (LocalIndex k = 0; k < problem_->size(); ++k) {
    node[at(problem_->network_row()[at(k)])] = problem_->neurons().first() + k;
  }
  for (std::size_t i = 0; i < rows; ++i) node[i] = pinned_[i] != 0 ? kGround : node[i];
  node_ = with_ghosts(halo, std::move(node));
}

bool SynapsePerturbation::takes_part(LocalIndex row, LocalIndex column) const noexcept {
  const auto i = at(row), j = at(column);
  if (row == column || (pinned_[i] != 0 && pinned_[j] != 0)) return false;
  return components_->on_cycle[i] != 0 && components_->on_cycle[j] != 0 &&
         components_->leader[i] == components_->leader[j];
}

LocalIndex SynapsePerturbation::row_of(std::int64_t entry) const noexcept {
  const auto& begin = network_->row_ptr;
  return static_cast<LocalIndex>(std::upper_bound(begin.begin(), begin.end(), entry) - begin.begin() - 1);
}

double SynapsePerturbation::cost_in_unit(LocalIndex row, std::int64_t entry) const noexcept {
  return std::exp(costs_.log_cost(row, entry) - std::log(graph_->unit()));
}

double SynapsePerturbation::cost(LocalIndex row, std::int64_t entry) const noexcept {
  return cost_in_unit(row, entry) * graph_->unit();
}

PairResistance SynapsePerturbation::of_synapse(std::int64_t entry, PairResistance between) const noexcept {
  const auto row = row_of(entry);
  if (!takes_part(row, network_->column[at(entry)])) {
    between = {}, between.value = between.lower = between.upper = HUGE_VAL, between.converged = true;
  } else {
    between.leverage = cost_in_unit(row, entry) * between.value;
    for (auto* r : {&between.value, &between.lower, &between.upper}) *r /= graph_->unit();
  }
  between.conductance = cost(row, entry);
  return between;
}

std::vector<PairResistance> SynapsePerturbation::resistances(std::span<const std::int64_t> entries) {
  std::vector<NodePair> pairs;
  std::vector<std::size_t> asked;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const auto row = row_of(entries[k]), column = network_->column[at(entries[k])];
    if (!takes_part(row, column)) continue;
    pairs.push_back({node_[at(row)], node_[at(column)]}), asked.push_back(k);
  }
  const auto found = pairs_(pairs);
  std::vector<PairResistance> answers(entries.size());
  for (std::size_t k = 0; k < asked.size(); ++k) answers[asked[k]] = found.pairs[k];
  for (std::size_t k = 0; k < entries.size(); ++k) answers[k] = of_synapse(entries[k], answers[k]);
  return answers;
}

// Collective. [rows * columns] sum of c_ij (e_i - e_j) in the graph's unit, divided by the largest of a column, which
// goes to `scale`: squares of costs could leave the range.
std::vector<double> SynapsePerturbation::sources(std::span<const Perturbed> entries, int columns,
                                                 std::span<double> scale) const {
  const auto m = at(columns), rows = at(network_->local_size());
  const auto for_each_source = [&](auto&& visit) {
    for (const auto& p : entries) {
      const auto row = row_of(p.entry), column = network_->column[at(p.entry)];
      if (takes_part(row, column)) visit(row, column, at(p.column), cost_in_unit(row, p.entry));
    }
  };
  std::fill(scale.begin(), scale.end(), 0.0);
  for_each_source([&](LocalIndex, LocalIndex, std::size_t k, double c) { scale[k] = std::max(scale[k], c); });
  comm().max(scale);
  std::vector<double> all((rows + network_->halo.ghosts().size()) * m, 0.0);
  for_each_source([&](LocalIndex row, LocalIndex column, std::size_t k, double c) {
    if (scale[k] == 0) return;
    all[at(row) * m + k] += c / scale[k];
    all[at(column) * m + k] -= c / scale[k];
  });
  return detail::owner_sums(network_->halo, all, columns);
}

// Collective. [(rows + ghosts) * columns]
std::vector<double> SynapsePerturbation::spread(std::span<const double> nodes, int columns) const {
  const auto m = at(columns), rows = at(network_->local_size());
  std::vector<double> all((rows + network_->halo.ghosts().size()) * m, 0.0);
  const auto row = problem_->network_row();
  for (std::size_t i = 0; i < row.size(); ++i) std::copy_n(&nodes[i * m], m, &all[at(row[i]) * m]);
  BlockExchange exchange(network_->halo);
  exchange.forward_begin(std::span(all).first(rows * m), std::span(all).subspan(rows * m), columns);
  exchange.forward_end();
  return all;
}

std::vector<Response> SynapsePerturbation::predict(std::span<const Perturbed> entries, int columns) {
  const auto m = at(columns);
  std::vector<double> scale(m);
  const auto source = sources(entries, columns, scale);
  std::vector<double> b, x(at(problem_->size()) * m);
  for (const auto row : problem_->network_row()) {
    for (std::size_t k = 0; k < m; ++k) b.push_back(source[at(row) * m + k]);
  }
  const auto solve = solver_->solve(b, x, columns, {params_.tolerance});
  const auto rate = spread(b, columns), potential = spread(x, columns);
  std::vector<Response> responses(m);
  for (std::size_t k = 0; k < m; ++k) {
    auto& r = responses[k];
    r.residual = solve.columns[k].residual, r.converged = solve.columns[k].converged;
    for (std::size_t i = k; i < rate.size(); i += m) {
      r.rate.push_back(power() * eta() * scale[k] * graph_->unit() * rate[i]);
      r.predicted.push_back(eta() * scale[k] * potential[i]);
    }
  }
  return responses;
}

// The response of large factors is nearer to log F c L^+ (e_i - e_j), which no factor makes leave the range.
std::vector<double> SynapsePerturbation::start_of(const Response& response, double& largest) const {
  const double share = std::log1p(eta()) / eta();
  auto h = problem_->from_network(std::span(response.predicted).first(at(network_->local_size())));
  for (std::size_t i = 0; i < h.size(); ++i) {
    largest = std::max(largest, std::abs(h[i]));
    h[i] = h_[i] + share * h[i];
  }
  largest = comm().max(largest);
  return h;
}

std::vector<std::int64_t> SynapsePerturbation::that_take_part(std::span<const std::int64_t> entries) const {
  std::vector<std::int64_t> changed;
  for (const auto e : entries) {
    if (takes_part(row_of(e), network_->column[at(e)])) changed.push_back(e);
  }
  agreed(comm(), [&] {
    for (const auto e : changed) check_changed(network_->weight[at(e)], params_.factor);
  });
  return changed;
}

void SynapsePerturbation::predict_quadratic(std::span<const std::int64_t> entries, Response& response) {
  auto changed = that_take_part(entries);
  response.quadratic.assign(response.predicted.size(), 0.0);
  if (!comm().any(!changed.empty())) return;
  std::vector<double> g(h_.size()), h(h_.size());
  {
    const ChangedWeights weights(*network_, std::move(changed), params_.factor);
    problem_->rebase(h_);
    NeuronCosts costs;
    evaluate(*problem_, kernel_, std::vector<double>(h_.size(), 0.0), costs);
    gradient(*problem_, costs, g);
    const auto graph = graph_of(*problem_);
    LaplacianSolver solver(graph);
    response.converged = solver.solve(g, h, 1, {params_.tolerance}).converged && response.converged;
  }
  for (auto& v : h) v /= power();
  response.quadratic = spread(h, 1);
  problem_->rebase(h_);
}

double quadratic_log_change(double power, double factor, double leverage) noexcept {
  const double q = std::pow(factor, power) - 1;
  return -q * leverage / (power * (1 + q * leverage));
}

void SynapsePerturbation::rebalance(std::span<const std::int64_t> entries, Response& response) {
  auto changed = that_take_part(entries);
  response.actual.assign(response.predicted.size(), 0.0);
  if (!comm().any(!changed.empty())) return;
  double largest = 0;
  auto h = start_of(response, largest);
  const double step = std::clamp(kShare * std::abs(eta()) * largest, kSmallestStep, kLargestStep);
  {
    const ChangedWeights weights(*network_, std::move(changed), params_.factor);
    problem_->rebase(h);
    NewtonSolver newton(*problem_, kernel_, sums_, {{kBalanced, step}, 0});
    const auto result = newton(h);
    const double left = result.newton_step_inf.value_or(0.0);
    response.newton_steps = result.newton_steps;
    response.uncertainty = left + equilibrium_step_;
    response.converged = response.converged && left <= std::max(step, kLargestStep);
  }
  for (std::size_t i = 0; i < h.size(); ++i) h[i] -= h_[i];
  sums_.center(h);
  response.actual = spread(h, 1);
  problem_->rebase(h_);
}

}  // namespace synbal
