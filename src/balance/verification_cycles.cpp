// Products of weights around sampled cycles: what no scaling can change.
#include <array>
#include <bit>

#include "synbal/core/random.hpp"
#include "verification_detail.hpp"

namespace synbal {

using namespace verification;

namespace {

constexpr std::size_t kWalkers = 64;
constexpr std::uint32_t kLongest = 200;  // steps
constexpr double kProduct = 1e-12;       // of log(J'/J), a step and unit of 1 + max |h|
constexpr std::uint64_t kSeed = 2024;
constexpr std::uint32_t kStream = 61;

/// One step of a walker, known to the owner of the neuron it stands on.
struct Step {
  GlobalIndex next = -1;  // presynaptic neuron; -1: no way on
  double log_ratio = 0;   // log |J'| - log |J|
  bool flips = false;     // the signs differ
};

/// A walk backward along synapses; path[k+1] is presynaptic to path[k].
struct Walk {
  std::vector<GlobalIndex> path;
  std::vector<Step> steps;
  bool active = false;
  std::size_t closed_at = 0;  // place on the path where the cycle begins
  bool closed = false;

  void advance(const Step& step) {
    active = step.next >= 0;
    if (!active) return;
    steps.push_back(step);
    const auto seen = std::find(path.begin(), path.end(), step.next);
    if (seen != path.end()) {
      closed_at = static_cast<std::size_t>(seen - path.begin());
      closed = true, active = false;
    } else {
      path.push_back(step.next);
    }
  }
};

double log_ratio(double after, double before) {
  const double ratio = std::abs(after / before);
  return std::isnormal(ratio) ? std::log(ratio) : std::log(std::abs(after)) - std::log(std::abs(before));
}

/// All walkers advance together; every rank knows all of them.
class Walkers {
 public:
  Walkers(const Comm& comm, const Network& network, const Network& balanced, const Components& components)
      : comm_(comm), network_(network), balanced_(balanced), components_(components), walks_(kWalkers) {}

  /// Collective. False when no neuron lies on a cycle.
  bool start() {
    const auto& rows = network_.rows;
    std::vector<LocalIndex> candidates;
    for (LocalIndex i = 0; i < rows.count(); ++i) {
      if (components_.on_cycle[at(i)] != 0) candidates.push_back(i);
    }
    const auto own = static_cast<std::int64_t>(candidates.size());
    const auto below = comm_.sum_below(own);
    const auto all = comm_.sum(own);
    if (all == 0) return false;
    std::array<std::int64_t, kWalkers> begin{};
    for (std::size_t w = 0; w < kWalkers; ++w) {
      const auto pick = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(all), w, kLongest)) - below;
      if (pick >= 0 && pick < own) begin[w] = rows.first() + candidates[at(pick)];
    }
    comm_.sum(std::span<std::int64_t>(begin));
    for (std::size_t w = 0; w < kWalkers; ++w) {
      walks_[w].path = {begin[w]};
      walks_[w].active = true;
    }
    return true;
  }

  /// Collective. Until every walk is closed, stuck or too long: one reduction a step.
  void run() {
    const auto active = [](const Walk& w) { return w.active; };
    for (std::uint32_t step = 0; step < kLongest && std::any_of(walks_.begin(), walks_.end(), active); ++step) {
      // Owners state their walkers' steps, the others zeros, so that sums of integers carry them bit for bit.
      std::array<std::int64_t, 3 * kWalkers> told{};
      for (std::size_t w = 0; w < kWalkers; ++w) {
        if (!walks_[w].active || !network_.rows.owns(walks_[w].path.back())) continue;
        const auto s = choose(w, step);
        told[3 * w] = s.next + 1;
        told[3 * w + 1] = std::bit_cast<std::int64_t>(s.log_ratio);
        told[3 * w + 2] = s.flips ? 1 : 0;
      }
      comm_.sum(std::span<std::int64_t>(told));
      for (std::size_t w = 0; w < kWalkers; ++w) {
        if (walks_[w].active) {
          walks_[w].advance({told[3 * w] - 1, std::bit_cast<double>(told[3 * w + 1]), told[3 * w + 2] != 0});
        }
      }
    }
  }

  [[nodiscard]] const std::vector<Walk>& walks() const { return walks_; }

