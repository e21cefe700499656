// Reading of HDF5 files that may be hostile: handles, and objects inspected before anything is allocated or read.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/input_file.hpp"
#include "synbal/core/handle.hpp"

namespace synbal::io {

struct HidTraits {
  static hid_t null() { return H5I_INVALID_HID; }
  static void destroy(hid_t raw) noexcept { H5Idec_ref(raw); }
};
/// Any HDF5 object.
using Hid = Handle<hid_t, HidTraits>;

/// Takes ownership of what an HDF5 call returned. @throws Error bad_input with `what` when it failed.
Hid adopt_hid(hid_t raw, const std::string& what);

/// What the elements of a dataset may be.
enum class ElementKind { real, integer };  // real: floating point or integer in the file

/// A dataset that passed all checks of its description.
struct Dataset {
  Hid id;
  std::string name;         ///< FILE: dataset /path, for messages
  std::int64_t length = 0;  ///< elements, of all rows together
  std::int64_t rows = 0;    ///< of a table
  std::int64_t width = 0;   ///< elements a row of a table
  std::vector<hsize_t> shape = {};
  bool is_wide_unsigned = false;  ///< of type uint64, whose elements an int64 may not hold
};

/// An HDF5 file open for reading, by every rank for itself (MPI-IO takes no long paths, and leaves files beside its
/// own). Objects are reached through hard links only; external storage, virtual datasets and unusual filters are
/// refused; sizes are compared with the length of the file; texts of variable length are read by a process of their own
/// (in_child.hpp). Errors are bad_input and name the file and the object. Only open() is collective: all else may be
/// called inside agreed().
class Hdf5Input {
 public:
  /// Collective.
  static Hdf5Input open(const Comm& comm, const InputFile& file);
  static Hdf5Input open(const Comm& comm, const std::string& path);
  /// Collective. The same of a file that may end with a seal; whether it is as it was written is told.
  static std::pair<Hdf5Input, bool> open_sealed(const Comm& comm, const std::string& path);
  /// Collective. The same. @throws Error bad_input when it was changed since.
  static Hdf5Input open_unchanged(const Comm& comm, const std::string& path);
  /// Not collective: for one rank alone.
  static Hdf5Input open_serial(const InputFile& file);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] hid_t id() const noexcept { return id_.get(); }

  /// True when something of that name exists (each step a link in a group).
  [[nodiscard]] bool exists(const std::string& object) const;
  [[nodiscard]] bool is_group(const std::string& object) const;
  [[nodiscard]] bool is_dataset(const std::string& object) const;
  /// Whether it exists and is reached through hard links alone.
  [[nodiscard]] bool is_plain(const std::string& object) const;
  /// Rows and columns of a two-dimensional dataset.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> extent(const std::string& object) const;
  /// Names in a group, at most kMostNames. @throws Error bad_input for more, which no file of a network has.
  [[nodiscard]] std::vector<std::string> names_in(const std::string& group) const;
  static constexpr std::size_t kMostNames = 10'000;
  [[nodiscard]] bool has_attribute(const std::string& object, const std::string& name) const;
  /// Of a dataset; 0 for a single value and for what is no dataset.
  [[nodiscard]] int dimensions(const std::string& object) const;
  /// @throws Error bad_input when missing, not one-dimensional, of another type, larger than the file can hold, ...
  [[nodiscard]] Dataset dataset(const std::string& object, ElementKind kind) const;
  /// Two-dimensional, of real numbers. @throws Error bad_input likewise.
  [[nodiscard]] Dataset table(const std::string& object) const;
  /// Of one to `kMostDimensions` dimensions, of real numbers. @throws Error bad_input likewise.
  [[nodiscard]] Dataset array(const std::string& object) const;
  static constexpr int kMostDimensions = 8;

  /// One-dimensional, of texts of `width` bytes each (numpy's S type); `length` texts. @throws Error bad_input
  /// likewise.
  [[nodiscard]] Dataset texts(const std::string& object) const;
  /// Bytes [first, first + count) of texts one after the other, whole texts alone; not collective.
  void read_letters(const Dataset& texts, std::int64_t first, std::int64_t count, char* into) const;

  /// Elements [first, first + count) converted to T, the last index running fastest; not collective.
  /// T: double, float, std::int64_t, std::int32_t, std::uint8_t; what T cannot hold is for the caller to exclude.
  template <class T>
  void read(const Dataset& dataset, std::int64_t first, std::int64_t count, T* into) const;

  /// Attribute of a group or dataset ("/" is the file itself). @throws Error bad_input when missing or of another type.
  [[nodiscard]] std::string text_attribute(const std::string& object, const std::string& name) const;
  [[nodiscard]] std::vector<std::int64_t> integer_attribute(const std::string& object, const std::string& name) const;
  [[nodiscard]] double real_attribute(const std::string& object, const std::string& name) const;

  /// The message "FILE: what".
  [[nodiscard]] Error error(const std::string& what) const { return bad_input(path_ + ": " + what); }

 private:
  Hdf5Input(const InputFile& file, Hid id) : path_(file.path()), file_size_(file.size()), id_(std::move(id)) {}
  [[nodiscard]] Hid object(const std::string& name) const;
  struct Attribute {
    Hid id, type;
    H5T_class_t type_class;
    hssize_t elements;
    std::string wrong;  ///< the message when it is not what it should be
    void require(bool good) const {
      if (!good) throw bad_input(wrong);
    }
  };
  [[nodiscard]] Hid open_attribute(const std::string& object, const std::string& name) const;
  [[nodiscard]] Attribute attribute(const std::string& object, const std::string& name, const char* kind) const;
  void check_links(const std::string& name) const;
  [[nodiscard]] Dataset described(const std::string& object, ElementKind kind, int dimensions) const;
  void check_storage(const Dataset& dataset) const;

  std::string path_;
  ByteCount file_size_;
  Hid id_;
};

/// Not collective. Where the elements of a dataset begin, if they lie in one piece as this machine's doubles, at least
/// `rows` rows of `width` of them.
[[nodiscard]] std::optional<ByteCount> offset_of_doubles(const Dataset& dataset, std::int64_t rows, std::int64_t width);

/// Joins a group and a name in it.
[[nodiscard]] inline std::string in_group(const std::string& group, const std::string& name) {
  return group.empty() || group.back() == '/' ? group + name : group + "/" + name;
}

/// The memory type of T.
template <class T>
hid_t memory_type();

/// HDF5 prints its error stack unless told otherwise, and loads filter plugins that a file names: both off.
void quiet_hdf5();

}  // namespace synbal::io
