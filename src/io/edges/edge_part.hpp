// What one rank has read of an edge list: ends as its own numbers of the ids that it met.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/edges/edge_files.hpp"
#include "io/edges/edge_rows.hpp"
#include "io/edges/id_table.hpp"
#include "io/text/line_blocks.hpp"

namespace synbal::io {

/// The first line that cannot be taken.
struct EdgeFailure {
  TextPlace place;  ///< its line, from 1
  std::string what;
};

template <class Id>
class EdgePart {
 public:
  explicit EdgePart(const EdgeFiles& files) : files_(&files) {}

  /// Room for the rows that so many bytes hold.
  void reserve(ByteCount bytes);
  /// Takes lines that stand at `place`; see TakeLines.
  std::int64_t take(const TextPlace& place, std::string_view text);

  IdTable<Id> table;
  HugeVector<LocalIndex> source, target;  ///< [rows taken] numbers in the table
  std::vector<double> weight;
  std::int64_t rows = 0;  ///< also those that a condition left out
  std::optional<EdgeFailure> failure;
  bool names_found = false;  ///< an id is no plain integer: read again as names

 private:
  void drain();

  const EdgeFiles* files_;
  EdgeBatch<Id> batch_;
};

extern template class EdgePart<std::int64_t>;
extern template class EdgePart<std::string_view>;

}  // namespace synbal::io
