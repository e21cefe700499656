// The two kinds of flows, as a run sees them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "flow/run.hpp"
#include "flow/tuning.hpp"
#include "synbal/balance/run_frame.hpp"

namespace synbal {

namespace {

/// Not below what keeps the logarithm of zero away.
double log_excess(double ratio) { return std::log(std::max(ratio, tuning::kFloor)); }

class CostSystem final : public FlowSystem {
 public:
  CostSystem(CostFlow& flow, BalanceProblem& problem) : flow_(flow), problem_(problem), rate_(at(flow.size())) {}

  Dynamics& dynamics() override { return flow_; }
  BalanceProblem& problem() override { return problem_; }
  FusedKernel& kernel() override { return flow_.kernel(); }
  void begin(double tolerance) override { tolerance_ = tolerance; }
  bool place(std::span<const double> h) override {
    const bool finite = flow_.derivative(h, rate_);
    imbalance_ = imbalance(problem_, costs());
    return finite;
  }
  double excess() const override { return log_excess(imbalance_.l1 / tolerance_); }
  FlowFigures figures(std::span<const double> /*h*/) override {
    const double cost = costs().total * problem_.cost_unit();
    return {cost, imbalance_, std::sqrt(problem_.comm().sum(gradient_share())) * cost};
  }
  const NeuronCosts& costs() const override { return flow_.costs(); }
  double fastest_rate() const override {
    double fastest = 0;
    for (std::size_t i = 0; i < rate_.size(); ++i) fastest = std::max(fastest, costs().in[i] + costs().out[i]);
    return problem_.power() * problem_.comm().max(problem_.cost_unit() * fastest);
  }
  bool falls_with_imbalance() const override { return true; }
  const char* out_of_range() const override {
    return "the costs at the start leave the range of doubles: scale the weights so that |J|^p stays inside";
  }

 private:
  /// This rank's share of |g|^2 relative to the squared cost, which keeps it in range.
  [[nodiscard]] double gradient_share() const {
    double sum = 0;
    for (LocalIndex i = 0; i < flow_.size() && costs().total > 0; ++i) {
      const double g = costs().in[at(i)] - problem_.exponent(i) * costs().out[at(i)];
      sum += (g / costs().total) * (g / costs().total);
    }
    return sum;
  }

  CostFlow& flow_;
  BalanceProblem& problem_;
  std::vector<double> rate_;
  Imbalance imbalance_;
  double tolerance_ = 0;
};

class RuleSystem final : public FlowSystem {
 public:
  RuleSystem(RuleFlow& flow, BalanceProblem& problem, FusedKernel& kernel)
      : flow_(flow), problem_(problem), kernel_(kernel), gradient_(at(flow.size())) {}

  Dynamics& dynamics() override { return flow_; }
  BalanceProblem& problem() override { return problem_; }
  FusedKernel& kernel() override { return kernel_; }
  /// Rest is measured by the gradient at h = 0, whatever the start.
  void begin(double tolerance) override {
    const bool finite = place(std::vector<double>(gradient_.size(), 0.0));
    rest_ = finite ? std::max(tolerance * flow_.largest_gradient(gradient_), flow_.rounding()) : 0.0;
  }
  bool place(std::span<const double> h) override {
    finite_ = flow_.derivative(h, gradient_);
    return finite_;
  }
  double excess() const override {
    if (!finite_) return 1;
    const double now = flow_.largest_gradient(gradient_);
    return rest_ > 0 ? log_excess(now / rest_) : now;
  }
  FlowFigures figures(std::span<const double> h) override {
    std::vector<double> delta(h.begin(), h.end());
    for (std::size_t i = 0; i < delta.size(); ++i) delta[i] -= problem_.base()[i];
    if (largest_exponent(problem_, delta) > kRebaseExponent) {
      problem_.rebase(h);
      std::fill(delta.begin(), delta.end(), 0.0);
    }
    evaluate(problem_, kernel_, delta, costs_);
    double square = 0;
    for (const double g : gradient_) square += g * g;
    const double norm = std::sqrt(flow_.comm().sum(square));
    return {costs_.total * problem_.cost_unit(), imbalance(problem_, costs_), norm};
  }
  const NeuronCosts& costs() const override { return costs_; }
  double fastest_rate() const override {
    double fastest = 0;
    for (const double g : gradient_) fastest = std::max(fastest, std::abs(g));
    return problem_.power() * problem_.comm().max(fastest);
  }
  bool falls_with_imbalance() const override { return false; }
  const char* out_of_range() const override {
    return "the gradients at the start leave the range of doubles: scale the weights so that costs stay inside";
  }

 private:
  RuleFlow& flow_;
  BalanceProblem& problem_;
  FusedKernel& kernel_;
  std::vector<double> gradient_;
  NeuronCosts costs_;
  double rest_ = 0;  // largest gradient of an equilibrium
  bool finite_ = true;
};

}  // namespace

std::unique_ptr<FlowSystem> system_of(CostFlow& flow, BalanceProblem& problem) {
  return std::make_unique<CostSystem>(flow, problem);
}

std::unique_ptr<FlowSystem> system_of(RuleFlow& flow, BalanceProblem& problem, FusedKernel& kernel) {
  return std::make_unique<RuleSystem>(flow, problem, kernel);
}

}  // namespace synbal
