// What says that a group is a matrix differs between programs: an attribute, its older form, or a dataset.
#include "io/hdf5/matrix_object.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/hdf5/hdf5_array.hpp"
#include "io/text/line_blocks.hpp"

namespace synbal::io {

namespace {
enum class Layout { anndata, old_anndata, tenx, matlab };

std::optional<Layout> layout_of(const Hdf5Input& file, const std::string& group) {
  if (file.has_attribute(group, "MATLAB_sparse")) return Layout::matlab;
  if (file.has_attribute(group, "shape")) return Layout::anndata;
  if (file.has_attribute(group, "h5sparse_format")) return Layout::old_anndata;
  if (file.exists(in_group(group, "shape")) && file.exists(in_group(group, "indptr"))) return Layout::tenx;
  return std::nullopt;
}

MatrixShape pair_of(const Hdf5Input& file, const std::string& group, const char* attribute) {
  const auto sizes = file.integer_attribute(group, attribute);
  if (sizes.size() == 2) return {sizes[0], sizes[1]};
  throw file.error(
      fmt::format("attribute '{}' of {} is not a pair of sizes: store the number of neurons twice", attribute, group));
}

MatrixShape tenx_shape(const Hdf5Input& file, const std::string& group) {
  const auto stored = file.dataset(in_group(group, "shape"), ElementKind::integer);
  if (stored.length != 2) throw bad_input(stored.name + " is not a pair of sizes: get the file again");
  std::array<std::int64_t, 2> sizes{};
  file.read(stored, 0, 2, sizes.data());
  return {sizes[0], sizes[1]};
}

MatrixShape matlab_shape(const Hdf5Input& file, const std::string& group) {
  const auto rows = file.integer_attribute(group, "MATLAB_sparse");
  const auto starts = file.dataset(in_group(group, "jc"), ElementKind::integer);
  return {rows.front(), starts.length - 1};
}

MatrixShape shape_of(const Hdf5Input& file, const std::string& group, Layout layout) {
  switch (layout) {
    case Layout::matlab:
      return matlab_shape(file, group);
    case Layout::tenx:
      return tenx_shape(file, group);
    case Layout::old_anndata:
      return pair_of(file, group, "h5sparse_shape");
    case Layout::anndata:
      break;
  }
  return pair_of(file, group, "shape");
}

/// Whether columns are compressed. @throws Error bad_input for what is neither csr nor csc.
bool is_by_columns(const Hdf5Input& file, const std::string& group, Layout layout) {
  if (layout == Layout::matlab || layout == Layout::tenx) return true;
  const std::string attribute = layout == Layout::anndata ? "encoding-type" : "h5sparse_format";
  const auto type = file.text_attribute(group, attribute);
  for (const auto by_columns : {false, true}) {
    const std::string name = by_columns ? "csc" : "csr";
    if (type == name || type == name + "_matrix") return by_columns;
  }
  throw file.error(
      fmt::format("attribute '{}' of {} is {}, neither 'csr_matrix' nor 'csc_matrix': store compressed rows, "
                  "one per postsynaptic neuron",
                  attribute, group, in_quotes(type)));
}

void check_version(const Hdf5Input& file, const std::string& group) {
  const auto version = file.text_attribute(group, "encoding-version");
  if (version == "0.1.0") return;
  throw file.error(
      fmt::format("attribute 'encoding-version' of {} is {}, and only '0.1.0' is known", group, in_quotes(version)));
}

std::string name_of_shape(const Hdf5Input& file, const std::string& object, bool is_group) {
  return is_group ? fmt::format("{}: attribute 'shape' of {}", file.path(), object)
                  : fmt::format("{}: dataset {}", file.path(), object);
}

/// MATLAB stores the last index first.
bool is_transposed(const Hdf5Input& file, const std::string& dataset) {
  return file.has_attribute(dataset, "MATLAB_class");
}

bool is_matlab_text(const Hdf5Input& file, const std::string& dataset) {
  return is_transposed(file, dataset) && file.text_attribute(dataset, "MATLAB_class") == "char";
}

std::unique_ptr<NumberArray> entries(const Hdf5Input& file, const std::string& group, const char* name,
                                     ElementKind kind) {
  return dataset_array(file, file.dataset(in_group(group, name), kind));
}

std::unique_ptr<NumberArray> no_entries(const Hdf5Input& file, const std::string& group) {
  return stored_array(fmt::format("{}: {} without entries", file.path(), group), 0, {}, {});
}

/// The entries of a group; MATLAB leaves out those of a matrix that has none.
void take_entries(const Hdf5Input& file, const std::string& group, bool matlab, CompressedMatrix& matrix) {
  const auto* indices = matlab ? "ir" : "indices";
  const bool none = matlab && !file.exists(in_group(group, indices)) && !file.exists(in_group(group, "data"));
  matrix.indices = none ? no_entries(file, group) : entries(file, group, indices, ElementKind::integer);
  matrix.data = none ? no_entries(file, group) : entries(file, group, "data", ElementKind::real);
}

std::optional<MatrixShape> table_shape(const Hdf5Input& file, const std::string& object) {
  if (file.dimensions(object) != 2 || is_matlab_text(file, object)) return std::nullopt;
  const auto [rows, columns] = file.extent(object);
  return is_transposed(file, object) ? MatrixShape{columns, rows} : MatrixShape{rows, columns};
}

void add_if_square(const Hdf5Input& file, const std::string& object, std::vector<std::string>& found) {
  const auto shape = matrix_shape(file, object);
  if (shape && shape->rows == shape->columns) found.push_back(object);
}
}  // namespace

std::optional<MatrixShape> matrix_shape(const Hdf5Input& file, const std::string& object) {
  if (!file.is_plain(object)) return std::nullopt;
  try {
    if (!file.is_group(object)) return table_shape(file, object);
    const auto layout = layout_of(file, object);
    return layout ? std::optional(shape_of(file, object, *layout)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // not a sound matrix: it is not what is looked for
  }
}

CompressedMatrix open_compressed(const Hdf5Input& file, const std::string& group, MatrixShape& shape) {
  const auto layout = layout_of(file, group).value_or(Layout::anndata);
  shape = shape_of(file, group, layout);
  CompressedMatrix matrix;
  matrix.by_columns = is_by_columns(file, group, layout);
  if (layout == Layout::anndata) check_version(file, group);
  const bool matlab = layout == Layout::matlab;
  matrix.n = matrix.by_columns ? shape.columns : shape.rows;
  matrix.width = matrix.by_columns ? shape.rows : shape.columns;
  matrix.starts = entries(file, group, matlab ? "jc" : "indptr", ElementKind::integer);
  take_entries(file, group, matlab, matrix);
  check_lengths(matrix);
  return matrix;
}

StoredMatrix open_matrix(const Hdf5Input& file, const std::string& object) {
  if (file.is_dataset(object)) {
    auto table = file.table(object);
    const auto n = square_size(name_of_shape(file, object, false), table.rows, table.width);
    return DenseMatrix{dataset_array(file, std::move(table)), n, is_transposed(file, object)};
  }
  const auto layout = layout_of(file, object).value_or(Layout::anndata);
  const auto shape = shape_of(file, object, layout);
  square_size(name_of_shape(file, object, true), shape.rows, shape.columns);
  MatrixShape same;
  return open_compressed(file, object, same);
}

std::string find_matrix(const Hdf5Input& file) {
  if (file.exists("/weights")) return "/weights";
  std::vector<std::string> found;
  for (const std::string group : {"/", "/obsp"}) {
    if (!file.exists(group) || !file.is_plain(group) || !file.is_group(group)) continue;
    for (const auto& name : file.names_in(group)) add_if_square(file, in_group(group, name), found);
  }
  if (found.size() > 1) {  // numbers are matrices, too, to MATLAB
    std::erase_if(found, [&](const std::string& object) { return matrix_shape(file, object)->rows == 1; });
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    throw file.error(
        "/weights is missing, and there is no other square matrix in the file: name the group or dataset of "
        "the weights, FILE:/NAME");
  }
  std::string names;
  for (const auto& object : found) names += (names.empty() ? "" : ", ") + object;
  throw file.error(
      fmt::format("holds several square matrices ({}): name the one that is meant, FILE:/NAME", names.substr(0, 200)));
}

}  // namespace synbal::io
