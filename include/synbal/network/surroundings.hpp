// What else a recurrent network consists of: weights from inputs and onto outputs, biases, initial states.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/enum_names.hpp"
#include "synbal/core/ownership.hpp"

namespace synbal {

struct Network;

/// What an array does in tau x' = -x + J phi(x) + W_in u + b, y = W_out phi(x), x(0) = x_0.
enum class ArrayRole { input_weights, output_weights, bias, initial_state };

template <>
inline constexpr auto enum_names<ArrayRole> =
    std::to_array<EnumName<ArrayRole>>({{ArrayRole::input_weights, "input_weights"},
                                        {ArrayRole::output_weights, "output_weights"},
                                        {ArrayRole::bias, "bias"},
                                        {ArrayRole::initial_state, "initial_state"}});

/// Compressed rows (or columns) of an array that is kept so: this rank has the entries of its own ones.
struct ArrayPattern {
  bool by_columns = false;
  Ownership majors;                     ///< rows, or columns
  std::vector<std::int64_t> starts{0};  ///< [own majors + 1] among the own entries
  std::vector<GlobalIndex> index;       ///< [own entries] column, or row
};

/// An array of which one axis counts the neurons, in the order of the network's file, whatever order the network itself
/// has come into. Its elements lie one after the other (the last index runs fastest), an even share on every rank.
struct NetworkArray {
  std::string name;  ///< in the file it comes from
  ArrayRole role = ArrayRole::bias;
  std::vector<std::int64_t> shape;  ///< one or two sizes
  int neuron_axis = 0;
  std::optional<ArrayPattern> pattern;  ///< where only some elements are kept
  Ownership elements;                   ///< of the elements that are kept
  std::vector<double> values;           ///< [own elements]

  /// [own elements] The neuron, by its place in the file, to which each belongs.
  [[nodiscard]] std::vector<GlobalIndex> neurons() const;
};

/// Collective. What scaling by h makes of the arrays, so that the network still computes the same: input weights,
/// biases and initial states of neuron i times e^{-h_i}, output weights of neuron j times e^{k_j h_j} (k_j: its
/// exponent, 1 unless given). `h`: [n_local] of `network`. @throws Error bad_input when a value leaves the range of
/// doubles.
void scale_arrays(const Comm& comm, const Network& network, std::span<const double> h,
                  std::vector<NetworkArray>& arrays);

}  // namespace synbal
