// The task-preserving transformation of the recurrent weights, accurate and range-safe for any h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "synbal/core/agree.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

namespace {

constexpr std::size_t kAhead = 16;                  // synapses whose columns are fetched while one is scaled
constexpr double kLn2Tail = 0x1.abc9e3b39803fp-56;  // of ln 2, beyond the double

/// A number as the unevaluated sum of two doubles.
struct Split {
  double head = 0.0;
  double tail = 0.0;
};

Split difference(Split a, double b) {
  const double head = a.head - b;
  const double back = a.head - head;
  const double error = (a.head - (head + back)) + (back - b);
  return {head, error + a.tail};
}

Split product(double k, double h) {
  const double head = k * h;
  return {head, std::fma(k, h, -head)};
}

/// k_j h_j for every local column, without rounding.
std::vector<Split> column_logs(const Network& network, std::span<const double> h) {
  const auto n = at(network.local_size());
  std::vector<Split> logs(n + network.halo.ghosts().size());
  const auto& exponent = network.nodes.exponent;
  for (std::size_t j = 0; j < n; ++j) logs[j] = exponent.empty() ? Split{h[j], 0.0} : product(exponent[j], h[j]);
  HaloExchange<double> exchange(network.halo);
  for (const auto part : {&Split::head, &Split::tail}) {
    exchange.forward_begin([&](LocalIndex j) { return logs[at(j)].*part; });
    exchange.forward_end([&](LocalIndex g, double value) { logs[n + at(g)].*part = value; });
  }
  return logs;
}

void scale_row(Network& network, std::size_t i, const std::vector<Split>& logs, double h_i) {
  const auto last = network.column.size() - 1;
  for (auto k = at(network.row_ptr[i]); k < at(network.row_ptr[i + 1]); ++k) {
    __builtin_prefetch(&logs[at(network.column[std::min(k + kAhead, last)])]);
    const auto x = difference(logs[at(network.column[k])], h_i);
    network.weight[k] = scaled_weight(network.weight[k], x.head, x.tail);
    if (std::isfinite(network.weight[k])) continue;
    throw bad_input(fmt::format(
        "the synapse from neuron {} to neuron {} becomes {} when scaled by e^{:.6g}: no double can hold it, "
        "so only h can be kept, not the scaled weights",
        network.global(network.column[k]) + 1, network.rows.first() + static_cast<GlobalIndex>(i) + 1,
        network.weight[k], x.head));
  }
}

}  // namespace

double scaled_weight(double weight, double log_factor, double log_tail) noexcept {
  if (weight == 0.0 || std::isnan(log_factor)) return weight * log_factor;
  // Beyond e^4000 every weight under- or overflows, however small or large it was.
  const double x = std::clamp(log_factor, -4000.0, 4000.0);
  const double n = std::nearbyint(x / std::numbers::ln2);
  // The first fma is exact: n ln2 and x are multiples of 2^-53 wherever n != 0 and |x| >= 1.
  const double rest = std::fma(-n, std::numbers::ln2, x) + log_tail;
  const double residual = std::fma(-n, kLn2Tail, rest);
  int exponent = 0;
  const double mantissa = std::frexp(weight, &exponent);
  return std::ldexp(mantissa * std::exp(residual), exponent + static_cast<int>(n));
}

void scale_weights(const Comm& comm, Network& network, std::span<const double> h) {
  agreed(comm, [&] {
    if (h.size() != at(network.local_size())) {
      throw internal_error("scale_weights needs one h per owned neuron");
    }
  });
  const auto logs = column_logs(network, h);
  agreed(comm, [&] {
    for (std::size_t i = 0; i < h.size(); ++i) scale_row(network, i, logs, h[i]);
  });
  scale_arrays(comm, network, h, network.arrays);
}

}  // namespace synbal
