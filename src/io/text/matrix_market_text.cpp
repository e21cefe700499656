// Parsing of Matrix Market text (Boisvert, Pozo, Remington 1996: "The Matrix Market Exchange Formats").
#include "io/text/matrix_market_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace synbal::io {

namespace {
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+') text.remove_prefix(1);
  return text;
}

bool is_integer_text(std::string_view text) {
  text = without_plus(text);
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// from_chars says "out of range" for too large and too small alike; strtod tells them apart.
double value_out_of_range(std::string_view text) {
  const double value = std::strtod(std::string(text).c_str(), nullptr);
  if (std::isinf(value))
    throw LineError(0, fmt::format("value {} is too large for a double (overflow)", in_quotes(text)));
  if (value == 0) {
    throw LineError(0,
                    fmt::format("value {} is too small for a double (underflow), and would vanish", in_quotes(text)));
  }
  return value;
}

[[noreturn]] void refuse(std::string_view what, const std::string& word, std::string_view remedy) {
  throw LineError(1, fmt::format("{} {} in the banner is not supported: {}", what, in_quotes(word), remedy));
}

MmField field_of(const std::string& word) {
  if (word == "real" || word == "double") return MmField::real;
  if (word == "integer" || word == "unsigned-integer") return MmField::integer;
  if (word == "pattern") return MmField::pattern;
  if (word == "complex") refuse("field", word, "weights are real numbers: write their real part or magnitude");
  refuse("field", word, "write 'real', 'integer' or 'pattern'");
}

MmSymmetry symmetry_of(const std::string& word) {
  if (word == "general") return MmSymmetry::general;
  if (word == "symmetric") return MmSymmetry::symmetric;
  if (word == "skew-symmetric") return MmSymmetry::skew;
  if (word == "hermitian") refuse("symmetry", word, "weights are real numbers: write 'symmetric'");
  refuse("symmetry", word, "write 'general', 'symmetric' or 'skew-symmetric'");
}

/// Values in a column of a dense file that lie at or below the diagonal (general: all of them).
std::int64_t first_stored_row(const MmHeader& header, GlobalIndex column) {
  if (header.symmetry == MmSymmetry::general) return 0;
  return header.diagonal ? column : column + 1;
}

/// Row and column of value number `number` of a dense file; the row may be the one behind the last.
std::pair<GlobalIndex, GlobalIndex> dense_place(const MmHeader& header, std::int64_t number) {
  if (header.symmetry == MmSymmetry::general && header.n > 0) return {number % header.n, number / header.n};
  for (GlobalIndex column = 0; column < header.n; ++column) {
    const auto row = first_stored_row(header, column);
    if (number < header.n - row) return {row + number, column};
    number -= header.n - row;
  }
  return {first_stored_row(header, header.n), header.n};
}

void put(Triplets& entries, GlobalIndex row, GlobalIndex column, double weight) {
  entries.row.push_back(row);
  entries.column.push_back(column);
  entries.weight.push_back(weight);
}

/// The number with Fortran's D in place of e; empty where there is none.
std::string without_fortran(std::string_view number) {
  const auto letter = number.find_first_of("dD");
  if (letter == number.npos || letter == 0) return {};
  std::string text(number);
  text[letter] = 'e';
  return text;
}

/// @throws LineError for what is no text with lines: compressed, or with line ends of its own.
void check_first_line(std::string_view line) {
  if (line.starts_with("\x1f\x8b")) {
    throw LineError(1, "is compressed by gzip: give the file a name that ends in .mtx.gz, or uncompress it");
  }
  const auto inner = line.substr(0, line.empty() ? 0 : line.size() - 1);
  if (inner.find('\r') == inner.npos) return;
  throw LineError(1, "its lines end with carriage returns alone: convert them (tr '\\r' '\\n' <FILE >NEW.mtx)");
}
}  // namespace

std::int64_t dense_values(const MmHeader& header) {
  const auto n = header.n;
  if (header.symmetry == MmSymmetry::general) return n * n;
  return header.diagonal ? n * (n + 1) / 2 : n * (n - 1) / 2;
}

