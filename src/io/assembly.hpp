// Between networks and files: entries anywhere become a network, and a network comes back into its file's order.
#pragma once

#include "synbal/core/agree.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

/// Collective. Gives entries (those of the ranks in order are the file's) the alphas that the options ask for, sends
/// them to rows (swapping their indices for pre_post), chooses the ownership that the options ask for, and assembles.
/// @throws Error bad_input for duplicates that are not wanted.
Network network_of(const Comm& comm, GlobalIndex n, Triplets&& entries, const ReadOptions& options, InputFacts facts);

/// The entries of rows of which row i has the number row[i].
Triplets entries_of(std::span<const GlobalIndex> row, GlobalRows&& rows);

/// @throws Error bad_input when a file of `bytes` bytes announces implausibly many neurons (damaged sizes must not
/// make every rank allocate all memory). `expansion`: bytes that one byte of the file can stand for.
void check_plausible_size(const std::string& where, GlobalIndex n, ByteCount bytes, int expansion = 1);

/// Collective. Whether some rank's neurons are not in file order: a rank without neurons cannot tell by itself.
[[nodiscard]] inline bool out_of_file_order(const Comm& comm, const Network& network) {
  return comm.any(!network.position.empty());
}

/// Collective. Calls write(network) with `network` itself when its rows are in file order, else with a reordered copy.
template <class Write>
void with_file_order(const Comm& comm, const Network& network, Write&& write) {
  if (out_of_file_order(comm, network)) {
    write(in_file_order(comm, Network(network)));
  } else {
    write(network);
  }
}

/// Collective. What read(rows) brings for rows of the file, one value each, for the owned neurons. `read` must not
/// communicate.
template <class Read>
auto read_for_neurons(const Comm& comm, const Network& network, Read&& read) {
  const bool moved = out_of_file_order(comm, network);
  const auto rows = moved ? Ownership::even(comm, network.size()) : network.rows;
  auto values = agreed(comm, [&] { return read(rows); });
  using T = typename decltype(values)::value_type;
  return moved ? from_file_order<T>(comm, network, rows, values) : values;
}

}  // namespace synbal::io
