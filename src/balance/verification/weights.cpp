// Checks of stored weights, entry by entry.
#include <array>

#include "balance/verification/detail.hpp"

namespace synbal {

using namespace verification;

namespace {

constexpr double kWeights = 1e-12;  // relative
constexpr double kSmallest = std::numeric_limits<double>::min();

/// What two sets of weights differ in.
struct Differences {
  std::int64_t missing = 0, extra = 0, signs = 0, compared = 0;
  Worst weight;
};

class Comparison {
 public:
  /// Collective.
  Comparison(const Network& network, const Network& balanced, std::span<const double> h)
      : network_(network), balanced_(balanced), h_(h), logs_(column_logs(network, h)) {}

  [[nodiscard]] Differences run() {
    for (LocalIndex i = 0; i < network_.local_size(); ++i) row(i);
    return found_;
  }

 private:
  /// Entries of both ascend by global column.
  void row(LocalIndex i) {
    auto b = balanced_.row_ptr[at(i)];
    const auto end = balanced_.row_ptr[at(i) + 1];
    const auto column = [&] { return balanced_.global(balanced_.column[at(b)]); };
    for (auto a = network_.row_ptr[at(i)]; a < network_.row_ptr[at(i) + 1]; ++a) {
      const auto j = network_.column[at(a)];
      const double expected = scaled_weight(network_.weight[at(a)], logs_[at(j)] - h_[at(i)]);
      for (; b < end && column() < network_.global(j); ++b) ++found_.extra;
      if (b < end && column() == network_.global(j)) {
        compare(i, expected, balanced_.weight[at(b++)]);
      } else if (std::abs(expected) >= kSmallest) {  // what underflowed may have been dropped as a zero
        ++found_.missing;
      }
    }
    found_.extra += end - b;
  }

  void compare(LocalIndex i, double expected, double stored) {
    ++found_.compared;
    if (std::signbit(expected) != std::signbit(stored)) ++found_.signs;
    if (stored != expected) {
      found_.weight.meet(std::abs(stored - expected) / std::max(std::abs(expected), kSmallest), network_.file_index(i));
    }
  }

  const Network& network_;
  const Network& balanced_;
  std::span<const double> h_;
  std::vector<double> logs_;
  Differences found_;
};

Check pattern_check(std::int64_t missing, std::int64_t extra) {
  const auto note = missing + extra > 0 ? fmt::format("{} synapses missing, {} too many", missing, extra) : "";
  return bounded("zero pattern of the weights", static_cast<double>(missing + extra), 0, note);
}

}  // namespace

std::vector<Check> check_weights(const Comm& comm, const Network& network, const Network& balanced,
                                 std::span<const double> h) {
  const auto own = Comparison(network, balanced, h).run();
  std::array<std::int64_t, 4> sums{own.missing, own.extra, own.signs, own.compared};
  comm.sum(std::span<std::int64_t>(sums));
  const auto worst = worst_over(comm, own.weight);
  return {pattern_check(sums[0], sums[1]),
          bounded("signs of the weights", static_cast<double>(sums[2]), 0, fmt::format("{} compared", sums[3])),
          bounded("weights are J e^(k_j h_j - h_i)", worst.value, kWeights, at_neuron(worst))};
}

}  // namespace synbal
