// From rows with global columns to a network: sort, merge, drop zeros, find ghosts, make columns local. Everything but
// the local columns happens in place, and global columns are given back as they become local: the peak is 16 bytes a
// synapse.
#include "network/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "network/index_set.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/huge_pages.hpp"
#include "synbal/network/network.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

struct Entry {
  GlobalIndex column;
  double weight, alpha;
};

/// What merging found on this rank.
struct Found {
  std::int64_t entries = 0, self_loops = 0, duplicates = 0, zeros = 0;
};

void sort_row(GlobalRows& rows, std::size_t begin, std::size_t end, std::vector<Entry>& scratch) {
  const bool alphas = !rows.alpha.empty();
  scratch.clear();
  for (auto e = begin; e < end; ++e) scratch.push_back({rows.column[e], rows.weight[e], alphas ? rows.alpha[e] : 1.0});
  std::stable_sort(scratch.begin(), scratch.end(), [](const Entry& a, const Entry& b) { return a.column < b.column; });
  for (auto e = begin; e < end; ++e) {
    rows.column[e] = scratch[e - begin].column;
    rows.weight[e] = scratch[e - begin].weight;
    if (alphas) rows.alpha[e] = scratch[e - begin].alpha;
  }
}

std::string where(const InputFacts& facts) { return facts.path.empty() ? "network" : facts.path; }

void check_row(const GlobalRows& rows, std::int64_t begin, std::int64_t end, GlobalIndex row, GlobalIndex size,
               const InputFacts& facts) {
  if (begin == end) return;
  const auto lowest = rows.column[at(begin)];
  const auto highest = rows.column[at(end - 1)];
  if (lowest >= 0 && highest < size) return;
  throw bad_input(fmt::format("{}: row {} has an entry in column {} (there are {} neurons): correct the file",
                              where(facts), row + 1, (lowest < 0 ? lowest : highest) + 1, size));
}

Error duplicate_error(GlobalIndex row, GlobalIndex column, const InputFacts& facts) {
  return bad_input(
      fmt::format("{}: row {}, column {} is given more than once (`duplicates` error): remove one of the entries, or "
                  "choose `duplicates` sum or keep",
                  where(facts), row + 1, column + 1));
}

Error alphas_differ(GlobalIndex row, GlobalIndex column, double one, double other, const InputFacts& facts) {
  return bad_input(
      fmt::format("{}: row {}, column {} is given more than once, with the alphas {} and {} (nothing says what the sum "
                  "of the weights costs): give one alpha, or choose `duplicates` keep",
                  where(facts), row + 1, column + 1, one, other));
}

Error not_finite(GlobalIndex row, GlobalIndex column, double weight, const InputFacts& facts) {
  return bad_input(fmt::format(
      "{}: the weight in row {}, column {} is {} (not finite, or the sum of its entries overflows): correct "
      "the file, or choose `duplicates` keep or error",
      where(facts), row + 1, column + 1, weight));
}

/// Merges the sorted entries of every row as asked and drops zeros, writing over the entries already read.
class Merger {
 public:
  Merger(GlobalRows& rows, Duplicates duplicates, const InputFacts& facts)
      : rows_(rows), duplicates_(duplicates), facts_(facts) {
    found_.entries = std::ssize(rows.column);
  }

  Found run(const Ownership& ownership) {
    std::int64_t begin = 0;
    for (std::size_t i = 0; i + 1 < rows_.row_ptr.size(); ++i) {
      const auto end = rows_.row_ptr[i + 1];
      const auto row = ownership.first() + static_cast<GlobalIndex>(i);
      check_row(rows_, begin, end, row, ownership.size(), facts_);
      for (auto k = at(begin); k < at(end);) merge_place(row, k, at(end));
      begin = end;
      rows_.row_ptr[i + 1] = static_cast<std::int64_t>(out_);
    }
    rows_.column.resize(out_);
    rows_.weight.resize(out_);
    if (!rows_.alpha.empty()) rows_.alpha.resize(out_);
    return found_;
  }

 private:
  /// The entries from k on at one place; moves k behind them.
  void merge_place(GlobalIndex row, std::size_t& k, std::size_t end) {
    const auto column = rows_.column[k];
    const double alpha = rows_.alpha.empty() ? 1.0 : rows_.alpha[k];
    double weight = rows_.weight[k++];
    while (duplicates_ != Duplicates::keep && k < end && rows_.column[k] == column) {
      if (duplicates_ == Duplicates::error) throw duplicate_error(row, column, facts_);
      if (!rows_.alpha.empty() && rows_.alpha[k] != alpha) {
        throw alphas_differ(row, column, alpha, rows_.alpha[k], facts_);
      }
      weight += rows_.weight[k++];
      ++found_.duplicates;
    }
    if (!std::isfinite(weight)) throw not_finite(row, column, weight, facts_);
    found_.zeros += weight == 0.0 ? 1 : 0;
    if (weight == 0.0) return;
    found_.self_loops += column == row ? 1 : 0;
    rows_.column[out_] = column;
    if (!rows_.alpha.empty()) rows_.alpha[out_] = alpha;
    rows_.weight[out_++] = weight;
  }

