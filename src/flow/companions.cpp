// Companions, and how far the flow has left them.
#include "synbal/flow/companions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "flow/companion.hpp"
#include "flow/heat_flow.hpp"
#include "flow/kept/place.hpp"
#include "flow/weight_flow.hpp"

namespace synbal {

namespace {
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
}

struct HeatCompanion::Body {
  FusedKernel kernel;  // of its own, so that its passes are not the flow's
  HeatFlow flow;
  Companion companion;
  double time;  // of the last comparison

  Body(const BalanceProblem& problem, const ComponentSums& sums, std::span<const double> h0, double start,
       const IntegratorParams& params)
      : kernel(problem), flow(problem, kernel, sums, h0), companion(flow, start, h0, params), time(start) {}
};

HeatCompanion::HeatCompanion(const BalanceProblem& problem, const ComponentSums& sums, std::span<const double> h0,
                             double time, const IntegratorParams& params)
    : body_(std::make_unique<Body>(problem, sums, h0, time, params)) {}
HeatCompanion::~HeatCompanion() = default;

HeatDifference HeatCompanion::compare(double time, std::span<const double> h) {
  const auto& flow = body_->flow;
  body_->time = time;
  if (!body_->companion.advance(time)) return {kUndefined, kUndefined, kUndefined};
  const auto heat = body_->companion.state();
  double linf = 0;
  std::array<double, 2> squares{};  // of h - h_heat, of h - h0
  for (std::size_t i = 0; i < h.size(); ++i) {
    const double off = h[i] - heat[i], way = h[i] - flow.start()[i];
    linf = std::max(linf, std::abs(off));
    squares[0] += off * off;
    squares[1] += way * way;
  }
  flow.comm().sum(std::span<double>(squares));
  const double l2 = std::sqrt(squares[0]), way = std::sqrt(squares[1]);
  return {l2, flow.comm().max(linf), way > 0 ? l2 / way : 0.0};
}

void HeatCompanion::tell(RunPart& part) const {
  const auto state = body_->companion.state();
  part.put("time", body_->time);
  part.neurons["h"].assign(state.begin(), state.end());
  part.numbers["statistics"] = numbers_of(body_->companion.statistics());
}

void HeatCompanion::go_on_from(const RunPart& part) {
  body_->time = part.number("time");
  const auto statistics = part.numbers.find("statistics");
  body_->companion.go_on_from(
      body_->time, part.values("h"),
      statistics_of(statistics == part.numbers.end() ? std::vector<double>() : statistics->second));
}

std::span<const double> HeatCompanion::h() const noexcept { return body_->companion.state(); }
std::vector<double> HeatCompanion::equilibrium() const { return body_->flow.equilibrium(); }
const std::string& HeatCompanion::message() const noexcept { return body_->companion.message(); }
IntegratorStatistics HeatCompanion::statistics() const { return body_->companion.statistics(); }

struct WeightCompanion::Body {
  WeightFlow flow;
  Companion companion;

  Body(const BalanceProblem& problem, const Network& network, const Components& components, LocalRule&& rule,
       double time, std::span<const double> h, const IntegratorParams& params)
      : flow(problem, network, components, std::move(rule)), companion(flow, time, flow.scaled(h), params) {}
};

WeightCompanion::WeightCompanion(const BalanceProblem& problem, const Network& network, const Components& components,
                                 LocalRule rule, double time, std::span<const double> h, const IntegratorParams& params)
    : body_(std::make_unique<Body>(problem, network, components, std::move(rule), time, h, params)) {}
WeightCompanion::~WeightCompanion() = default;

double WeightCompanion::compare(double time, std::span<const double> h) {
  if (!body_->companion.advance(time)) return kUndefined;
  const auto expected = body_->flow.scaled(h);
  const auto found = body_->companion.state();
  double worst = 0;
  for (std::size_t e = 0; e < expected.size(); ++e) worst = std::max(worst, std::abs(found[e] / expected[e] - 1));
  return body_->flow.comm().max(worst);
}

Network WeightCompanion::network() const { return body_->flow.network_with(body_->companion.state()); }
const std::string& WeightCompanion::message() const noexcept { return body_->companion.message(); }
IntegratorStatistics WeightCompanion::statistics() const { return body_->companion.statistics(); }

}  // namespace synbal
