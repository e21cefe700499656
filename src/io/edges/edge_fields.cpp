// Splitting: one pass over the letters of a row.
#include "io/edges/edge_fields.hpp"

#include <algorithm>

namespace synbal::io {

std::size_t FieldSplitter::split_plain(std::string_view row, std::span<std::string_view> fields) const {
  if (separator_ == ' ') return split_blanks(row, fields);
  for (std::size_t count = 0;;) {
    const auto* hit = static_cast<const char*>(row.empty() ? nullptr : std::memchr(row.data(), separator_, row.size()));
    const auto length = hit == nullptr ? row.size() : static_cast<std::size_t>(hit - row.data());
    if (count < fields.size()) fields[count] = trimmed(row.substr(0, length));
    ++count;
    if (hit == nullptr) return count;
    row.remove_prefix(length + 1);
  }
}

std::size_t FieldSplitter::split_blanks(std::string_view row, std::span<std::string_view> fields) const {
  for (std::size_t count = 0;;) {
    const auto length =
        static_cast<std::size_t>(std::ranges::find_if(row, [&](char c) { return separates(c); }) - row.begin());
    if (count < fields.size()) fields[count] = row.substr(0, length);
    ++count;
    row.remove_prefix(length);
    if (row.empty()) return count;
    while (!row.empty() && separates(row.front())) row.remove_prefix(1);
  }
}

bool FieldSplitter::take_quoted(std::string_view& row, std::string_view& field) {
  row.remove_prefix(1);
  auto end = row.find('"');
  if (end == row.npos) return false;
  field = row.substr(0, end);
  row.remove_prefix(end + 1);
  if (row.empty() || row.front() != '"') return true;
  std::string text(field);
  while (!row.empty() && row.front() == '"') {  // a doubled quote stands for one
    row.remove_prefix(1);
    end = row.find('"');
    if (end == row.npos) return false;
    text += '"';
    text += row.substr(0, end);
    row.remove_prefix(end + 1);
  }
  field = unquoted_.emplace_back(std::move(text));
  return true;
}

std::size_t FieldSplitter::split_quoted(std::string_view row, std::span<std::string_view> fields) {
  for (std::size_t count = 0;;) {
    while (!row.empty() && is_padding(row.front()) && row.front() != separator_) row.remove_prefix(1);
    std::string_view field;
    if (!row.empty() && row.front() == '"') {
      if (!take_quoted(row, field)) return kUnclosed;
      while (!row.empty() && is_padding(row.front()) && !separates(row.front())) row.remove_prefix(1);
      if (!row.empty() && !separates(row.front())) return kTrailing;
    } else {
      const auto end = static_cast<std::size_t>(
          std::find_if(row.begin(), row.end(), [&](char c) { return separates(c); }) - row.begin());
      field = row.substr(0, end);
      row.remove_prefix(end);
    }
    if (count < fields.size()) fields[count] = trimmed(field);
    ++count;
    if (row.empty()) return count;
    row.remove_prefix(1);
    while (separator_ == ' ' && !row.empty() && separates(row.front())) row.remove_prefix(1);
  }
}

}  // namespace synbal::io
