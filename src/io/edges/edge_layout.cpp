// Recognition of separator, header and columns.
#include "io/edges/edge_layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "io/edges/edge_fields.hpp"
#include "io/text/line_blocks.hpp"
#include "synbal/core/range.hpp"

namespace synbal::io {

namespace {
constexpr std::size_t kMostColumns = 4096;

// How programs that are known call these columns, in lower case and letters and digits alone.
constexpr std::array kSourceNames{
    "source",       "src",       "from",          "pre",        "presynaptic",       "prerootid",    "preptrootid",
    "preid",        "bodyidpre", "prebodyid",     "sourceid",   "sourcenode",        "sourceneuron", "sourcegid",
    "sourcenodeid", "preneuron", "presynapticid", "fromneuron", "presynapticneuron", "sender",       "senders",
    "neuron1",      "fromid",    "pregid",        "neuronpre",  "cellpre",           "precell"};
constexpr std::array kTargetNames{"target",
                                  "tgt",
                                  "to",
                                  "post",
                                  "postsynaptic",
                                  "postrootid",
                                  "postptrootid",
                                  "postid",
                                  "bodyidpost",
                                  "postbodyid",
                                  "targetid",
                                  "targetnode",
                                  "targetneuron",
                                  "targetgid",
                                  "targetnodeid",
                                  "postneuron",
                                  "postsynapticid",
                                  "toneuron",
                                  "postsynapticneuron",
                                  "receiver",
                                  "receivers",
                                  "neuron2",
                                  "toid",
                                  "postgid",
                                  "neuronpost",
                                  "cellpost",
                                  "postcell",
                                  "dst",
                                  "dest",
                                  "destination"};
constexpr std::array kWeightNames{"weight",       "weights",   "w",         "syncount", "synapses",
                                  "synapsecount", "nsyn",      "nsynapses", "count",    "strength",
                                  "value",        "synweight", "nsyns",     "nbr",      "size"};

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
  }
  return out;
}

template <std::size_t n>
int find_known(const std::vector<std::string>& names, const std::array<const char*, n>& known) {
  for (const auto* word : known) {
    const auto hit = std::ranges::find_if(names, [&](const auto& name) { return plain_name(name) == word; });
    if (hit != names.end()) return static_cast<int>(hit - names.begin());
  }
  return EdgeLayout::kNone;
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && code == std::errc() && end == text.data() + text.size();
}

bool is_id_number(std::string_view text) {
  std::int64_t value = 0;
  return plain_integer(text, value);
}

