// Moving rows and entries between ranks: to the owners of their rows, to other contiguous ranges, and to those of their
// columns.
#pragma once

#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. Ownership of the same rows in contiguous ranges that carry about equal non-zeros (plus one a row):
/// `row_ptr` is that of the rows in `current`.
Ownership balanced_by_nonzeros(const Comm& comm, const Ownership& current, std::span<const std::int64_t> row_ptr);

/// [ranks + 1] The first rows that so many ranks would get by it, and the end, from the rows of all. Not collective.
std::vector<GlobalIndex> shares_by_nonzeros(std::span<const std::int64_t> row_ptr, std::int64_t ranks);

/// Collective. Sends every entry to the owner of its row, keeping the order of entries within a row by source rank.
/// Holds at most 36 bytes an entry. @throws Error bad_input for a row out of range.
GlobalRows route(const Comm& comm, const Ownership& ownership, Triplets&& entries);

/// Collective. The same rows under another contiguous ownership.
GlobalRows redistribute(const Comm& comm, const Ownership& from, const Ownership& to, GlobalRows&& rows);
/// Collective. One value per row, moved likewise. T is double, int64 or uint8.
template <class T>
std::vector<T> redistribute(const Comm& comm, const Ownership& from, const Ownership& to, std::span<const T> values);

/// Collective. The rows of the transpose under the same ownership; entries of a row ascend by column if those of `rows`
/// stand in the order of their rows, those at one place keep their order. Holds some 50 bytes per entry that changes
/// rank.
GlobalRows transpose(const Comm& comm, const Ownership& ownership, const GlobalRows& rows);

/// Sorts the entries of every row by column; equal columns keep their order.
void sort_rows(GlobalRows& rows);

}  // namespace synbal
