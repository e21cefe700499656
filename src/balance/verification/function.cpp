// Whether two networks compute the same: both are run on the same random inputs from the same random state.
#include <algorithm>

#include "balance/verification/detail.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/outside.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

using namespace verification;

namespace {
constexpr int kSteps = 5;  // of x += (-x + J phi(x) + W_in u + b) / 2
constexpr double kStep = 0.5;
constexpr double kLeak = 0.1;        // phi(x) = x for x > 0, else x / 10: homogeneous, and nothing is lost
constexpr double kSame = 1e-10;      // of outputs, relative to the sum of absolute values that each is made of
constexpr double kLargestLog = 300;  // beyond that states leave the doubles
constexpr std::int64_t kMostOutputs = 1'000'000;

double phi(double x) { return x > 0 ? x : kLeak * x; }

/// Values, and the sums of absolute values that they are made of, which rounding errors are relative to.
struct Measured {
  std::vector<double> value, size;
};

/// An array around a network as a linear map.
class ArrayMap {
 public:
  ArrayMap(const Comm& comm, const Network& network, const NetworkArray& array)
      : comm_(&comm),
        network_(&network),
        array_(&array),
        rows_(Ownership::even(comm, network.size())),
        neurons_(comm, rows_, array.neurons()),
        other_(other_axis(array)) {}

  /// Collective. Adds W u to the neurons; u of input m is factor(m).
  template <class Factor>
  void add_to(Measured& neurons, Factor&& factor) const {
    std::vector<double> value(other_.size()), size(other_.size());
    for (std::size_t k = 0; k < value.size(); ++k) {
      value[k] = array_->values[k] * factor(other_[k]);
      size[k] = std::abs(value[k]);
    }
    add(value, neurons.value);
    add(size, neurons.size);
  }

  /// Collective. W r over the neurons; at most kMostOutputs.
  [[nodiscard]] Measured outputs(const Measured& rates) const {
    const auto count = array_->shape.size() == 2 ? array_->shape[at(1 - array_->neuron_axis)] : 1;
    Measured sums{std::vector<double>(at(count), 0.0), std::vector<double>(at(count), 0.0)};
    const auto value = fetched(rates.value), size = fetched(rates.size);
    for (std::size_t k = 0; k < other_.size(); ++k) {
      sums.value[at(other_[k])] += array_->values[k] * value[k];
      sums.size[at(other_[k])] += std::abs(array_->values[k]) * size[k];
    }
    comm_->sum(std::span(sums.value));
    comm_->sum(std::span(sums.size));
    return sums;
  }

 private:
  void add(const std::vector<double>& values, std::vector<double>& neurons) const {
    const auto sums = neurons_.reduce(values, 0.0, std::plus<>());
    const auto own = from_file_order<double>(*comm_, *network_, rows_, sums);
    for (std::size_t i = 0; i < own.size(); ++i) neurons[i] += own[i];
  }
  [[nodiscard]] std::vector<double> fetched(const std::vector<double>& of_neurons) const {
    return neurons_.fetch(to_file_order<double>(*comm_, *network_, rows_, of_neurons));
  }

  const Comm* comm_;
  const Network* network_;
  const NetworkArray* array_;
  Ownership rows_;
  Directory neurons_;
  std::vector<GlobalIndex> other_;
};

/// A network and its state.
class Run {
 public:
  /// Collective. The neurons start from what the network says and e^{-scale} times something random.
  Run(const Comm& comm, const Network& network, std::span<const double> scale) : network_(&network) {
    const CounterRandom random(1, kStates);
    const auto n = at(network.local_size());
    state_ = {std::vector<double>(n), std::vector<double>(n)};
    for (std::size_t i = 0; i < n; ++i) {
      const auto where = static_cast<std::uint64_t>(network.file_index(static_cast<LocalIndex>(i)));
      state_.value[i] = std::exp(-scale[i]) * random.normal(where);
      state_.size[i] = std::abs(state_.value[i]);
    }
    for (const auto& array : network.arrays) add_map(comm, array);
    for (const auto& [role, map] : maps_) {
      if (role == ArrayRole::initial_state) map.add_to(state_, [](GlobalIndex m) { return m == 0 ? 1.0 : 0.0; });
    }
  }

  /// Collective.
  void step(std::uint32_t number) {
    auto drive = recurrent();
    const CounterRandom random(1, kInputs);
    for (const auto& [role, map] : maps_) {
      const bool is_input = role == ArrayRole::input_weights;
      if (!is_input && role != ArrayRole::bias) continue;
      map.add_to(drive,
                 [&](GlobalIndex m) { return is_input ? random.normal(static_cast<std::uint64_t>(m), number) : 1.0; });
    }
    for (std::size_t i = 0; i < drive.value.size(); ++i) {
      state_.value[i] += kStep * (drive.value[i] - state_.value[i]);
      state_.size[i] = (1 - kStep) * state_.size[i] + kStep * drive.size[i];  // stays infinite
    }
  }

