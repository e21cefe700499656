// Writing edge lists: a row for every synapse, ends called as the user calls them. Neurons without synapses get a row
// of weight 0 from themselves to themselves, so that they are there when the list is read again.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <numeric>

#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/nodes/node_lookup.hpp"
#include "io/text/text_output.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/route.hpp"
#include "synbal/io/names.hpp"

namespace synbal {
namespace io {

namespace {
/// A name as a field: in quotes where it would be misread.
void append_field(std::string& row, std::string_view name, char separator) {
  const bool plain = name.find_first_of("\"#;|") == name.npos && name.find(separator) == name.npos && !name.empty() &&
                     name.find(',') == name.npos && (separator != ' ' || name.find_first_of(" \t") == name.npos);
  if (plain) {
    row += name;
    return;
  }
  row += '"';
  for (const char c : name) {
    if (c == '"') row += '"';
    row += c;
  }
  row += '"';
}

/// Collective. Names of ghosts, asked of their owners.
Texts ghost_names(const Comm& comm, const Network& network) {
  const std::vector<GlobalIndex> ghosts(network.halo.ghosts().begin(), network.halo.ghosts().end());
  const Route route(comm, network.rows, ghosts);
  Texts answers;
  for (const auto g : route.send(ghosts)) answers.push_back(network.nodes.name[at(g - network.rows.first())]);
  return reply(route, answers);
}

/// Local columns as the user calls them.
class ColumnNames {
 public:
  /// Collective.
  ColumnNames(const Comm& comm, const Network& network)
      : names_(network.nodes.name), named_(comm.any(!names_.empty())) {
    if (named_) {
      ghosts_ = ghost_names(comm, network);
      return;
    }
    ids_.reserve(at(network.local_size()));
    for (LocalIndex i = 0; i < network.local_size(); ++i) ids_.push_back(id_of(network, i));
    ids_ = with_ghosts(network.halo, std::move(ids_));
  }

  void append(std::string& row, LocalIndex column, char separator) const {
    if (named_) {
      const auto owned = static_cast<LocalIndex>(names_.size());
      append_field(row, column < owned ? names_[at(column)] : ghosts_[at(column - owned)], separator);
      return;
    }
    std::array<char, 24> digits;
    row.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), ids_[at(column)]).ptr);
  }

 private:
  const Texts& names_;
  bool named_;
  Texts ghosts_;
  std::vector<std::int64_t> ids_;  // with ghosts
};

char separator_for(const std::string& path) {
  if (path.ends_with(".csv") || path.ends_with(".csv.gz")) return ',';
  return '\t';
}

/// Collective. 1 for owned neurons without any synapse, in or out.
std::vector<std::uint8_t> lonely(const Comm& comm, const Network& network) {
  std::vector<GlobalIndex> met;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    if (network.row_ptr[at(i)] < network.row_ptr[at(i) + 1]) met.push_back(network.rows.first() + i);
  }
  std::vector<std::uint8_t> heard(at(network.local_size() + network.halo.ghost_count()), 0);
  for (const auto column : network.column) heard[at(column)] = 1;
  for (std::size_t c = 0; c < heard.size(); ++c) {
    if (heard[c] != 0) met.push_back(network.global(static_cast<LocalIndex>(c)));
  }
  const std::vector<std::uint8_t> no(met.size(), 0);
  return Directory(comm, network.rows, met).reduce(no, 1, [](auto a, auto b) { return std::min(a, b); });
}

class RowFormatter {
 public:
  RowFormatter(const ColumnNames& names, char separator) : names_(names), separator_(separator) {}

  /// Shortest decimal digits that give the same double back.
  std::string_view row(LocalIndex source, LocalIndex target, double weight) {
    row_.clear();
    names_.append(row_, source, separator_);
    row_ += separator_;
    names_.append(row_, target, separator_);
    row_ += separator_;
    std::array<char, 32> digits;
    row_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), weight).ptr);
    return row_ += '\n';
  }

 private:
  const ColumnNames& names_;
  char separator_;
  std::string row_;
};

void write_ordered(const Comm& comm, const Network& network, const std::string& path) {
  const ColumnNames names(comm, network);
  const auto alone = lonely(comm, network);
  const char separator = separator_for(path);
  const TextLines rows = [&](const TakeText& take) {
    RowFormatter format(names, separator);
    if (comm.is_root()) take(separator == ',' ? "source,target,weight\n" : "source\ttarget\tweight\n");
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      if (alone[at(i)] != 0) take(format.row(i, i, 0));
      for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
        take(format.row(network.column[e], i, network.weight[e]));
      }
    }
  };
  if (path.ends_with(".gz")) return write_text_gz(comm, rows, path);
  write_text(comm, rows, path);
}
}  // namespace
}  // namespace io

void write_name_map(const Comm& comm, const Network& network, const std::string& path) {
  if (!path.ends_with(".csv") && !path.ends_with(".csv.gz")) {
    throw usage_error(path + ": a map of names is written as .csv or .csv.gz: give a name that ends so");
  }
  io::with_file_order(comm, network, [&](const Network& ordered) {
    const io::ColumnNames names(comm, ordered);
    const io::TextLines rows = [&](const io::TakeText& take) {
      if (comm.is_root()) take("name,index\n");
      std::string row;
      for (LocalIndex i = 0; i < ordered.local_size(); ++i) {
        row.clear();
        names.append(row, i, ',');
        take(row += fmt::format(",{}\n", ordered.rows.first() + i));
      }
    };
    if (path.ends_with(".gz")) return io::write_text_gz(comm, rows, path);
    io::write_text(comm, rows, path);
  });
}

namespace io {

void write_edge_list(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) { write_ordered(comm, ordered, path); });
}

}  // namespace io
}  // namespace synbal