std::string_view take_word(std::string_view& line) noexcept {
  std::size_t begin = 0;
  while (begin < line.size() && is_blank(line[begin])) ++begin;
  std::size_t end = begin;
  while (end < line.size() && !is_blank(line[end])) ++end;
  const auto word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

double parse_value(std::string_view text) {
  const auto number = without_plus(text);
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code == std::errc::invalid_argument || end != number.data() + number.size()) {
    if (const auto with_e = without_fortran(number); !with_e.empty()) return parse_value(with_e);
    throw LineError(0, fmt::format("{} is not a number", in_quotes(text)));
  }
  if (code == std::errc::result_out_of_range) return value_out_of_range(number);
  if (std::isnan(value)) throw LineError(0, fmt::format("value {} is not a number (NaN)", in_quotes(text)));
  if (std::isinf(value)) throw LineError(0, fmt::format("value {} is infinite", in_quotes(text)));
  return value;
}

std::int64_t parse_integer(std::string_view text) {
  const auto number = without_plus(text);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code == std::errc::result_out_of_range) {
    throw LineError(0, fmt::format("{} does not fit into 64 bits", in_quotes(text)));
  }
  if (code != std::errc() || end != number.data() + number.size()) {
    throw LineError(0, fmt::format("{} is not an integer", in_quotes(text)));
  }
  return value;
}

// ---- header

bool MmHeaderParser::take(std::string_view line) {
  ++header_.lines;
  if (line.size() > tuning::kLongestLine) {
    throw LineError(header_.lines,
                    fmt::format("is longer than {} bytes: this is no Matrix Market file", tuning::kLongestLine));
  }
  if (header_.lines == 1) {
    take_banner(line);
    return false;
  }
  auto rest = line;
  const auto word = take_word(rest);
  if (word.empty() || word[0] == '%') return false;
  take_sizes(line);
  return true;
}

void MmHeaderParser::end() const {
  if (header_.lines == 0) throw LineError(1, "the file is empty: a Matrix Market file starts with %%MatrixMarket");
  throw LineError(header_.lines + 1, "the file ends before the size line (truncated): get the file again");
}

void MmHeaderParser::take_banner(std::string_view line) {
  line = without_byte_order_mark(line);
  check_first_line(line);
  const std::string_view whole = line;
  if (lower(take_word(line)) != "%%matrixmarket") {
    throw LineError(1, fmt::format("{} is no Matrix Market banner: the first line must read "
                                   "'%%MatrixMarket matrix coordinate real general' or similar",
                                   in_quotes(whole)));
  }
  const auto object = lower(take_word(line)), format = lower(take_word(line)), field = lower(take_word(line)),
             symmetry = lower(take_word(line));
  if (object != "matrix") refuse("object", object, "only 'matrix' is");
  if (format != "coordinate" && format != "array") refuse("format", format, "write 'coordinate' or 'array'");
  header_.dense = format == "array";
  header_.field = field_of(field);
  if (header_.dense && field == "pattern") refuse("field", field, "an 'array' file has values");
  header_.symmetry = symmetry_of(symmetry);
  if (header_.field == MmField::pattern && header_.symmetry == MmSymmetry::skew) {
    refuse("symmetry", symmetry, "a pattern has no signs: write 'general'");
  }
  if (!take_word(line).empty()) throw LineError(1, "has more than five words: remove what follows the symmetry");
}

void MmHeaderParser::take_sizes(std::string_view line) {
  const auto at = header_.lines;
  const auto number = [&](std::string_view name) {
    const auto word = take_word(line);
    if (word.empty()) throw LineError(at, fmt::format("the size line lacks the number of {}", name));
    try {
      return parse_integer(word);
    } catch (const LineError& e) {
      throw LineError(at, fmt::format("number of {} in the size line: {}", name, e.what()));
    }
  };
  const auto rows = number("rows"), columns = number("columns");
  header_.entries = header_.dense ? 0 : number("entries");
  if (!take_word(line).empty()) throw LineError(at, "the size line has more numbers than it should");
  if (rows < 0 || columns < 0 || header_.entries < 0) throw LineError(at, "a number in the size line is negative");
  if (rows != columns) {
    throw LineError(
        at, fmt::format("the matrix is {} x {}, not square: a recurrent network has as many rows as columns", rows,
                        columns));
  }
  header_.n = rows;
  if (!header_.dense) return;
  if (rows > (GlobalIndex{1} << 31)) throw LineError(at, fmt::format("a dense matrix of {} rows is too large", rows));
  header_.entries = dense_values(header_);
}

