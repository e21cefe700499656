// From arrays of numbers in a file to the arrays around a network.
#pragma once

#include "io/arrays/sparse_matrix.hpp"
#include "synbal/network/surroundings.hpp"

namespace synbal::io {

/// What is known of an array before it is read.
struct ArrayPlan {
  std::string name;  ///< in its file
  ArrayRole role = ArrayRole::bias;
  std::vector<std::int64_t> shape;  ///< as its elements lie, the last index running fastest
  bool is_transposed = false;       ///< `shape` is the other way round than its user sees it
};

/// Collective. @throws Error bad_input when no axis has `n` elements, and for numbers that are not finite. Where both
/// axes have, rows of input weights and columns of output weights are neurons, or the other way round with pre_post.
NetworkArray read_array(const Comm& comm, const ArrayPlan& plan, const NumberArray& numbers, GlobalIndex n,
                        const ReadOptions& options);
NetworkArray read_array(const Comm& comm, const ArrayPlan& plan, const CompressedMatrix& matrix, GlobalIndex n,
                        const ReadOptions& options);

/// Collective. The arrays under the names that the native format has for them ("input_weights", for several
/// "input_weights_2"), rows of input weights and columns of output weights being neurons, biases in one.
std::vector<std::pair<std::string, NetworkArray>> native_arrays(const Comm& comm,
                                                                const std::vector<NetworkArray>& arrays);

/// Collective. The array with all of its elements, of which only some were kept.
NetworkArray filled(const Comm& comm, NetworkArray&& array);

}  // namespace synbal::io
