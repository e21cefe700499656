// Cutting text at line ends.
#include "io/text/line_blocks.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "synbal/core/interrupt.hpp"

namespace synbal::io {

namespace {
/// Place after the first newline at or behind `from`, or the end of the file.
ByteCount after_newline(const InputFile& file, ByteCount from) {
  std::array<char, 65536> block;
  while (from < file.size()) {
    const auto got = file.read(from, block);
    if (got == 0) break;
    if (const void* hit = std::memchr(block.data(), '\n', got)) {
      return from + (static_cast<const char*>(hit) - block.data()) + 1;
    }
    from += static_cast<ByteCount>(got);
  }
  return file.size();
}

ByteCount line_start(const InputFile& file, ByteCount data_begin, ByteCount at) {
  if (at <= data_begin) return data_begin;
  return at >= file.size() ? file.size() : after_newline(file, at - 1);
}
}  // namespace

std::string_view LineBlocks::next() {
  leave_if_asked();
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(held_), buffer_.begin());
  held_ -= std::exchange(consumed_, 0);
  for (;;) {
    const auto want = std::max(block_size_, 2 * held_);
    if (buffer_.size() < want) buffer_.resize(want);
    if (!at_end_) {
      const auto got = fill_(buffer_.data() + held_, buffer_.size() - held_);
      at_end_ = got < buffer_.size() - held_;
      held_ += got;
    }
    const std::string_view text(buffer_.data(), held_);
    const auto last = text.rfind('\n');
    if (at_end_ || held_ > tuning::kLongestLine) {
      consumed_ = at_end_ || last == text.npos ? held_ : last + 1;
    } else if (last != text.npos) {
      consumed_ = last + 1;
    } else {
      continue;
    }
    return text.substr(0, consumed_);
  }
}

std::string_view take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

ByteRange own_lines(const InputFile& file, ByteCount data_begin, Rank rank, int ranks) {
  const auto length = file.size() - data_begin;
  const auto edge = [&](int r) { return r == ranks ? file.size() : data_begin + length / ranks * r; };
  return lines_within(file, data_begin, {edge(rank), edge(rank + 1)});
}

ByteRange lines_within(const InputFile& file, ByteCount data_begin, ByteRange range) {
  return {line_start(file, data_begin, range.begin), line_start(file, data_begin, range.end)};
}

LineBlocks lines_of(const InputFile& file, ByteRange range, std::size_t block_size) {
  return {[&file, range](char* into, std::size_t size) mutable {
            const auto want = at(std::min<ByteCount>(static_cast<ByteCount>(size), range.end - range.begin));
            const auto got = file.read(range.begin, {into, want});
            range.begin += static_cast<ByteCount>(got);
            return got;
          },
          block_size};
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string out = "'";
  for (const char c : text.substr(0, kLongest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > kLongest ? "...'" : "'");
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

std::string_view without_byte_order_mark(std::string_view text) noexcept {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

}  // namespace synbal::io
