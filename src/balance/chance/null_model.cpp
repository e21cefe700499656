// The norm of the network and the statistics of the draws.
#include "synbal/balance/null_model.hpp"

#include <algorithm>
#include <cmath>

#include "balance/chance/draws.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/range.hpp"

namespace synbal {

namespace {

NullResult statistics_of(double value, const std::vector<double>& norms) {
  NullResult found;
  found.value = value, found.draws = std::ssize(norms);
  const auto count = static_cast<double>(norms.size());
  for (const double n : norms) found.mean += n / count;
  for (const double n : norms) found.sd += (n - found.mean) * (n - found.mean) / std::max(count - 1, 1.0);
  found.sd = std::sqrt(found.sd);
  const auto [least, most] = std::ranges::minmax(norms);
  found.least = least, found.most = most;
  found.below = std::ranges::count_if(norms, [&](double n) { return n <= value * (1 + 1e-12); });
  return found;
}

}  // namespace

NullResult null_model(const Comm& comm, const Network& network, double power, const NullParams& params) {
  agreed(comm, [&] { require_in({1, 1e9}, "null", params.draws, "permutations"); });
  const auto costs = chance::costs_of(comm, network, power);
  const auto classes = chance::classes_of(comm, network, params.label);
  const auto norms = params.kind == NullKind::rows ? chance::row_draws(comm, network, costs, classes, params)
                                                   : chance::weight_draws(comm, network, costs, classes, params);
  auto found = statistics_of(chance::norm_of(comm, network, costs.entry), norms);
  found.classes = classes.count;
  return found;
}

}  // namespace synbal
