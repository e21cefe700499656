// Entries on their way to the owners of their rows.
#include "io/assembly.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/alphas.hpp"
#include "synbal/core/error.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

void check_plausible_size(const std::string& where, GlobalIndex n, ByteCount bytes, int expansion) {
  if (n <= 10'000'000 || n / 1024 / expansion <= bytes) return;
  throw bad_input(fmt::format("{}: announces {} neurons in a file of {} bytes (a damaged size?): correct the size",
                              where, n, bytes));
}

Triplets entries_of(std::span<const GlobalIndex> row, GlobalRows&& rows) {
  Triplets entries;
  entries.row.reserve(rows.column.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    entries.row.insert(entries.row.end(), at(rows.row_ptr[i + 1] - rows.row_ptr[i]), row[i]);
  }
  entries.column = std::move(rows.column);
  entries.weight = std::move(rows.weight);
  return entries;
}

Network network_of(const Comm& comm, GlobalIndex n, Triplets&& entries, const ReadOptions& options, InputFacts facts) {
  add_alphas(comm, options, entries);
  if (options.orientation == Orientation::pre_post) std::swap(entries.row, entries.column);
  const auto even = Ownership::even(comm, n);
  auto rows = route(comm, even, std::move(entries));
  if (options.partition == PartitionKind::contiguous) {
    return assemble(comm, even, std::move(rows), options.duplicates, std::move(facts));
  }
  auto balanced = balanced_by_nonzeros(comm, even, rows.row_ptr);
  rows = redistribute(comm, even, balanced, std::move(rows));
  return assemble(comm, std::move(balanced), std::move(rows), options.duplicates, std::move(facts));
}

}  // namespace synbal::io