 private:
  /// A synapse inside the component, at random. In large networks a walk rarely meets itself: after as many steps as
  /// its number, walker w goes back to where it was whenever a synapse leads there.
  [[nodiscard]] Step choose(std::size_t w, std::uint32_t step) const {
    const auto& path = walks_[w].path;
    const auto i = static_cast<LocalIndex>(path.back() - network_.rows.first());
    auto seen = path;
    std::sort(seen.begin(), seen.end());
    std::vector<LocalIndex> ways, returns;
    for (auto e = network_.row_ptr[at(i)]; e < network_.row_ptr[at(i) + 1]; ++e) {
      const auto j = network_.column[at(e)];
      if (j == i || components_.leader[at(j)] != components_.leader[at(i)]) continue;
      ways.push_back(j);
      if (step >= w && std::binary_search(seen.begin(), seen.end(), network_.global(j))) returns.push_back(j);
    }
    const auto& choice = returns.empty() ? ways : returns;
    if (choice.empty()) return {};
    return along(i, network_.global(choice[at(static_cast<std::int64_t>(random_.below(choice.size(), w, step)))]));
  }

  [[nodiscard]] Step along(LocalIndex i, GlobalIndex j) const {
    const double before = weight(network_, i, j), after = weight(balanced_, i, j);
    if (before == 0 || !std::isnormal(after)) return {};  // underflow, or a wrong pattern: not for this check
    return {j, log_ratio(after, before), std::signbit(after) != std::signbit(before)};
  }

  /// The (first) entry of a row at a global column; 0 without one.
  [[nodiscard]] static double weight(const Network& of, LocalIndex i, GlobalIndex j) {
    const auto begin = of.column.begin() + of.row_ptr[at(i)], end = of.column.begin() + of.row_ptr[at(i) + 1];
    const auto found = std::lower_bound(
        begin, end, j, [&](LocalIndex column, GlobalIndex value) { return of.global(column) < value; });
    return found != end && of.global(*found) == j ? of.weight[at(found - of.column.begin())] : 0.0;
  }

  const Comm& comm_;
  const Network& network_;
  const Network& balanced_;
  const Components& components_;
  const CounterRandom random_{kSeed, kStream};
  std::vector<Walk> walks_;
};

/// What the closed cycles say.
struct Products {
  double worst = 0;  // |sum log(|J'|/|J|)| a step and unit of 1 + max |h|
  std::int64_t flipped = 0, closed = 0;
  std::size_t longest = 0;
};

Products products(const std::vector<Walk>& walks, double largest_h) {
  Products found;
  for (const auto& walk : walks) {
    if (!walk.closed) continue;
    double sum = 0;
    bool flips = false;
    for (auto s = walk.closed_at; s < walk.steps.size(); ++s) {
      sum += walk.steps[s].log_ratio;
      flips = flips != walk.steps[s].flips;
    }
    const auto length = walk.steps.size() - walk.closed_at;
    found.worst = std::max(found.worst, std::abs(sum) / (static_cast<double>(length) * (1 + largest_h)));
    found.flipped += flips ? 1 : 0;
    found.closed += 1;
    found.longest = std::max(found.longest, length);
  }
  return found;
}

}  // namespace

Check check_cycle_products(const Comm& comm, const Network& network, const Network& balanced,
                           const Components& components, std::span<const double> h) {
  const std::string name = "products of weights around cycles";
  if (any_exponent(comm, network)) return skipped(name, "they are invariant only where all exponents are 1");
  Walkers walkers(comm, network, balanced, components);
  if (!walkers.start()) return skipped(name, "the network has no cycle");
  walkers.run();
  double largest = 0;
  for (const double v : h) largest = std::max(largest, std::abs(v));
  const auto found = products(walkers.walks(), comm.max(largest));
  if (found.closed == 0) {
    return skipped(name, fmt::format("none of {} walks of {} steps closed a cycle", kWalkers, kLongest));
  }
  auto check =
      bounded(name, found.worst, kProduct, fmt::format("{} cycles of up to {} synapses", found.closed, found.longest));
  if (found.flipped > 0) {
    check.outcome = Outcome::failed;
    check.note += fmt::format(", {} with the other sign", found.flipped);
  }
  return check;
}

}  // namespace synbal
