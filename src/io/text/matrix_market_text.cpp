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

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

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
  if (std::isinf(value)) throw LineError(0, fmt::format("value {} is too large for a double (overflow)", quoted(text)));
  if (value == 0) {
    throw LineError(0, fmt::format("value {} is too small for a double (underflow), and would vanish", quoted(text)));
  }
  return value;
}

/// Values in a column of a dense file that lie at or below the diagonal (general: all of them).
std::int64_t first_stored_row(const MmHeader& header, GlobalIndex column) {
  if (header.symmetry == MmSymmetry::general) return 0;
  return header.symmetry == MmSymmetry::symmetric ? column : column + 1;
}

std::int64_t dense_values(const MmHeader& header) {
  const auto n = header.n;
  if (header.symmetry == MmSymmetry::general) return n * n;
  return header.symmetry == MmSymmetry::symmetric ? n * (n + 1) / 2 : n * (n - 1) / 2;
}
}  // namespace

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
    throw LineError(0, fmt::format("{} is not a number", quoted(text)));
  }
  if (code == std::errc::result_out_of_range) return value_out_of_range(number);
  if (std::isnan(value)) throw LineError(0, fmt::format("value {} is not a number (NaN)", quoted(text)));
  if (std::isinf(value)) throw LineError(0, fmt::format("value {} is infinite", quoted(text)));
  return value;
}

std::int64_t parse_integer(std::string_view text) {
  const auto number = without_plus(text);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (code == std::errc::result_out_of_range) {
    throw LineError(0, fmt::format("{} does not fit into 64 bits", quoted(text)));
  }
  if (code != std::errc() || end != number.data() + number.size()) {
    throw LineError(0, fmt::format("{} is not an integer", quoted(text)));
  }
  return value;
}

// ---- header

bool MmHeaderParser::take(std::string_view line) {
  ++header_.lines;
  if (line.size() > kLongestLine) {
    throw LineError(header_.lines, fmt::format("is longer than {} bytes: this is no Matrix Market file", kLongestLine));
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
  const std::string_view whole = line;
  if (lower(take_word(line)) != "%%matrixmarket") {
    throw LineError(1, fmt::format("{} is no Matrix Market banner: the first line must read "
                                   "'%%MatrixMarket matrix coordinate real general' or similar",
                                   quoted(whole)));
  }
  const auto object = lower(take_word(line)), format = lower(take_word(line)), field = lower(take_word(line)),
             symmetry = lower(take_word(line));
  const auto refuse = [](std::string_view what, const std::string& word, std::string_view remedy) {
    throw LineError(1, fmt::format("{} {} in the banner is not supported: {}", what, quoted(word), remedy));
  };
  if (object != "matrix") refuse("object", object, "only 'matrix' is");
  if (format != "coordinate" && format != "array") refuse("format", format, "write 'coordinate' or 'array'");
  header_.dense = format == "array";
  if (field == "complex") refuse("field", field, "weights are real numbers: write their real part or magnitude");
  if (field != "real" && field != "double" && field != "integer" && field != "pattern") {
    refuse("field", field, "write 'real', 'integer' or 'pattern'");
  }
  header_.field = field == "pattern" ? MmField::pattern : field == "integer" ? MmField::integer : MmField::real;
  if (header_.dense && field == "pattern") refuse("field", field, "an 'array' file has values");
  if (symmetry == "hermitian") refuse("symmetry", symmetry, "weights are real numbers: write 'symmetric'");
  if (symmetry != "general" && symmetry != "symmetric" && symmetry != "skew-symmetric") {
    refuse("symmetry", symmetry, "write 'general', 'symmetric' or 'skew-symmetric'");
  }
  header_.symmetry = symmetry == "general"     ? MmSymmetry::general
                     : symmetry == "symmetric" ? MmSymmetry::symmetric
                                               : MmSymmetry::skew;
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
    if (line.size() > kLongestLine) fail(fmt::format("is longer than {} bytes", kLongestLine));
    take_entry(line);
    ++lines_;
  }
}

void MmEntryParser::take_entry(std::string_view line) {
  while (!line.empty() && is_blank(line[0])) line.remove_prefix(1);
  if (line.empty() || line[0] == '%') return;
  if (!header_.dense) {
    take_coordinates(line);
  } else {
    const auto word = take_word(line);
    try {
      entries_->weight.push_back(parse_value(word));
    } catch (const LineError& e) {
      fail(e.what());
    }
    if (const auto more = take_word(line); !more.empty()) fail("has something after the value: " + quoted(more));
  }
  ++count_;
}

void MmEntryParser::take_coordinates(std::string_view line) {
  const auto index = [&](std::string_view name) {
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
  };
  const auto row = index("row index"), column = index("column index");
  double weight = 1;
  if (header_.field != MmField::pattern) {
    const auto word = take_word(line);
    if (word.empty()) fail("lacks the value (truncated, or a pattern file whose banner says otherwise)");
    if (header_.field == MmField::integer && !is_integer_text(word)) {
      fail(fmt::format("value {} is not an integer, which the banner announces", quoted(word)));
    }
    try {
      weight = parse_value(word);
    } catch (const LineError& e) {
      fail(e.what());
    }
  }
  if (const auto more = take_word(line); !more.empty()) fail("has something after the entry: " + quoted(more));
  push(row, column, weight);
}

void MmEntryParser::push(GlobalIndex row, GlobalIndex column, double weight) {
  const auto put = [this](GlobalIndex i, GlobalIndex j, double w) {
    entries_->row.push_back(i);
    entries_->column.push_back(j);
    entries_->weight.push_back(w);
  };
  put(row, column, weight);
  if (header_.symmetry == MmSymmetry::general) return;
  if (column > row) {
    fail(
        fmt::format("entry ({}, {}) lies above the diagonal (this symmetry mirrors what is below): store the lower "
                    "triangle only, or write 'general'",
                    row + 1, column + 1));
  }
  const bool skew = header_.symmetry == MmSymmetry::skew;
  if (row != column) put(column, row, skew ? -weight : weight);
  if (row == column && skew && weight != 0) {
    fail(fmt::format("diagonal entry ({0}, {0}) of a skew-symmetric matrix must be zero", row + 1));
  }
}

void place_dense_values(const MmHeader& header, std::int64_t first, Triplets& entries) {
  GlobalIndex column = 0, row = first_stored_row(header, 0);
  if (header.symmetry == MmSymmetry::general && header.n > 0) {
    column = first / header.n;
    row = first % header.n;
  } else {
    for (auto left = first; left > 0 && column < header.n;) {
      const auto length = header.n - first_stored_row(header, column);
      if (left < length) {
        row = first_stored_row(header, column) + left;
        break;
      }
      left -= length;
      row = first_stored_row(header, ++column);
    }
  }
  const auto values = std::move(entries.weight);
  entries = {};
  const bool mirror = header.symmetry != MmSymmetry::general;
  const double sign = header.symmetry == MmSymmetry::skew ? -1 : 1;
  const auto put = [&](GlobalIndex i, GlobalIndex j, double w) {
    entries.row.push_back(i);
    entries.column.push_back(j);
    entries.weight.push_back(w);
  };
  for (const double value : values) {
    while (row >= header.n) row = first_stored_row(header, ++column);
    put(row, column, value);
    if (mirror && row != column) put(column, row, sign * value);
    ++row;
  }
}

}  // namespace synbal::io
