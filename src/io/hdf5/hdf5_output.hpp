// Writing of HDF5 files by all ranks: the structure is laid down by rank 0, the data by everybody at their places.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "io/hdf5/hdf5_file.hpp"
#include "io/output_file.hpp"
#include "io/tuning.hpp"

namespace synbal::io {

/// A text of variable length, where a layout that others made asks for it; otherwise texts have a fixed one, which no
/// damage of a file can make dangerous to read.
struct VariableText {
  std::string text;
};

using AttributeValue = std::variant<std::string, VariableText, std::int64_t, double, std::vector<std::int64_t>>;

/// That HDF5 did not do `what` to the file `path`.
[[nodiscard]] Error hdf5_refused(const std::string& path, const std::string& what);
/// A handle that HDF5 made. @throws Error io_failure.
Hid hdf5_made(hid_t raw, const std::string& path, const std::string& what);

/// Used in three steps: groups, attributes and datasets are declared, the same on all ranks; create() makes the file
/// with contiguous, allocated datasets; write() puts ranges of values to their places; finish() reads all back through
/// a new handle, compares checksums and renames. Data go to the offsets that HDF5 states (H5Dget_offset) with plain
/// positioned writes, since collective MPI-IO writes report success on a full disk.
class Hdf5Output {
 public:
  using DatasetId = std::size_t;

  /// The file is to end with a line that later tells of any change (seal.hpp), and says so in its attribute `sealed`.
  void seal();
  void group(const std::string& path) { groups_.push_back(path); }
  /// All groups above a dataset, those that are not declared yet.
  void groups_above(const std::string& dataset);
  void attribute(const std::string& object, const std::string& name, AttributeValue value);
  /// T: double, float, std::int64_t, std::int32_t, std::uint8_t.
  template <class T>
  DatasetId dataset(const std::string& path, std::int64_t length);
  /// Two-dimensional, [rows, width]; its elements are counted row after row. T: double, std::int64_t.
  template <class T>
  DatasetId table(const std::string& path, std::int64_t rows, std::int64_t width);
  /// Of any shape; its elements are counted with the last index running fastest. T: double, std::int64_t.
  template <class T>
  DatasetId array(const std::string& path, const std::vector<std::int64_t>& shape);

  /// Texts of at most `width` bytes each, padded with zeros (numpy's S type, in UTF-8); bytes are written as
  /// std::uint8_t, `width` a text.
  DatasetId texts(const std::string& path, std::int64_t length, std::int64_t width);

  /// Collective. @throws Error io_failure.
  void create(const Comm& comm, const std::string& path);
  /// Not collective; a failure is kept and told by finish().
  template <class T>
  void write(DatasetId dataset, std::int64_t first, std::span<const T> values) noexcept;
  /// Collective. @throws Error io_failure, the file at its final path untouched. `before_rename`: done by rank 0 when
  /// all is well and nothing but the name is missing.
  void finish(const std::function<void()>& before_rename = {});

  /// Where in the file a dataset's elements begin (0 for one without any); known after create().
  [[nodiscard]] ByteCount offset(DatasetId dataset) const { return datasets_[dataset].offset; }

 private:
  struct Declared {
    std::string path;
    hid_t type;
    std::vector<hsize_t> shape;
    std::int64_t offset;
    std::int64_t text_width = 0;  ///< bytes of a text; 0: the elements are numbers
    [[nodiscard]] std::int64_t length() const;
    [[nodiscard]] ByteCount bytes() const;
  };
  struct Attribute {
    std::string object, name;
    AttributeValue value;
  };
  struct Written {
    DatasetId dataset;
    std::int64_t first, count;
    std::uint32_t checksum;
  };

  [[nodiscard]] ByteCount expected_size() const;
  /// numbers: where each dataset lies, then the length of the file.
  void lay_down(const std::string& partial_path, std::span<std::int64_t> numbers) const;
  void note(DatasetId id, std::int64_t first, std::int64_t count, std::span<const std::byte> bytes);
  void read_back() const;
  template <class T>
  void read_back(const Hdf5Input& file, const Written& range) const;
  [[nodiscard]] Error damaged(const std::string& what) const;

  std::vector<std::string> groups_;
  std::vector<Attribute> attributes_;
  std::vector<Declared> datasets_;
  std::vector<Written> written_;
  std::optional<Error> failure_;
  bool sealed_ = false;
  const Comm* comm_ = nullptr;
  std::string path_;
  std::unique_ptr<OutputFile> file_;
};

/// Calls write(first, values) for [0, count) in pieces made by make(index), so that no converted copy of all is held.
template <class T, class Make, class Write>
void write_in_pieces(std::int64_t count, Make&& make, Write&& write) {
  std::vector<T> piece;
  for (std::int64_t first = 0; first < count; first += tuning::kPiece) {
    const auto length = std::min(tuning::kPiece, count - first);
    piece.resize(at(length));
    for (std::int64_t k = 0; k < length; ++k) piece[at(k)] = make(first + k);
    write(first, std::span<const T>(piece));
  }
}

}  // namespace synbal::io
