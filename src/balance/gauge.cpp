// Sums over components of what spans any range, by their logarithms.
#include "synbal/balance/gauge.hpp"

#include <functional>

#include "balance/verification/detail.hpp"
#include "synbal/core/route.hpp"

namespace synbal {

using namespace verification;

namespace {
constexpr double kNone = -std::numeric_limits<double>::infinity();  // logarithm of nothing

/// Sums over the components of the neurons of a rank, which ask their leaders' owners.
class ComponentTotals {
 public:
  ComponentTotals(const Comm& comm, const Network& network, const Components& components)
      : leaders_(comm, network.rows, std::span(components.leader).first(at(network.local_size()))) {}

  /// Collective. [n_local] log of the sum of e^{values} over each neuron's component.
  [[nodiscard]] std::vector<double> log_sum(const std::vector<double>& values) const {
    const auto most = of_component(values, kNone, [](double a, double b) { return std::max(a, b); });
    std::vector<double> share(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) share[i] = most[i] == kNone ? 0.0 : std::exp(values[i] - most[i]);
    auto sum = of_component(share, 0.0, std::plus<>());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = most[i] == kNone ? kNone : most[i] + std::log(sum[i]);
    return sum;
  }
  template <class Op>
  [[nodiscard]] std::vector<double> of_component(const std::vector<double>& values, double neutral, Op&& op) const {
    return leaders_.fetch(leaders_.reduce(values, neutral, op));
  }

 private:
  Directory leaders_;
};
/// [n_local] log of what inputs and outputs of each neuron's component cost; kNone where the component has none, or is
/// held by a pinned neuron, or lies on no cycle.
struct ComponentLogs {
  std::vector<double> in, out;

  [[nodiscard]] bool both(std::size_t i) const { return std::isfinite(in[i]) && std::isfinite(out[i]); }
};

bool is_held(const Network& network, const Components& components, std::size_t i) {
  return components.on_cycle[i] == 0 || (!network.nodes.pinned.empty() && network.nodes.pinned[i] != 0);
}

/// Collective.
ComponentLogs logs_of(const ComponentTotals& totals, const Network& network, const Components& components,
                      const OutsideWeights& weights, std::span<const double> h, double power) {
  const auto n = h.size();
  ComponentLogs logs{std::vector<double>(n), std::vector<double>(n)};
  std::vector<double> held(n);
  for (std::size_t i = 0; i < n; ++i) {
    logs.in[i] = power * (std::log(weights.in[i]) - h[i]);
    logs.out[i] = power * (std::log(weights.out[i]) + h[i]);
    held[i] = is_held(network, components, i) ? 1 : 0;
  }
  logs.in = totals.log_sum(logs.in), logs.out = totals.log_sum(logs.out);
  held = totals.of_component(held, 0.0, [](double a, double b) { return std::max(a, b); });
  for (std::size_t i = 0; i < n; ++i) {
    if (held[i] != 0) logs.in[i] = kNone;
  }
  return logs;
}
}  // namespace

std::vector<double> input_output_shift(const Comm& comm, const Network& network, const Components& components,
                                       const OutsideWeights& weights, std::span<const double> h, double power) {
  const auto logs = logs_of({comm, network, components}, network, components, weights, h, power);
  std::vector<double> shift(h.size(), 0.0);
  for (std::size_t i = 0; i < h.size(); ++i) {
    if (logs.both(i)) shift[i] = (logs.in[i] - logs.out[i]) / (2 * power);
  }
  return shift;
}

Check check_input_output_gauge(const Comm& comm, const Network& network, const Components& components,
                               const OutsideWeights& weights, std::span<const double> h, double power) {
  constexpr double limit = 1e-10;
  const ComponentTotals totals(comm, network, components);
  const auto logs = logs_of(totals, network, components, weights, h, power);
  std::vector<double> size(h.size()), pinned(h.size(), 0.0);
  for (std::size_t i = 0; i < h.size(); ++i) {
    size[i] = 1 + std::abs(h[i]);
    pinned[i] = network.nodes.pinned.empty() ? 0 : network.nodes.pinned[i];
  }
  const auto total = totals.of_component({h.begin(), h.end()}, 0.0, std::plus<>());
  const auto spread = totals.of_component(size, 0.0, std::plus<>());
  pinned = totals.of_component(pinned, 0.0, std::plus<>());
  Worst worst;
  for (std::size_t i = 0; i < h.size(); ++i) {
    if (pinned[i] > 0) continue;
    const double left = logs.both(i) ? (logs.in[i] - logs.out[i]) / (2 * power) : total[i];
    worst.meet(std::abs(left) / spread[i], network.file_index(static_cast<LocalIndex>(i)));
  }
  worst = worst_over(comm, worst);
  return bounded("inputs cost what outputs do", worst.value, limit, at_neuron(worst));
}

}  // namespace synbal
