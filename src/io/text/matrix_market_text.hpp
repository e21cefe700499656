// The grammar of Matrix Market files, as pure functions of text: no files, no communication.
#pragma once

#include <string_view>
#include <vector>

#include "io/text/line_blocks.hpp"
#include "synbal/network/network.hpp"

namespace synbal::io {

enum class MmField : std::int32_t { real, integer, pattern };
enum class MmSymmetry : std::int32_t { general, symmetric, skew };

/// What banner and size line say. Plain data: it is broadcast as bytes.
struct MmHeader {
  bool dense = false;  ///< "array": values of all places, column by column
  MmField field = MmField::real;
  MmSymmetry symmetry = MmSymmetry::general;
  bool diagonal = true;  ///< dense: the values of a skew-symmetric matrix include its zero diagonal
  GlobalIndex n = 0;
  std::int64_t entries = 0;  ///< lines that hold an entry; of a dense skew-symmetric file at most
  std::int64_t lines = 0;    ///< lines up to and including the size line
  ByteCount bytes = 0;       ///< bytes of these lines
};

/// Takes the lines of a file one by one until the header is complete.
class MmHeaderParser {
 public:
  /// True when `line` was the last of the header. @throws LineError.
  bool take(std::string_view line);
  /// @throws LineError: the text ended before the header did.
  void end() const;
  [[nodiscard]] const MmHeader& header() const noexcept { return header_; }

 private:
  void take_banner(std::string_view line);
  void take_sizes(std::string_view line);
  MmHeader header_;
};

/// Parses lines behind the header. Coordinate entries go to `entries` (0-based, mirrored where the file says
/// symmetric or skew-symmetric); values of a dense file go to `entries.weight` alone, in the order of the file.
class MmEntryParser {
 public:
  MmEntryParser(const MmHeader& header, Triplets& entries) : header_(header), entries_(&entries) {}
  /// @throws LineError with the line counted over all text taken so far.
  void take(std::string_view text);
  /// Lines taken completely.
  [[nodiscard]] std::int64_t lines() const noexcept { return lines_; }
  /// Entries as announced on the size line (mirrored ones are not counted).
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  /// The line of the first entry above the diagonal, and below it, where the file says symmetric; 0: there is none.
  [[nodiscard]] std::int64_t first_above() const noexcept { return above_; }
  [[nodiscard]] std::int64_t first_below() const noexcept { return below_; }

 private:
  void take_entry(std::string_view line);
  double take_weight(std::string_view& line) const;
  GlobalIndex take_index(std::string_view& line, std::string_view name) const;
  [[nodiscard]] double value_of(std::string_view word) const;
  void push(GlobalIndex row, GlobalIndex column, double weight);
  [[noreturn]] void fail(const std::string& what) const;

  MmHeader header_;
  Triplets* entries_;
  std::int64_t lines_ = 0;
  std::int64_t count_ = 0;
  std::int64_t above_ = 0, below_ = 0;
};

/// Values of a dense file: all, or those of one triangle.
[[nodiscard]] std::int64_t dense_values(const MmHeader& header);

/// Gives the values of a dense file their places: entries.weight[k] is value number `first` + k of the file.
/// @throws LineError (line 0) for a skew-symmetric matrix with something on the diagonal.
void place_dense_values(const MmHeader& header, std::int64_t first, Triplets& entries);

/// Number in `text` as a whole, also with Fortran's exponents (2.0D+00). @throws LineError (line 0) saying why not:
/// text, NaN, infinity, overflow, underflow.
double parse_value(std::string_view text);
/// Decimal integer in `text` as a whole, an optional sign first. @throws LineError (line 0).
std::int64_t parse_integer(std::string_view text);
/// Takes the next word off `line`, blanks and tabs around it ignored; empty at the end.
std::string_view take_word(std::string_view& line) noexcept;

}  // namespace synbal::io
