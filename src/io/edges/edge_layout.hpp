// What the columns of an edge list mean: as the user says, else as its first rows tell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "synbal/core/types.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

/// A condition on a column.
struct RowFilter {
  enum class Test { equal, differs, at_least, at_most };
  int column = 0;
  Test test = Test::equal;
  std::vector<std::string> values;  ///< equal: any of them; else one
  double number = 0;                ///< of at_least and at_most
};

struct EdgeLayout {
  static constexpr int kNone = -1;

  char separator = ',';  ///< ' ': any run of blanks
  int columns = 0;       ///< of every row
  int source = 0, target = 1, weight = kNone, sign = kNone;
  std::vector<RowFilter> filters;
  std::vector<std::string> inhibitory;  ///< words of the sign column, in lower case; empty: the usual ones
  std::vector<std::string> names;       ///< of the columns; empty without a header
  std::int64_t head_lines = 0;          ///< lines up to and including the header
  ByteCount head_bytes = 0;             ///< of these lines
  bool numbers = true;                  ///< ids of the first row are plain integers
  double bytes_a_row = 16;              ///< about
  bool empty = false;                   ///< there are no rows

  /// "'weight'" or "column 3".
  [[nodiscard]] std::string name_of(int column) const;
};

/// How much of the beginning of a file is looked at.
inline constexpr std::size_t kSampleBytes = std::size_t{1} << 16;

/// `sample`: the first kSampleBytes bytes of a file, or all of it (`whole`). `tabs`: the name of the file promises
/// tabs. @throws LineError with the line in the file and what to do.
EdgeLayout recognise_layout(std::string_view sample, bool whole, bool tabs, const EdgeListOptions& options);

/// Which ends and weights are taken, for the summary: "from 'pre' to 'post', weights in 'syn_count'".
[[nodiscard]] std::string description_of(const EdgeLayout& layout, const EdgeListOptions& options);

}  // namespace synbal::io
