// Every rank parses the lines that start in its share of the bytes; the first failure in the file is told.
#include "io/text/number_lines.hpp"

#include <fmt/format.h>

#include <optional>

#include "io/text/line_blocks.hpp"
#include "io/text/matrix_market_text.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {

template <class T>
class NumberParser {
 public:
  explicit NumberParser(const LineRule& rule) : rule_(rule) { part_.per_line = rule.per_line; }

  /// Everything up to the first failure, which is kept.
  void take_all(const Comm& comm, const InputFile& file) {
    auto blocks = lines_of(file, own_lines(file, 0, comm.rank(), comm.size()));
    try {
      for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
        while (!text.empty()) take(take_line(text));
      }
    } catch (const LineError& e) {
      failure_ = e.what();
    }
  }

  [[nodiscard]] std::int64_t lines() const noexcept { return lines_; }
  [[nodiscard]] const std::optional<std::string>& failure() const noexcept { return failure_; }
  NumberLines<T>& part() noexcept { return part_; }

 private:
  void take(std::string_view text) {
    ++lines_;
    if (text.size() > tuning::kLongestLine) throw LineError(lines_, "is too long");
    auto rest = text.substr(0, text.find('#'));
    std::int64_t count = 0;
    for (auto word = take_number(rest); !word.empty(); word = take_number(rest), ++count) {
      if (rule_.per_line > 0 && count == rule_.per_line) {
        const auto* plural = rule_.per_line > 1 ? "s" : "";
        throw LineError(lines_, fmt::format("has something after the number{}: {}", plural, in_quotes(word)));
      }
      part_.values.push_back(parsed(word));
    }
    if (count > 0) end_row(count);
  }

  void end_row(std::int64_t count) {
    if (count < rule_.per_line) {
      throw LineError(lines_, fmt::format("has {} number(s), {} are needed", count, rule_.per_line));
    }
    if (part_.per_line == 0) part_.per_line = count;
    if (count != part_.per_line) {
      throw LineError(lines_, fmt::format("has {} numbers, but lines before it have {}: give every neuron the same "
                                          "number",
                                          count, part_.per_line));
    }
    ++part_.rows;
    part_.line.push_back(lines_);
  }

  T parsed(std::string_view word) const {
    try {
      if constexpr (std::is_same_v<T, double>) return parse_value(word);
      if constexpr (!std::is_same_v<T, double>) return parse_integer(word);
    } catch (const LineError& e) {
      throw LineError(lines_, fmt::format("{}{}", e.what(), rule_.remedy));
    }
  }

  std::string_view take_number(std::string_view& rest) const {
    while (rule_.commas && !rest.empty() && rest.find_first_not_of(", \t") > 0) rest.remove_prefix(1);
    const auto end = rule_.commas ? rest.find(',') : rest.npos;
    auto next = rest.substr(0, end);
    const auto word = take_word(next);
    rest.remove_prefix(static_cast<std::size_t>(next.data() - rest.data()));
    return word;
  }

  LineRule rule_;
  NumberLines<T> part_;
  std::int64_t lines_ = 0;
  std::optional<std::string> failure_;
};

/// Collective. Lines of all ranks have equally many numbers.
template <class T>
void agree_on_width(const Comm& comm, const std::string& path, NumberLines<T>& part) {
  const auto columns = comm.max(part.per_line);
  agreed(comm, [&] {
    if (part.rows == 0 || part.per_line == columns) return;
    throw bad_input(fmt::format("{}: some lines have {} numbers, others {}: give every neuron the same number", path,
                                part.per_line, columns));
  });
  part.per_line = columns;
}

}  // namespace

template <class T>
NumberLines<T> read_number_lines(const Comm& comm, const std::string& path, const LineRule& rule) {
  const auto file = agreed(comm, [&] { return InputFile(path); });
  NumberParser<T> parser(rule);
  agreed(comm, [&] { parser.take_all(comm, file); });
  const auto below = comm.sum_below(parser.lines());
  agreed(comm, [&] {
    if (parser.failure()) throw at_line(path, below + parser.lines(), *parser.failure());
  });
  auto part = std::move(parser.part());
  agree_on_width(comm, path, part);
  for (auto& l : part.line) l += below;
  return part;
}
template NumberLines<double> read_number_lines(const Comm&, const std::string&, const LineRule&);
template NumberLines<std::int64_t> read_number_lines(const Comm&, const std::string&, const LineRule&);

}  // namespace synbal::io
