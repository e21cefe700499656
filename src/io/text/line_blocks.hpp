// Text in blocks of whole lines, from any source of bytes; and the byte range of a file that is one rank's share of
// lines.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "io/input_file.hpp"
#include "io/tuning.hpp"
#include "synbal/core/error.hpp"

namespace synbal::io {

/// What is wrong with a line, counted from 1 within the text that a parser was given.
class LineError : public std::runtime_error {
 public:
  LineError(std::int64_t line, const std::string& text) : std::runtime_error(text), line_(line) {}
  [[nodiscard]] std::int64_t line() const noexcept { return line_; }

 private:
  std::int64_t line_;
};

/// The error of a line of a file.
[[nodiscard]] inline Error at_line(const std::string& path, std::int64_t line, const std::string& what) {
  return bad_input(path + ": line " + std::to_string(line) + ": " + what);
}

/// Cuts a stream of bytes into blocks that end at a line end. Only the last block may lack a final newline; a block
/// that is one piece of a line longer than tuning::kLongestLine comes as it is, for the parser to refuse.
class LineBlocks {
 public:
  /// Fills a buffer with up to `size` bytes; fewer than asked only at the end.
  using Fill = std::function<std::size_t(char* into, std::size_t size)>;

  LineBlocks(Fill fill, std::size_t block_size) : fill_(std::move(fill)), block_size_(block_size) {}
  /// The next block, valid until the next call; empty at the end.
  std::string_view next();

 private:
  Fill fill_;
  std::size_t block_size_;
  std::vector<char> buffer_;
  std::size_t held_ = 0;      // bytes in the buffer
  std::size_t consumed_ = 0;  // of which were delivered
  bool at_end_ = false;
};

/// Takes the first line off `text`, without its newline and without a carriage return before it.
/// @pre text is not empty.
std::string_view take_line(std::string_view& text) noexcept;
/// Letters of ASCII alone.
std::string lower(std::string_view text);
/// A text without the mark of UTF-8 that some editors put before it.
std::string_view without_byte_order_mark(std::string_view text) noexcept;

/// Bytes [begin, end) of a file.
struct ByteRange {
  ByteCount begin = 0;
  ByteCount end = 0;
};

/// The lines that start in this rank's share of [data_begin, size): the ranges of all ranks join without overlap.
/// Not collective.
ByteRange own_lines(const InputFile& file, ByteCount data_begin, Rank rank, int ranks);

/// The lines that start in a range of a file, at `data_begin` or behind it. Not collective.
ByteRange lines_within(const InputFile& file, ByteCount data_begin, ByteRange range);

/// Blocks of whole lines of a range of a file, which must outlive them.
LineBlocks lines_of(const InputFile& file, ByteRange range, std::size_t block_size = tuning::kTextBlock);

/// Printable, shortened form of untrusted text for a message.
std::string in_quotes(std::string_view text);

}  // namespace synbal::io