  [[nodiscard]] const Measured& state() const { return state_; }
  /// Collective. Of all output weights, one after the other.
  [[nodiscard]] std::vector<Measured> outputs() const {
    std::vector<Measured> all;
    for (const auto& [role, map] : maps_) {
      if (role == ArrayRole::output_weights) all.push_back(map.outputs(rates()));
    }
    return all;
  }

 private:
  enum : std::uint32_t { kStates = 71, kInputs = 72 };  // streams of random numbers

  void add_map(const Comm& comm, const NetworkArray& array) {
    const auto outputs = array.shape.size() == 2 ? array.shape[at(1 - array.neuron_axis)] : 1;
    if (array.role == ArrayRole::output_weights && outputs > kMostOutputs) return;
    maps_.emplace_back(std::piecewise_construct, std::forward_as_tuple(array.role),
                       std::forward_as_tuple(comm, *network_, array));
  }
  [[nodiscard]] Measured rates() const {
    Measured rates = state_;
    std::ranges::transform(state_.value, rates.value.begin(), phi);
    return rates;
  }
  /// J phi(x), by all neurons of the rank.
  [[nodiscard]] Measured recurrent() const {
    const auto& network = *network_;
    const auto own = rates();
    const auto value = with_ghosts(network.halo, std::span<const double>(own.value));
    const auto size = with_ghosts(network.halo, std::span<const double>(own.size));
    Measured sums{std::vector<double>(own.value.size(), 0.0), std::vector<double>(own.value.size(), 0.0)};
    for (std::size_t i = 0; i < own.value.size(); ++i) {
      for (auto e = at(network.row_ptr[i]); e < at(network.row_ptr[i + 1]); ++e) {
        const auto j = at(network.column[e]);
        sums.value[i] += network.weight[e] * value[j];
        sums.size[i] += std::abs(network.weight[e]) * size[j];
      }
    }
    return sums;
  }

  const Network* network_;
  Measured state_;
  std::vector<std::pair<ArrayRole, ArrayMap>> maps_;
};

/// Whether something of this size left the range in which doubles have all their digits: it tells nothing then.
bool left_range(double size) {
  constexpr double least = std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  return std::isinf(size) || (size > 0 && size < least);
}

/// The worst difference of b from a, `scale` being what b is multiplied with. Infinite where b is no number and a is.
double difference(const Measured& a, const Measured& b, std::span<const double> scale) {
  double worst = 0;
  for (std::size_t i = 0; i < a.value.size(); ++i) {
    if (a.size[i] == 0 || left_range(a.size[i]) || left_range(b.size[i])) continue;
    const double value = b.value[i];
    const double off = std::abs((scale.empty() ? value : value * std::exp(scale[i])) - a.value[i]) / a.size[i];
    worst = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::max(worst, off);
  }
  return worst;
}

/// Collective. The worst difference of the outputs, or of the states where there are none.
double difference(const Run& before, const Run& after, std::span<const double> h) {
  double worst = difference(before.state(), after.state(), h);
  const auto y = before.outputs(), z = after.outputs();
  for (std::size_t k = 0; k < y.size(); ++k) worst = std::max(worst, difference(y[k], z[k], {}));
  return worst;
}

/// Whether the arrays of both do the same work.
bool same_arrays(const Network& a, const Network& b) {
  for (const auto& [role, name] : enum_names<ArrayRole>) {
    const auto has = [role = role](const Network& network) {
      return std::ranges::find(network.arrays, role, &NetworkArray::role) != network.arrays.end();
    };
    if (has(a) != has(b)) return false;
  }
  return true;
}
}  // namespace

Check check_function(const Comm& comm, const Network& network, const Network& balanced, std::span<const double> h) {
  const std::string name = "outputs on random inputs";
  double largest = 0;
  for (const double v : h) largest = std::max(largest, std::abs(v));
  if (comm.max(largest) > kLargestLog) return skipped(name, "states would leave the range of doubles");
  if (any_exponent(comm, network)) return skipped(name, "neurons have exponents");
  if (!same_arrays(network, balanced)) return skipped(name, "the result does not hold all arrays around the network");
  const std::vector<double> origin(h.size(), 0.0);
  Run before(comm, network, origin), after(comm, balanced, h);
  double worst = difference(before, after, h);
  for (int k = 0; k < kSteps; ++k) {
    before.step(static_cast<std::uint32_t>(k));
    after.step(static_cast<std::uint32_t>(k));
    worst = std::max(worst, difference(before, after, h));
  }
  const bool has_outputs = !before.outputs().empty();
  return bounded(name, comm.max(worst), kSame,
                 fmt::format("{} after each of {} steps with leaky ReLU neurons",
                             has_outputs ? "states and outputs" : "states", kSteps));
}

}  // namespace synbal