std::vector<std::string> fields_of(std::string_view row, char separator, std::int64_t line) {
  FieldSplitter splitter(separator);
  std::vector<std::string_view> fields(kMostColumns);
  const auto count = splitter.split(row, true, fields);
  if (count == FieldSplitter::kUnclosed || count == FieldSplitter::kTrailing) {
    throw LineError(line, "a quoted field does not end where it should: correct the quotes of this line");
  }
  if (count > kMostColumns) throw LineError(line, fmt::format("has more than {} columns", kMostColumns));
  return {fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// The first rows of a file that say something.
struct Head {
  struct Row {
    std::string_view text;
    std::int64_t line = 0;  ///< from 1
    ByteCount end = 0;      ///< bytes up to and including it
  };
  std::vector<Row> rows;
  ByteCount bytes_before = 0;  ///< a byte order mark
};

void check_encoding(std::string_view sample) {
  if (sample.starts_with("\xFF\xFE") || sample.starts_with("\xFE\xFF")) {
    throw LineError(1, "the file is text in UTF-16: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)");
  }
  if (sample.starts_with("\x1f\x8b")) {
    throw LineError(1, "the file is compressed with gzip: give it a name that ends in .gz");
  }
  if (sample.starts_with("PK\x03\x04")) {
    throw LineError(1, "the file is a zip archive or a spreadsheet: unpack it, or save it as comma-separated text");
  }
  if (sample.find('\0') != sample.npos) {
    throw LineError(1, "the file holds zero bytes, so it is no text: give a text file");
  }
  const auto cr = sample.find('\r');
  if (cr != sample.npos && sample.find('\n') == sample.npos && cr + 1 < sample.size()) {
    throw LineError(1, "lines end with a carriage return alone (an old Macintosh file): convert them (tr '\\r' '\\n')");
  }
}

/// Two rows are enough: what may be a header, and a row of data.
Head head_of(std::string_view sample, bool whole) {
  check_encoding(sample);
  Head head;
  auto text = without_byte_order_mark(sample);
  head.bytes_before = static_cast<ByteCount>(sample.size() - text.size());
  for (std::int64_t line = 1; !text.empty() && head.rows.size() < 2; ++line) {
    const bool complete = whole || text.find('\n') != text.npos;
    const auto row = take_line(text);
    if (!complete && head.rows.empty()) {
      throw LineError(line,
                      fmt::format("the first {} bytes hold no whole row: shorten comments and lines", sample.size()));
    }
    if (complete && !says_nothing(row))
      head.rows.push_back({row, line, static_cast<ByteCount>(sample.size() - text.size())});
  }
  return head;
}

char separator_given(const std::string& words, std::int64_t line) {
  if (words == "tab" || words == "\\t") return '\t';
  if (words == "comma") return ',';
  if (words == "semicolon") return ';';
  if (words == "blank" || words == "space") return ' ';
  if (words.size() != 1 || words == "\"" || words == "#" || words == "\n") {
    throw LineError(line, fmt::format("{} {} is no separator: give one character, or tab or blank",
                                      parameter("separator"), in_quotes(words)));
  }
  return words[0];
}

/// That of the first row, outside of quotes. Semicolons before commas, which may be decimal.
char separator_in(const Head::Row& row, bool tabs) {
  std::array<bool, 256> seen{};
  bool inside = false;
  for (const char c : trimmed(row.text)) {
    if (c == '"') inside = !inside;
    if (!inside) seen[static_cast<unsigned char>(c)] = true;
  }
  if (tabs && seen['\t']) return '\t';
  for (const char c : {'\t', ';', ',', '|', ' '}) {
    if (seen[static_cast<unsigned char>(c)]) return c == '\t' && seen[','] && !tabs ? ',' : c;
  }
  throw LineError(row.line, fmt::format("{} is one field alone, but a row has a source and a target: tell the {}",
                                        in_quotes(trimmed(row.text)), parameter("separator")));
}

class Recogniser {
 public:
  Recogniser(const Head& head, const EdgeListOptions& options, bool tabs) : head_(head), options_(options) {
    const auto& first = head.rows.front();
    layout_.separator =
        options.separator.empty() ? separator_in(first, tabs) : separator_given(options.separator, first.line);
    first_ = fields_of(first.text, layout_.separator, first.line);
    if (head.rows.size() > 1) second_ = fields_of(head.rows[1].text, layout_.separator, head.rows[1].line);
    layout_.columns = static_cast<int>(first_.size());
  }

  EdgeLayout run() {
    take_header();
    take_ends();
    take_weight();
    if (options_.sign_column) layout_.sign = column(*options_.sign_column, "sign-column");
    take_inhibitory();
    for (const auto& words : options_.where) take_filter(words);
    look_at_ids();
    return std::move(layout_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw LineError(head_.rows.front().line, what); }

  void take_header() {
    const bool header =
        options_.header == Header::recognised ? looks_like_header() : options_.header == Header::present;
    layout_.head_bytes = head_.bytes_before;
    if (!header) return;
    layout_.names = first_;
    layout_.head_lines = head_.rows.front().line, layout_.head_bytes = head_.rows.front().end;
    layout_.empty = head_.rows.size() < 2;
  }

  [[nodiscard]] bool looks_like_header() const {
    if (std::ranges::any_of(first_, is_number)) return false;  // no column is called by a number
    if (find_known(first_, kSourceNames) >= 0 || find_known(first_, kTargetNames) >= 0) return true;
    for (const auto& named : {options_.source, options_.target, options_.weight, options_.sign_column}) {
      if (named && std::ranges::find(first_, *named) != first_.end()) return true;
    }
    return std::ranges::any_of(second_, is_number);
  }

  [[nodiscard]] std::string all_names() const {
    if (layout_.names.empty()) return fmt::format("the rows have {} columns and no header", layout_.columns);
    std::vector<std::string> shown;
    for (const auto& name : layout_.names) shown.push_back(in_quotes(name));
    return fmt::format("the columns are {}", fmt::join(shown, ", "));
  }

  [[nodiscard]] std::optional<int> find_column(std::string_view words) const {
    const auto& names = layout_.names;
    auto hit = std::ranges::find(names, words);
    if (hit == names.end()) {
      hit = std::ranges::find_if(names,
                                 [&](const auto& n) { return !words.empty() && plain_name(n) == plain_name(words); });
    }
    if (hit != names.end()) return static_cast<int>(hit - names.begin());
    std::int64_t number = 0;
    if (plain_integer(words, number) && number >= 1 && number <= layout_.columns) return static_cast<int>(number) - 1;
    return std::nullopt;
  }

  [[nodiscard]] int column(std::string_view words, const char* name) const {
    if (const auto found = find_column(words)) return *found;
    fail(fmt::format("{} {}: there is no such column ({}): give one of these names, or a number from 1",
                     parameter(name), in_quotes(words), all_names()));
  }

  void take_ends() {
    const bool nameless = layout_.names.empty();
    layout_.source = options_.source ? column(*options_.source, "source-column")
                     : nameless      ? 0
                                     : find_known(layout_.names, kSourceNames);
    layout_.target = options_.target ? column(*options_.target, "target-column")
                     : nameless      ? 1
                                     : find_known(layout_.names, kTargetNames);
    if (layout_.source < 0 || layout_.target < 0) {
      fail(fmt::format("which column is the {}synaptic neuron cannot be told ({}): say so with {}",
                       layout_.source < 0 ? "pre" : "post", all_names(),
                       parameter(layout_.source < 0 ? "source-column" : "target-column")));
    }
    if (layout_.columns < 2 || layout_.target >= layout_.columns)
      fail("has one column, but a row has a source and a target");
    if (layout_.source == layout_.target) {
      fail(fmt::format("{} would be source and target: give {} and {}", layout_.name_of(layout_.source),
                       parameter("source-column"), parameter("target-column")));
    }
  }

  void take_weight() {
    if (options_.weight && *options_.weight == "none") return;
    if (options_.weight) {
      layout_.weight = column(*options_.weight, "weight-column");
      return;
    }
    layout_.weight = find_known(layout_.names, kWeightNames);
    if (layout_.weight >= 0) return;
    const auto& row = layout_.names.empty() ? first_ : second_;
    const int third = third_column();
    if (third >= 0 && at(third) < row.size() && (layout_.names.empty() || is_number(row[at(third)])))
      layout_.weight = third;
  }

  /// The first column that is neither end, where it can only be the weight: rows without header, or of three columns.
  [[nodiscard]] int third_column() const {
    if (layout_.columns < 3 || (!layout_.names.empty() && layout_.columns > 3)) return EdgeLayout::kNone;
    int third = 0;
    while (third == layout_.source || third == layout_.target) ++third;
    return third;
  }

  void take_inhibitory() {
    for (const auto& words : options_.inhibitory) {
      std::string word;
      for (const char c : words + ',') {
        if (c != ',') word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (c == ',') layout_.inhibitory.emplace_back(trimmed(std::exchange(word, {})));
      }
    }
  }

  void take_filter(const std::string& words) {
    const auto sign = words.find('=');
    if (sign == words.npos || sign == 0) {
      fail(fmt::format("{} {} is no condition: write column=value, column!=value, column>=number or column<=number",
                       parameter("where"), in_quotes(words)));
    }
    RowFilter filter;
    auto end = sign;
    const char before = words[sign - 1];
    if (before == '!') filter.test = RowFilter::Test::differs, --end;
    if (before == '>') filter.test = RowFilter::Test::at_least, --end;
    if (before == '<') filter.test = RowFilter::Test::at_most, --end;
    filter.column = column(trimmed(std::string_view(words).substr(0, end)), "where");
    filter.values.emplace_back(trimmed(std::string_view(words).substr(sign + 1)));
    add(std::move(filter));
  }

  /// Equalities of one column stand for any of them.
  void add(RowFilter&& filter) {
    using Test = RowFilter::Test;
    const auto& value = filter.values.front();
    if (filter.test == Test::at_least || filter.test == Test::at_most) {
      if (!is_number(value)) fail(fmt::format("{}: {} is no number", parameter("where"), in_quotes(value)));
      std::from_chars(value.data(), value.data() + value.size(), filter.number);
    }
    const auto same = std::ranges::find_if(layout_.filters, [&](const RowFilter& f) {
      return f.column == filter.column && f.test == Test::equal && filter.test == Test::equal;
    });
    if (same == layout_.filters.end()) {
      layout_.filters.push_back(std::move(filter));
    } else {
      same->values.push_back(value);
    }
  }

  void look_at_ids() {
    const auto& row = layout_.names.empty() ? first_ : second_;
    const auto has = [&](int c) { return at(c) < row.size() && is_id_number(row[at(c)]); };
    layout_.numbers = layout_.empty || (has(layout_.source) && has(layout_.target));
  }

  const Head& head_;
  const EdgeListOptions& options_;
  std::vector<std::string> first_, second_;
  EdgeLayout layout_;
};

double bytes_a_row(std::string_view sample) {
  const auto lines = std::ranges::count(sample, '\n');
  return lines > 0 ? static_cast<double>(sample.size()) / static_cast<double>(lines) : 16;
}
}  // namespace

std::string EdgeLayout::name_of(int column) const {
  return names.empty() ? fmt::format("column {}", column + 1) : in_quotes(names[at(column)]);
}

EdgeLayout recognise_layout(std::string_view sample, bool whole, bool tabs, const EdgeListOptions& options) {
  const auto head = head_of(sample, whole);
  EdgeLayout layout;
  if (head.rows.empty()) {
    if (!whole) throw LineError(1, fmt::format("the first {} bytes are comments alone: shorten them", sample.size()));
    layout.empty = true, layout.head_bytes = static_cast<ByteCount>(sample.size());
    return layout;
  }
  layout = Recogniser(head, options, tabs).run();
  layout.bytes_a_row = bytes_a_row(sample);
  return layout;
}

std::string description_of(const EdgeLayout& layout, const EdgeListOptions& options) {
  auto words = fmt::format("from {} (presynaptic) to {} (postsynaptic), ", layout.name_of(layout.source),
                           layout.name_of(layout.target));
  words += layout.weight == EdgeLayout::kNone ? "every row weighs 1" : "weights in " + layout.name_of(layout.weight);
  if (layout.sign != EdgeLayout::kNone) words += ", signs in " + layout.name_of(layout.sign);
  if (options.sign) words += ", signs of neurons in " + *options.sign;
  return words;
}

}  // namespace synbal::io
