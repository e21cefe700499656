// Rows become ends and weights; what cannot be is refused with the line and the remedy.
#include "io/edges/edge_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "io/text/line_blocks.hpp"
#include "io/text/matrix_market_text.hpp"
#include "synbal/core/range.hpp"

namespace synbal::io {

namespace {
// What to do where a column holds no number, besides correcting the row.
constexpr const char* kOfWeight = "tell which column is which";
constexpr const char* kOfFilter = "compare what is no number with = or !=";

int sign_of_number(double value) { return value < 0 ? -1 : (value > 0 ? 1 : 0); }

/// Digits alone, few enough to be exact in a double.
bool small_integer(std::string_view text, double& value) noexcept {
  if (text.empty() || text.size() > 15) return false;
  std::int64_t number = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  value = static_cast<double>(number);
  return true;
}

/// 7.20575940628E+17: an id that went through a spreadsheet or a double.
bool is_rounded_id(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && text.find('.') != text.npos &&
         text.find_first_of("eE") != text.npos;
}

bool is_name_byte(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'; }
}  // namespace

int sign_of(std::string_view words, const std::vector<std::string>& inhibitory) {
  const auto word = lower(words);
  if (!inhibitory.empty()) return std::ranges::find(inhibitory, word) != inhibitory.end() ? -1 : 1;
  if (word == "-" || word == "i" || word == "inh" || word == "inhibitory") return -1;
  if (word == "+" || word == "e" || word == "exc" || word == "excitatory") return 1;
  const auto number = word.starts_with('+') ? std::string_view(word).substr(1) : std::string_view(word);
  double value = 0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  return code == std::errc() && end == number.data() + number.size() ? sign_of_number(value) : 0;
}

template <class Id>
EdgeRowParser<Id>::EdgeRowParser(const EdgeLayout& layout)
    : layout_(layout), splitter_(layout.separator), fields_(at(std::max(layout.columns, 1))) {}

template <class Id>
void EdgeRowParser<Id>::fail(const std::string& what) const {
  throw LineError(lines_ + 1, what);
}

template <class Id>
void EdgeRowParser<Id>::take(std::string_view& text, EdgeBatch<Id>& batch, std::size_t room) {
  splitter_.forget();
  while (!text.empty() && batch.weight.size() < room) {
    const auto line = take_line(text);
    if (line.size() > tuning::kLongestLine)
      fail(fmt::format("is longer than {} bytes: correct the file", tuning::kLongestLine));
    if (!says_nothing(line)) take_row(line, batch);
    ++lines_;
  }
}

template <class Id>
void EdgeRowParser<Id>::take_row(std::string_view line, EdgeBatch<Id>& batch) {
  check_width(splitter_.split(line, true, fields_), line);
  ++rows_;
  for (const auto& filter : layout_.filters) {
    if (!passes(filter)) return;
  }
  const auto source = id_in(layout_.source), target = id_in(layout_.target);
  batch.weight.push_back(weight_of_row());
  batch.source.push_back(source);
  batch.target.push_back(target);
  ++taken_;
}

template <class Id>
void EdgeRowParser<Id>::check_width(std::size_t count, std::string_view line) const {
  if (count == at(layout_.columns)) return;
  if (count == FieldSplitter::kUnclosed) {
    fail("a quote is not closed on this line: correct it (line breaks within fields cannot be read)");
  }
  if (count == FieldSplitter::kTrailing)
    fail("has something between a closing quote and the separator: correct the quotes");
  const bool decimal = layout_.separator == ',' && count > at(layout_.columns);
  fail(fmt::format(
      "has {} fields where the first row has {}: {} ({})", count, layout_.columns,
      decimal ? "quote fields that contain commas, and write 1.5 instead of 1,5" : "correct the row (truncated?)",
      in_quotes(line)));
}

template <class Id>
bool EdgeRowParser<Id>::passes(const RowFilter& filter) const {
  using Test = RowFilter::Test;
  const auto text = field(filter.column);
  switch (filter.test) {
    case Test::equal:
      return std::ranges::find(filter.values, text) != filter.values.end();
    case Test::differs:
      return text != filter.values.front();
    case Test::at_least:
      return value_in(filter.column, kOfFilter) >= filter.number;
    case Test::at_most:
      return value_in(filter.column, kOfFilter) <= filter.number;
  }
  return false;
}

template <class Id>
Id EdgeRowParser<Id>::id_in(int column) const {
  const auto text = field(column);
  if constexpr (std::is_same_v<Id, std::int64_t>) {
    std::int64_t id = 0;
    if (plain_integer(text, id)) return id;
    throw NamesFound{};
  } else {
    const auto name = [&] { return layout_.name_of(column); };  // of failures alone
    if (text.empty()) fail(fmt::format("the neuron in {} is empty: give every neuron an id or a name", name()));
    if (text.size() > kLongestName)
      fail(fmt::format("the neuron in {} has a name of {} bytes: at most {} fit", name(), text.size(), kLongestName));
    if (!std::ranges::all_of(text, is_name_byte))
      fail(fmt::format("the name {} in {} has control characters: remove them", in_quotes(text), name()));
    if (is_rounded_id(text)) {
      fail(fmt::format("the id {} in {} was rounded (by a spreadsheet, or as a double): export ids as integers or text",
                       in_quotes(text), name()));
    }
    return text;
  }
}

template <class Id>
double EdgeRowParser<Id>::value_in(int column, const char* remedy) const {
  const auto text = field(column);
  double value = 0;
  if (small_integer(text, value)) return value;
  const auto name = [&] { return layout_.name_of(column); };  // of failures alone
  if (text.empty()) fail(fmt::format("{} is empty: give every row a number there", name()));
  try {
    return parse_value(text);
  } catch (const LineError& e) {
    const bool comma = text.find(',') != text.npos && text.find_first_not_of("0123456789+-,eE.") == text.npos;
    fail(comma ? fmt::format("{} is {}, with a decimal comma: write a point (1.5)", name(), in_quotes(text))
               : fmt::format("{}: {}: correct the row, or {}", name(), e.what(), remedy));
  }
}

template <class Id>
double EdgeRowParser<Id>::weight_of_row() const {
  const double weight = layout_.weight == EdgeLayout::kNone ? 1.0 : value_in(layout_.weight, kOfWeight);
  return layout_.sign == EdgeLayout::kNone ? weight : signed_weight(weight);
}

template <class Id>
double EdgeRowParser<Id>::signed_weight(double weight) const {
  const auto words = field(layout_.sign);
  const int sign = sign_of(words, layout_.inhibitory);
  if (sign == 0) {
    fail(fmt::format(
        "{} is {}, which says neither excitatory nor inhibitory (E, I, +, -, 1, -1): tell the words that mean "
        "inhibitory with {}",
        layout_.name_of(layout_.sign), in_quotes(words), parameter("inhibitory")));
  }
  if (sign > 0 && weight < 0) {
    fail(fmt::format("the weight {} is negative, but {} says excitatory: give magnitudes where signs have a column",
                     weight, layout_.name_of(layout_.sign)));
  }
  return sign > 0 ? weight : -std::abs(weight);
}

template class EdgeRowParser<std::int64_t>;
template class EdgeRowParser<std::string_view>;

}  // namespace synbal::io
