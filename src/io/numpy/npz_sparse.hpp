// scipy.sparse's way of keeping a matrix in an .npz archive.
#pragma once

#include "io/arrays/sparse_matrix.hpp"
#include "io/numpy/bundle.hpp"
#include "io/sizes.hpp"

namespace synbal::io {

/// Whether save_npz wrote it. Not collective.
[[nodiscard]] bool is_scipy_matrix(const Bundle& bundle);

/// Neurons and stored elements. Not collective. @throws Error bad_input.
NetworkSizes scipy_sizes(const Bundle& bundle);

/// Collective. csr, csc, coo and bsr. @throws Error bad_input.
Network read_scipy_matrix(const Comm& comm, const Bundle& bundle, const ReadOptions& options, InputFacts facts);

}  // namespace synbal::io
