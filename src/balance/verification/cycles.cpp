// Products of weights around sampled cycles: what no scaling can change.
#include "synbal/balance/cycles.hpp"

#include "balance/verification/detail.hpp"

namespace synbal {

using namespace verification;

namespace {

constexpr double kProduct = 1e-12;  // of log(J'/J), a step and unit of 1 + max |h|

double log_ratio(double after, double before) {
  const double ratio = std::abs(after / before);
  return std::isnormal(ratio) ? std::log(ratio) : std::log(std::abs(after)) - std::log(std::abs(before));
}

/// The (first) entry of a row at a global column; 0 without one.
double weight(const Network& of, LocalIndex i, GlobalIndex j) {
  const auto begin = of.column.begin() + of.row_ptr[at(i)], end = of.column.begin() + of.row_ptr[at(i) + 1];
  const auto found =
      std::lower_bound(begin, end, j, [&](LocalIndex column, GlobalIndex value) { return of.global(column) < value; });
  return found != end && of.global(*found) == j ? of.weight[at(found - of.column.begin())] : 0.0;
}

/// What the cycles say.
struct Products {
  double worst = 0;  // |sum log(|J'|/|J|)| a step and unit of 1 + max |h|
  std::int64_t flipped = 0, whole = 0, longest = 0;
};

/// Collective. Cycles with a weight that underflowed, or is missing, are not for this check.
Products products(const Comm& comm, const Network& network, const Network& balanced, const SampledCycles& cycles,
                  double largest_h) {
  const auto count = cycles.length.size();
  std::vector<double> sums(3 * count, 0.0);  // logs, signs that differ, weights that cannot be compared
  for (const auto& synapse : cycles.synapses) {
    const double before = network.weight[at(synapse.entry)];
    const double after = weight(balanced, synapse.row, network.global(network.column[at(synapse.entry)]));
    if (std::isnormal(after)) {
      sums[3 * synapse.cycle] += log_ratio(after, before);
      sums[3 * synapse.cycle + 1] += std::signbit(after) != std::signbit(before) ? 1 : 0;
    } else {
      sums[3 * synapse.cycle + 2] += 1;
    }
  }
  comm.sum(std::span<double>(sums));
  Products found;
  for (std::size_t c = 0; c < count; ++c) {
    if (sums[3 * c + 2] > 0) continue;
    const auto length = static_cast<double>(cycles.length[c]);
    found.worst = std::max(found.worst, std::abs(sums[3 * c]) / (length * (1 + largest_h)));
    found.flipped += std::fmod(sums[3 * c + 1], 2) == 0 ? 0 : 1;
    found.whole += 1;
    found.longest = std::max(found.longest, cycles.length[c]);
  }
  return found;
}

}  // namespace

Check check_cycle_products(const Comm& comm, const Network& network, const Network& balanced,
                           const Components& components, std::span<const double> h) {
  const std::string name = "products of weights around cycles";
  if (any_exponent(comm, network)) return skipped(name, "they are invariant only where all exponents are 1");
  const auto cycles = sample_cycles(comm, network, components);
  const bool any_cycle =
      comm.any(std::any_of(components.on_cycle.begin(), components.on_cycle.end(), [](auto c) { return c != 0; }));
  if (!any_cycle) return skipped(name, "the network has no cycle");
  double largest = 0;
  for (const double v : h) largest = std::max(largest, std::abs(v));
  const auto found = products(comm, network, balanced, cycles, comm.max(largest));
  if (found.whole == 0) {
    return skipped(name, fmt::format("none of {} walks of {} steps closed a cycle of weights in the range of doubles",
                                     SampledCycles::kWalks, SampledCycles::kLongestWalk));
  }
  auto check =
      bounded(name, found.worst, kProduct, fmt::format("{} cycles of up to {} synapses", found.whole, found.longest));
  if (found.flipped > 0) {
    check.outcome = Outcome::failed;
    check.note += fmt::format(", {} with the other sign", found.flipped);
  }
  return check;
}

}  // namespace synbal
