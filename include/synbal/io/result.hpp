// The result file of `balance`: what is written, and how it is read back.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "synbal/core/solver_progress.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// Root attributes of the result (CONTRACT.md).
struct Provenance {
  /// "recurrent" or "all": whether inputs, biases and outputs cost as well. "zero-mean" or "inputs-outputs": what the
  /// constant of a component is chosen by.
  std::string cost_scope = "recurrent", gauge = "zero-mean";
  /// "1*2+0.7*1": weights and powers of a sum of costs; empty: |J|^power.
  std::string cost_terms;
  /// Where the factors of single synapses came from, and a hash of them; empty: there were none.
  std::string alpha_path, alpha_checksum;
  std::string program, version, git, command, input_path, input_checksum, orientation, libraries, started, finished,
      reason;
  std::int64_t input_size = 0;
  double power = 2, tolerance = 1e-10;
  std::int64_t n = 0, nnz = 0;
  int ranks = 1, petsc_int_bits = 32, exit_code = 0;
};

/// Everything per neuron is given for the owned neurons of the network, in its order; the file has the input's order.
struct ResultData {
  std::span<const double> h;
  std::span<const std::int64_t> component;
  std::span<const double> in_cost, out_cost;
  std::span<const SolverProgress> history;
  const Network* balanced = nullptr;  ///< the network whose weights go to /weights (already scaled); null: h only
  Provenance provenance;
  std::span<const double> in_cost_before = {}, out_cost_before = {};  ///< at h = 0; empty on all ranks: left out
};

/// Collective. Writes to a temporary name, checks, renames. `network` gives the order of the neurons.
/// @throws Error io_failure.
void write_result(const Comm& comm, const Network& network, const ResultData& result, const std::string& path);

/// What `apply` and `verify` need of a result file.
struct StoredResult {
  std::vector<double> h, in_cost, out_cost;  ///< for the owned neurons of the network given
  std::vector<std::int64_t> component;
  bool has_weights = false;
  NodeData nodes;         ///< pinned, gain, exponent and group of the run, as far as it had such; nothing else
  bool unchanged = true;  ///< the file is as it was written, as far as it says
  Provenance provenance;
};

/// Collective. Whether `path` names an HDF5 file that holds a result, as far as that is to be seen. @throws Error
/// io_failure, bad_input for an HDF5 file that is none.
[[nodiscard]] bool is_result(const Comm& comm, const std::string& path);

/// Collective. @throws Error bad_input when the file is not a result, is damaged, belongs to another network size, or
/// was changed since it was written (unless that is allowed).
StoredResult read_result(const Comm& comm, const Network& network, const std::string& path,
                         bool changes_allowed = false);

/// Collective. The /weights of a result file, and the arrays around them, as a network distributed like `network` (same
/// ownership and positions).
Network read_result_weights(const Comm& comm, const Network& network, const std::string& path);

}  // namespace synbal