  GlobalRows& rows_;
  Duplicates duplicates_;
  const InputFacts& facts_;
  Found found_;
  std::size_t out_ = 0;
};

void add_counts(const Comm& comm, const Found& found, InputFacts& facts) {
  std::array<std::int64_t, 4> sums{found.entries, found.self_loops, found.duplicates, found.zeros};
  comm.sum(std::span<std::int64_t>(sums));
  if (facts.entries == 0) facts.entries = sums[0];
  facts.self_loops += sums[1];
  facts.duplicates_merged += sums[2];
  facts.zeros_dropped += sums[3];
}

void check_shape(const Ownership& ownership, const GlobalRows& rows) {
  const bool fits = rows.row_ptr.size() == at(ownership.count()) + 1 && rows.row_ptr[0] == 0 &&
                    rows.column.size() == rows.weight.size() && rows.row_ptr.back() == std::ssize(rows.column) &&
                    (rows.alpha.empty() || rows.alpha.size() == rows.weight.size());
  if (!fits) throw internal_error("assemble was given rows that do not match their owner");
}

IndexSet foreign_columns(const Ownership& ownership, std::span<const GlobalIndex> columns) {
  IndexSet foreign(ownership.size());
  const auto first = ownership.first();
  const auto end = first + ownership.count();
  for (const auto g : columns) {
    if (g < first || g >= end) foreign.insert(g);
  }
  return foreign;
}

/// Consumes the columns.
std::vector<LocalIndex> local_columns(const Ownership& ownership, const IndexSet& foreign,
                                      std::vector<GlobalIndex>&& columns) {
  constexpr std::size_t kBlock = 1 << 20;  // entries: pages are given back some megabytes at a time
  std::vector<LocalIndex> local;
  local.reserve(columns.size());  // untouched so far
  const auto first = ownership.first();
  const auto n = ownership.count();
  for (std::size_t begin = 0; begin < columns.size(); begin += kBlock) {
    const auto block = std::span(columns).subspan(begin, std::min(kBlock, columns.size() - begin));
    for (const auto g : block) {
      const auto shifted = g - first;
      local.push_back(shifted >= 0 && shifted < n ? static_cast<LocalIndex>(shifted) : n + foreign.number(g));
    }
    give_back(block);
  }
  std::vector<GlobalIndex>().swap(columns);
  return local;
}

/// Gives back the room of merged entries when it is worth a copy.
void trim(std::vector<double>& values) {
  if (values.capacity() - values.size() > values.capacity() / 8) values.shrink_to_fit();
}

}  // namespace

void sort_rows(GlobalRows& rows) {
  std::vector<Entry> scratch;
  for (std::size_t i = 0; i + 1 < rows.row_ptr.size(); ++i) {
    const auto begin = at(rows.row_ptr[i]), end = at(rows.row_ptr[i + 1]);
    const auto column = std::span(rows.column).subspan(begin, end - begin);
    if (!std::is_sorted(column.begin(), column.end())) sort_row(rows, begin, end, scratch);
  }
}

Network localise(const Comm& comm, Ownership ownership, GlobalRows&& rows, InputFacts facts) {
  Network network;
  auto ghosts = agreed(comm, [&] {
    auto foreign = foreign_columns(ownership, rows.column);
    auto members = foreign.seal();
    if (members.size() > at(std::numeric_limits<LocalIndex>::max() - ownership.count())) {
      throw bad_input("one rank would see more than 2^31 neurons (local indices are 32-bit): use more ranks");
    }
    network.column = local_columns(ownership, foreign, std::move(rows.column));
    trim(rows.weight), trim(rows.alpha);
    return members;
  });
  network.row_ptr = std::move(rows.row_ptr);
  network.weight = std::move(rows.weight);
  network.alpha = std::move(rows.alpha);
  network.halo = Halo(comm, ownership, std::move(ghosts));
  network.rows = std::move(ownership);
  network.nnz = comm.sum(std::ssize(network.column));
  network.facts = std::move(facts);
  return network;
}

Network assemble(const Comm& comm, Ownership ownership, GlobalRows&& rows, Duplicates duplicates, InputFacts facts) {
  const auto found = agreed(comm, [&] {
    check_shape(ownership, rows);
    sort_rows(rows);
    return Merger(rows, duplicates, facts).run(ownership);
  });
  add_counts(comm, found, facts);
  return localise(comm, std::move(ownership), std::move(rows), std::move(facts));
}

}  // namespace synbal
