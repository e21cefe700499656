// A scanner for the one Python literal that a header holds: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
#include "io/numpy/npy_header.hpp"

#include <fmt/format.h>

#include <charconv>

#include "io/arrays/number_type.hpp"
#include "synbal/core/error.hpp"

namespace synbal::io {

namespace {
constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = std::size_t{1}
                                       << 20;  // bytes; numpy itself reads no more than 10,000 by default

class Scanner {
 public:
  Scanner(std::string_view where, std::string_view text) : where_(where), rest_(text) {}

  NpyHeader dictionary() {
    NpyHeader header;
    expect('{');
    while (!take('}')) {
      const auto key = text();
      expect(':');
      entry(key, header);
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    if (found_ != 7) throw damaged("one of descr, fortran_order and shape is missing");
    return header;
  }

 private:
  [[nodiscard]] Error damaged(std::string_view why) const {
    return bad_input(fmt::format("{} has a damaged .npy header ({}): write it again with numpy.save", where_, why));
  }
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) throw damaged(fmt::format("'{}' is missing", c));
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string text() {
    skip_blanks();
    const char quote = rest_.empty() ? ' ' : rest_[0];
    if (quote != '\'' && quote != '"') throw damaged("a word in quotes is missing");
    const auto end = rest_.find(quote, 1);
    if (end == rest_.npos) throw damaged("a quote is not closed");
    std::string word(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return word;
  }
  void entry(const std::string& key, NpyHeader& header) {
    if (key == "descr") {
      found_ |= 1;
      header.type = type();
    } else if (key == "fortran_order") {
      found_ |= 2;
      header.by_columns = truth();
    } else if (key == "shape") {
      found_ |= 4;
      header.shape = sizes();
    } else {
      throw damaged("it has an unknown key");
    }
  }
  /// A name, or a list of fields, which is skipped.
  std::string type() {
    skip_blanks();
    if (rest_.empty() || rest_[0] != '[') return text();
    int depth = 0;
    do {
      if (rest_.empty()) throw damaged("a bracket is not closed");
      depth += rest_[0] == '[' ? 1 : rest_[0] == ']' ? -1 : 0;
      rest_.remove_prefix(1);
    } while (depth > 0);
    return {};
  }
  bool truth() {
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    throw damaged("fortran_order is neither True nor False");
  }
  std::vector<std::int64_t> sizes() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!take(')')) {
      shape.push_back(size());
      if (!elements_of(shape)) throw damaged("its shape is impossible");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }
  std::int64_t size() {
    skip_blanks();
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 0) throw damaged("its shape is impossible");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    take_word("L");  // Python 2 wrote long integers so
    return value;
  }

  std::string_view where_, rest_;
  int found_ = 0;
};
}  // namespace

std::int64_t NpyHeader::elements() const noexcept {
  std::int64_t product = 1;
  for (const auto size : shape) product *= size;
  return product;
}

std::size_t npy_header_size(std::string_view where, std::span<const char> start) {
  const std::string_view bytes(start.data(), start.size());
  if (start.size() < 10 || !bytes.starts_with(kNpyMagic)) {
    throw bad_input(
        fmt::format("{} is no .npy array (its first bytes are not \\x93NUMPY): write it with numpy", where));
  }
  const auto byte = [&](std::size_t k) { return static_cast<std::size_t>(static_cast<unsigned char>(start[k])); };
  const auto version = byte(6);
  if (version < 1 || version > 3 || (version > 1 && start.size() < 12)) {
    throw bad_input(fmt::format("{} has an unknown .npy version {}: write it again with numpy.save", where, version));
  }
  const auto length =
      version == 1 ? byte(8) + (byte(9) << 8) : byte(8) + (byte(9) << 8) + (byte(10) << 16) + (byte(11) << 24);
  if (length > kLongestHeader) {
    throw bad_input(fmt::format("{} announces a .npy header of {} bytes (damaged): get the file again", where, length));
  }
  return (version == 1 ? 10 : 12) + length;
}

NpyHeader parse_npy_header(std::string_view where, std::span<const char> header) {
  const auto size = npy_header_size(where, header.first(std::min(header.size(), kNpyStart)));
  if (header.size() < size) {
    throw bad_input(fmt::format("{} ends within its .npy header (truncated): get the file again", where));
  }
  const std::size_t begin = header[6] == 1 ? 10 : 12;
  auto parsed = Scanner(where, {header.data() + begin, size - begin}).dictionary();
  parsed.data = size;
  return parsed;
}

std::string npy_header(std::string_view type, const std::vector<std::int64_t>& shape, bool by_columns) {
  std::string sizes;
  for (const auto size : shape) sizes += fmt::format("{}{}", size, shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);
  auto text = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}", type,
                          by_columns ? "True" : "False", sizes);
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 10, ' ');  // elements begin at a multiple of 64 bytes
  text.back() = '\n';
  std::string header(kNpyMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 255);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace synbal::io
