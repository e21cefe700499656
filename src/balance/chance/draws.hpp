// The two kinds of draws, and what both need.
#pragma once

#include <span>
#include <vector>

#include "synbal/balance/null_model.hpp"

namespace synbal::chance {

/// In the unit of the largest cost.
struct EntryCosts {
  std::vector<double> entry;    ///< [nnz_local]
  std::vector<double> in, out;  ///< [n_local] sums
};
/// Collective.
EntryCosts costs_of(const Comm& comm, const Network& network, double power);

/// Collective. In- and out-costs of the owned neurons, given what the entries cost.
void sum_up(const Network& network, std::span<const double> entry, std::vector<double>& in, std::vector<double>& out);
/// Collective. |in - out|.
double norm_of(const Comm& comm, const Network& network, std::span<const double> entry);

/// Classes by numbers 0..count-1 in the order of their labels.
struct Classes {
  std::vector<std::int64_t> number;  ///< [n_local]
  std::int64_t count = 1;
};
/// Collective.
Classes classes_of(const Comm& comm, const Network& network, const std::vector<std::int64_t>& label);

/// Collective. |g| of every draw, the same on all ranks.
std::vector<double> row_draws(const Comm& comm, const Network& network, const EntryCosts& costs, const Classes& classes,
                              const NullParams& params);
std::vector<double> weight_draws(const Comm& comm, const Network& network, const EntryCosts& costs,
                                 const Classes& classes, const NullParams& params);

}  // namespace synbal::chance
