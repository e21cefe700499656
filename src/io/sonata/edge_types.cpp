// A few lines of text.
#include "io/sonata/edge_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "io/input_file.hpp"
#include "io/text/line_blocks.hpp"

namespace synbal::io {

namespace {
constexpr ByteCount kLongestTable = ByteCount{64} << 20;  // bytes: a table has a line for every kind of synapse

/// The words of a line; quotes hold one together.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t k = 0; k < line.size();) {
    if (line[k] == ' ' || line[k] == '\t') {
      ++k;
      continue;
    }
    const bool is_quoted = line[k] == '"' || line[k] == '\'';
    const auto begin = is_quoted ? k + 1 : k;
    const auto end = is_quoted ? line.find(line[k], begin) : line.find_first_of(" \t", begin);
    words.push_back(line.substr(begin, std::min(end, line.size()) - begin));
    k = end >= line.size() ? line.size() : end + 1;
  }
  return words;
}

template <class T>
T number_in(const std::string& where, std::string_view word) {
  T value{};
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  bool good = error == std::errc() && rest == word.data() + word.size();
  if constexpr (std::is_same_v<T, double>) good = good && std::isfinite(value);
  if (!good)
    throw bad_input(fmt::format("{}: {} is no number: correct the table of edge types", where, in_quotes(word)));
  return value;
}

class Table {
 public:
  Table(std::string where, std::string_view header) : where_(std::move(where)), names_(words_of(header)) {
    id_ = place("edge_type_id"), weight_ = place("syn_weight"), synapses_ = place("nsyns");
    if (id_ == names_.size()) {
      throw bad_input(where_ + ": line 1 names no column edge_type_id: give the edge_types.csv of the SONATA network");
    }
  }

  void add(std::string_view line, std::int64_t number, EdgeTypes& types) const {
    const auto where = fmt::format("{}: line {}", where_, number);
    const auto words = words_of(line);
    if (words.empty()) return;
    if (words.size() != names_.size()) {
      throw bad_input(fmt::format("{} has {} words for {} columns: quote words with blanks in them", where,
                                  words.size(), names_.size()));
    }
    EdgeType type;
    if (has(words, weight_)) type.weight = number_in<double>(where, words[weight_]);
    if (has(words, synapses_)) type.synapses = number_in<double>(where, words[synapses_]);
    if (types.emplace(number_in<std::int64_t>(where, words[id_]), type).second) return;
    throw bad_input(
        fmt::format("{}: edge type {} is given twice: remove one of the lines", where, in_quotes(words[id_])));
  }

 private:
  [[nodiscard]] std::size_t place(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
  }
  static bool has(const std::vector<std::string_view>& words, std::size_t column) {
    return column < words.size() && words[column] != "NULL" && !words[column].empty();
  }

  std::string where_;
  std::vector<std::string_view> names_;
  std::size_t id_ = 0, weight_ = 0, synapses_ = 0;
};
}  // namespace

EdgeTypes parse_edge_types(const std::string& where, std::string_view text) {
  EdgeTypes types;
  std::optional<Table> table;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!table) {
      table.emplace(where, line);
    } else {
      table->add(line, number, types);
    }
  }
  if (!table) throw bad_input(where + ": is empty: give the edge_types.csv of the SONATA network");
  return types;
}

EdgeTypes read_edge_types(const std::string& path) {
  const InputFile file(path);
  if (file.size() > kLongestTable) throw bad_input(path + ": is too long for a table of edge types: check the name");
  std::vector<char> text(at(file.size()));
  text.resize(file.read(0, text));
  return parse_edge_types(path, {text.data(), text.size()});
}

}  // namespace synbal::io
