// Is a network balanced more than chance? How unbalanced it is against permutations of itself (Stock et al. 2022, fig.
// 4a).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/enum_names.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// What is permuted.
enum class NullKind {
  rows,    ///< whole rows: neurons exchange their in-costs and keep their out-costs
  weights  ///< the costs of the synapses there are: also degrees stay
};
template <>
inline constexpr auto enum_names<NullKind> = std::to_array<EnumName<NullKind>>({{NullKind::rows, "rows"},
                                                                                {NullKind::weights, "weights"}});

struct NullParams {
  std::int64_t draws = 1000;
  NullKind kind = NullKind::rows;
  std::uint64_t seed = 1;
  /// [n_local] Classes of neurons: rows are exchanged within a class, costs between synapses from one class to another.
  /// Empty on all ranks: one class.
  std::vector<std::int64_t> label = {};
  std::function<void(std::int64_t)> progress = {};  ///< told how many draws are done; not collective
};

/// |g|, g = in-cost - out-cost of every neuron (2-norm, in the unit of the largest cost), and what chance makes of it.
struct NullResult {
  double value = 0;         ///< of the network
  double mean = 0, sd = 0;  ///< of the draws
  double least = 0, most = 0;
  std::int64_t below = 0;  ///< draws that are no larger than the network
  std::int64_t draws = 0, classes = 1;

  /// Standard deviations from chance: negative where the network is balanced more.
  /// 0 where the draws do not differ by more than rounding.
  [[nodiscard]] double z() const noexcept { return sd > 1e-12 * mean ? (value - mean) / sd : 0; }
  /// Of one-sided test, the network itself counted among the draws.
  [[nodiscard]] double p_value() const noexcept {
    return (1.0 + static_cast<double>(below)) / (1.0 + static_cast<double>(draws));
  }
};

/// Collective. Over all synapses, self-loops and those between components included (costs sigma_j^2 |J_ij|^p). The same
/// draws at any rank count; the draws of `rows` are divided among the ranks, each of which then holds four numbers for
/// every neuron of the network, a draw of `weights` is made by all together. @throws Error usage for no draws,
/// bad_input for more classes than 4096 with `weights`.
[[nodiscard]] NullResult null_model(const Comm& comm, const Network& network, double power, const NullParams& params);

}  // namespace synbal
