// The parser of the rows of an edge list: text in, ends and weights out. Pure: no files, no ranks.
#pragma once

#include <string_view>
#include <vector>

#include "io/edges/edge_fields.hpp"
#include "io/edges/edge_layout.hpp"

namespace synbal::io {

/// Rows taken. Id is std::int64_t, or std::string_view: then valid as long as the text, until the next clear().
template <class Id>
struct EdgeBatch {
  std::vector<Id> source, target;
  std::vector<double> weight;

  void clear() {
    source.clear();
    target.clear();
    weight.clear();
  }
};

/// A row has an id that is no plain integer: all ids have to be read as names.
struct NamesFound {};

/// Whether words say inhibitory (-1) or excitatory (1): a number by its sign, else E, I, +, -, exc..., inh...; where
/// `inhibitory` lists words (in lower case), those and no others are. 0: nothing that is known.
[[nodiscard]] int sign_of(std::string_view words, const std::vector<std::string>& inhibitory);

/// Longest name of a neuron, in bytes: names go to HDF5 with equal room for each.
inline constexpr std::size_t kLongestName = 1024;

template <class Id>
class EdgeRowParser {
 public:
  explicit EdgeRowParser(const EdgeLayout& layout);

  /// Takes whole lines off the front of `text` until it is empty or `batch` has `room` rows.
  /// @throws LineError with the line counted over all text taken so far, NamesFound (for std::int64_t).
  void take(std::string_view& text, EdgeBatch<Id>& batch, std::size_t room);
  /// Lines taken completely, rows among them, and those of them that passed the conditions.
  [[nodiscard]] std::int64_t lines() const noexcept { return lines_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::int64_t taken() const noexcept { return taken_; }

 private:
  void take_row(std::string_view line, EdgeBatch<Id>& batch);
  void check_width(std::size_t count, std::string_view line) const;
  [[nodiscard]] bool passes(const RowFilter& filter) const;
  [[nodiscard]] Id id_in(int column) const;
  [[nodiscard]] double weight_of_row() const;
  [[nodiscard]] double value_in(int column, const char* remedy) const;
  [[nodiscard]] double signed_weight(double weight) const;
  [[nodiscard]] std::string_view field(int column) const noexcept { return fields_[at(column)]; }
  [[noreturn]] void fail(const std::string& what) const;

  EdgeLayout layout_;
  FieldSplitter splitter_;
  std::vector<std::string_view> fields_;
  std::int64_t lines_ = 0, rows_ = 0, taken_ = 0;
};

extern template class EdgeRowParser<std::int64_t>;
extern template class EdgeRowParser<std::string_view>;

}  // namespace synbal::io