// ---- entries

void MmEntryParser::fail(const std::string& what) const { throw LineError(lines_ + 1, what + ": correct the line"); }

void MmEntryParser::take(std::string_view text) {
  while (!text.empty() && count_ <= header_.entries) {  // beyond that only the verdict "too many" is left
    const auto line = take_line(text);
    if (line.size() > tuning::kLongestLine) fail(fmt::format("is longer than {} bytes", tuning::kLongestLine));
    take_entry(line);
    ++lines_;
  }
}

void MmEntryParser::take_entry(std::string_view line) {
  while (!line.empty() && is_blank(line[0])) line.remove_prefix(1);
  if (line.empty() || line[0] == '%') return;
  if (header_.dense) {
    entries_->weight.push_back(value_of(take_word(line)));
    if (const auto more = take_word(line); !more.empty()) fail("has something after the value: " + in_quotes(more));
  } else {
    const auto row = take_index(line, "row index"), column = take_index(line, "column index");
    const auto weight = header_.field == MmField::pattern ? 1.0 : take_weight(line);
    if (const auto more = take_word(line); !more.empty()) fail("has something after the entry: " + in_quotes(more));
    push(row, column, weight);
  }
  ++count_;
}

double MmEntryParser::value_of(std::string_view word) const {
  try {
    return parse_value(word);
  } catch (const LineError& e) {
    fail(e.what());
  }
}

GlobalIndex MmEntryParser::take_index(std::string_view& line, std::string_view name) const {
  const auto word = take_word(line);
  if (word.empty()) fail(fmt::format("lacks the {} (truncated?)", name));
  std::int64_t value = 0;
  try {
    value = parse_integer(word);
  } catch (const LineError& e) {
    fail(fmt::format("{}: {}", name, e.what()));
  }
  if (value < 1 || value > header_.n) {
    fail(fmt::format("{} {} is outside 1..{}{}", name, value, header_.n,
                     value == 0 ? " (Matrix Market counts from 1)" : ""));
  }
  return value - 1;
}

double MmEntryParser::take_weight(std::string_view& line) const {
  const auto word = take_word(line);
  if (word.empty()) fail("lacks the value (truncated, or a pattern file whose banner says otherwise)");
  if (header_.field == MmField::integer && !is_integer_text(word)) {
    fail(fmt::format("value {} is not an integer, which the banner announces", in_quotes(word)));
  }
  return value_of(word);
}

void MmEntryParser::push(GlobalIndex row, GlobalIndex column, double weight) {
  put(*entries_, row, column, weight);
  if (header_.symmetry == MmSymmetry::general) return;
  if (column > row && above_ == 0) above_ = lines_ + 1;
  if (column < row && below_ == 0) below_ = lines_ + 1;
  const bool skew = header_.symmetry == MmSymmetry::skew;
  if (row != column) put(*entries_, column, row, skew ? -weight : weight);
  if (row == column && skew && weight != 0) {
    fail(fmt::format("diagonal entry ({0}, {0}) of a skew-symmetric matrix must be zero", row + 1));
  }
}

void place_dense_values(const MmHeader& header, std::int64_t first, Triplets& entries) {
  auto [row, column] = dense_place(header, first);
  const auto values = std::move(entries.weight);
  entries = {};
  const bool mirror = header.symmetry != MmSymmetry::general;
  const double sign = header.symmetry == MmSymmetry::skew ? -1 : 1;
  for (const double value : values) {
    while (row >= header.n) row = first_stored_row(header, ++column);
    if (row == column && header.symmetry == MmSymmetry::skew && value != 0) {
      throw LineError(0, fmt::format("value {} at ({}, {}) of a skew-symmetric matrix, whose diagonal is zero: write "
                                     "'general'",
                                     value, row + 1, column + 1));
    }
    put(entries, row, column, value);
    if (mirror && row != column) put(entries, column, row, sign * value);
    ++row;
  }
}

}  // namespace synbal::io
