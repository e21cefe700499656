// Each rank parses the lines of its share of the file.
#include "io/edges/neuron_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "io/edges/edge_fields.hpp"
#include "io/edges/edge_rows.hpp"
#include "io/edges/id_numbers.hpp"
#include "io/text/line_blocks.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/range.hpp"

namespace synbal::io {

namespace {

/// Takes the fields of a line; `first` says that it is the first of the file, which may be a header.
using TakeFields = std::function<void(std::string_view name, std::string_view rest, std::int64_t line, bool first)>;

/// The first field and the second. Separators are tabs, else commas, else semicolons, else (`blanks`) blanks.
std::pair<std::string_view, std::string_view> two_fields(FieldSplitter& splitter, std::string_view line,
                                                         std::int64_t number) {
  std::array<std::string_view, 2> fields;
  const auto count = splitter.split(line, true, fields);
  if (count == FieldSplitter::kUnclosed || count == FieldSplitter::kTrailing) {
    throw LineError(number, "a quoted field does not end where it should: correct the quotes");
  }
  return {fields[0], count > 1 ? fields[1] : std::string_view()};
}

char separator_of(std::string_view line, bool blanks) {
  for (const char c : {'\t', ',', ';'}) {
    if (line.find(c) != line.npos) return c;
  }
  return blanks ? ' ' : ',';
}

/// Calls take() for the lines of this rank. @throws LineError with the line within them.
std::int64_t for_own_lines(const Comm& comm, const InputFile& file, bool blanks, const TakeFields& take) {
  auto blocks = lines_of(file, own_lines(file, 0, comm.rank(), comm.size()));
  std::int64_t lines = 0;
  for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
    while (!text.empty()) {
      auto line = trimmed(take_line(text));
      const bool first = comm.is_root() && lines == 0;
      ++lines;
      if (first) line = without_byte_order_mark(line);
      for (auto k = line.find('#', 1); k < line.size(); k = line.find('#', k + 1)) {  // a comment behind a name
        if (is_padding(line[k - 1])) line = trimmed(line.substr(0, k));
      }
      if (says_nothing(line)) continue;
      FieldSplitter splitter(separator_of(line, blanks));
      const auto [name, rest] = two_fields(splitter, line, lines);
      if (name.empty()) throw LineError(lines, "names no neuron: correct the line");
      if (name.size() > kLongestName) throw LineError(lines, "has too long a name: correct the line");
      take(name, rest, lines, first);
    }
  }
  return lines;
}

/// Collective. Lines of all ranks, failures with their place in the file.
NeuronLines read_lines(
    const Comm& comm, const std::string& path, bool blanks,
    const std::function<void(NeuronLines&, std::string_view, std::string_view, std::int64_t, bool)>& take) {
  const auto file = agreed(comm, [&] { return InputFile(path); });
  NeuronLines part;
  std::int64_t lines = 0;
  std::optional<LineError> failure;
  agreed(comm, [&] {
    try {
      lines = for_own_lines(comm, file, blanks,
                            [&](auto name, auto rest, auto line, bool first) { take(part, name, rest, line, first); });
    } catch (const LineError& e) {
      failure = e;
    }
  });
  const auto below = comm.sum_below(lines);
  agreed(comm, [&] {
    if (failure) throw at_line(path, below + failure->line(), failure->what());
  });
  for (auto& line : part.line) line += below;
  return part;
}

bool is_heading(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') plain += c;
  }
  constexpr std::array headings{"neuron",   "neurons", "neuronid", "neuronname", "id",   "name",   "node",     "nodeid",
                                "nodename", "rootid",  "ptrootid", "bodyid",     "cell", "cellid", "cellname", "gid"};
  return std::ranges::find(headings, plain) != headings.end();
}

void add(NeuronLines& part, std::string_view name, std::uint8_t mention, std::int64_t line) {
  part.name.push_back(name);
  part.mention.push_back(mention);
  part.line.push_back(line);
}
}  // namespace

NeuronLines read_neuron_list(const Comm& comm, const std::string& path) {
  return read_lines(comm, path, false, [](auto& part, auto name, auto, auto line, bool first) {
    if (!first || !is_heading(name)) add(part, name, mention::listed, line);
  });
}

NeuronLines read_neuron_pairs(const Comm& comm, const std::string& path) {
  return read_lines(comm, path, true, [](auto& part, auto name, auto other, auto line, bool) {
    if (other.empty()) throw LineError(line, "names one neuron, but a pair is needed: give two, with a comma between");
    add(part, name, mention::listed, line);
    add(part, other, mention::listed, line);
  });
}

NeuronLines read_sign_list(const Comm& comm, const std::string& path, const std::vector<std::string>& inhibitory) {
  return read_lines(comm, path, true, [&](auto& part, auto name, auto words, auto line, bool first) {
    if (first && is_heading(name)) return;
    const int sign = words.empty() ? -1 : sign_of(words, inhibitory);
    if (sign == 0) {
      throw LineError(line, fmt::format("{} says neither excitatory nor inhibitory (E, I, +, -, 1, -1): tell the words "
                                        "that mean inhibitory with {}",
                                        in_quotes(words), parameter("inhibitory")));
    }
    add(part, name, sign < 0 ? mention::inhibitory : mention::excitatory, line);
  });
}

}  // namespace synbal::io
