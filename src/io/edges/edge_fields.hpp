// Fields of a row of text, and the numbers in them: what runs for every row of an edge list, and knows nothing of
// edges.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>

namespace synbal::io {

[[nodiscard]] inline bool is_padding(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
  return text;
}

/// A row without anything to say: blank, or a comment.
[[nodiscard]] inline bool says_nothing(std::string_view line) noexcept {
  while (!line.empty() && is_padding(line.front())) line.remove_prefix(1);
  return line.empty() || line.front() == '#';
}

/// Eight digits at once, the first the lowest byte: pairs, then fours, then all are joined by a multiplication each.
/// False where one is no digit.
[[nodiscard]] inline bool eight_digits(const char* digits, std::uint64_t& value) noexcept {
  std::uint64_t v = 0;
  std::memcpy(&v, digits, sizeof v);
  constexpr std::uint64_t kHigh = 0xF0F0F0F0F0F0F0F0;
  if (((v & kHigh) | (((v + 0x0606060606060606) & kHigh) >> 4)) != 0x3333333333333333) return false;
  v = ((v & 0x0F0F0F0F0F0F0F0F) * 2561) >> 8;
  v = ((v & 0x00FF00FF00FF00FF) * 6553601) >> 16;
  value = ((v & 0x0000FFFF0000FFFF) * 42949672960001) >> 32;
  return true;
}

/// Whether `text` is an integer of 64 bits as a program would write it: no sign but -, no leading zeros. Only such ids
/// are numbers: "007" and "7" are two names.
[[nodiscard]] inline bool plain_integer(std::string_view text, std::int64_t& value) noexcept {
  constexpr std::size_t kMostDigits = 19;  // fewer than 2^64 in any case
  const bool negative = !text.empty() && text.front() == '-';
  const auto digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.size() > kMostDigits) return false;
  if (digits.front() == '0' && (negative || digits.size() > 1)) return false;
  std::uint64_t number = 0, eight = 0;
  std::size_t done = 0;
  for (; done + 8 <= digits.size(); done += 8) {
    if (!eight_digits(digits.data() + done, eight)) return false;
    number = number * 100'000'000 + eight;
  }
  for (const char c : digits.substr(done)) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return false;
    number = number * 10 + digit;
  }
  if (number > static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0)) return false;
  value = static_cast<std::int64_t>(negative ? 0 - number : number);
  return true;
}

/// Takes rows apart. Quoted fields ("a,b", and "" within for one quote) are unquoted; padding is cut on both sides.
class FieldSplitter {
 public:
  /// ' ' as separator means any run of blanks and tabs.
  explicit FieldSplitter(char separator) : separator_(separator) {}

  /// How many fields the row has; the first fields.size() of them are put there. With `quotes` false the row has none.
  /// Views are valid as long as the row and until forget(). Returns kUnclosed for a quote that is not closed, kTrailing
  /// for something between a closing quote and the separator.
  std::size_t split(std::string_view row, bool quotes, std::span<std::string_view> fields) {
    if (separator_ == ' ') row = trimmed(row);
    return quotes && row.find('"') != row.npos ? split_quoted(row, fields) : split_plain(row, fields);
  }
  /// Unquoted texts are no longer needed.
  void forget() { unquoted_.clear(); }

  static constexpr std::size_t kUnclosed = static_cast<std::size_t>(-1), kTrailing = static_cast<std::size_t>(-2);

 private:
  [[nodiscard]] bool separates(char c) const noexcept {
    return c == separator_ || (separator_ == ' ' && (c == '\t' || c == '\r'));
  }
  std::size_t split_plain(std::string_view row, std::span<std::string_view> fields) const;
  std::size_t split_blanks(std::string_view row, std::span<std::string_view> fields) const;
  std::size_t split_quoted(std::string_view row, std::span<std::string_view> fields);
  /// Takes a quoted field off the row, from its opening quote on; false when it is not closed.
  bool take_quoted(std::string_view& row, std::string_view& field);

  char separator_;
  std::deque<std::string> unquoted_;  // fields in which quotes were doubled
};

}  // namespace synbal::io
