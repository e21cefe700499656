// Malformed and hostile HDF5 files.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "bad_files.hpp"
#include "native_sample.hpp"

namespace synbal::test {

namespace {
using Change = std::function<void(NativeSample&)>;

BadFile sample_file(const std::string& name, const std::string& word, const Change& change) {
  return {name,
          [change](const std::string& path) {
            NativeSample sample;
            change(sample);
            write_sample(sample, path);
          },
          3, word};
}

/// Acts on the finished, still open file.
BadFile edited_file(const std::string& name, const std::string& word, const std::function<void(hid_t)>& edit) {
  return sample_file(name, word, [edit](NativeSample& s) { s.also = edit; });
}

BadFile raw_file(const std::string& name, const std::string& word, const std::string& bytes) {
  return {name, [bytes](const std::string& path) { std::ofstream(path, std::ios::binary) << bytes; }, 3, word};
}

BadFile cut_file(const std::string& name, double share) {
  return {name,
          [share](const std::string& path) {
            write_sample({}, path);
            const auto size = static_cast<double>(std::filesystem::file_size(path));
            std::filesystem::resize_file(path, static_cast<std::uintmax_t>(share * size));
          },
          3, "HDF5"};
}

void remove(hid_t file, const char* name) { H5Ldelete(file, name, H5P_DEFAULT); }

std::vector<double> with_third(double value) { return {0.5, -1.5, value, 3.5, 0.25}; }

std::vector<BadFile> damaged_files() {
  return {
      raw_file("empty.h5", "HDF5", ""),
      raw_file("text.h5", "HDF5", "this is no HDF5 file\n"),
      raw_file("signature_only.h5", "HDF5", "\x89HDF\r\n\x1a\n"),
      raw_file("matrix_market.h5", "HDF5", "%%MatrixMarket matrix coordinate real general\n1 1 0\n"),
      cut_file("truncated_half.h5", 0.5),
      cut_file("truncated_end.h5", 0.99),
      cut_file("truncated_start.h5", 0.05),
  };
}

std::vector<BadFile> wrong_structure() {
  return {
      edited_file("no_weights.h5", "/weights", [](hid_t f) { remove(f, "/weights"); }),
      edited_file("weights_is_a_dataset.h5", "/weights",
                  [](hid_t f) {
                    remove(f, "/weights");
                    put_doubles(f, "/weights", {1, 2});
                  }),
      edited_file("no_data.h5", "/weights/data", [](hid_t f) { remove(f, "/weights/data"); }),
      edited_file("no_indices.h5", "/weights/indices", [](hid_t f) { remove(f, "/weights/indices"); }),
      edited_file("no_indptr.h5", "/weights/indptr", [](hid_t f) { remove(f, "/weights/indptr"); }),
      edited_file("data_is_a_group.h5", "/weights/data",
                  [](hid_t f) {
                    remove(f, "/weights/data");
                    H5Gclose(H5Gcreate2(f, "/weights/data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
                  }),
      sample_file("no_encoding.h5", "encoding-type", [](NativeSample& s) { s.encoding_type = ""; }),
      sample_file("coordinates.h5", "coo_matrix", [](NativeSample& s) { s.encoding_type = "coo_matrix"; }),
      sample_file("no_version.h5", "encoding-version", [](NativeSample& s) { s.encoding_version = ""; }),
      sample_file("other_version.h5", "9.9.9", [](NativeSample& s) { s.encoding_version = "9.9.9"; }),
      sample_file("no_shape.h5", "shape", [](NativeSample& s) { s.shape = {}; }),
      sample_file("rectangular.h5", "not square",
                  [](NativeSample& s) {
                    s.shape = {4, 5};
                  }),
      sample_file("shape_negative.h5", "shape",
                  [](NativeSample& s) {
                    s.shape = {-4, -4};
                  }),
      sample_file("shape_of_three.h5", "shape",
                  [](NativeSample& s) {
                    s.shape = {4, 4, 4};
                  }),
      sample_file("shape_enormous.h5", "shape",
                  [](NativeSample& s) {
                    s.shape = {INT64_MAX, INT64_MAX};
                  }),
      edited_file("shape_is_text.h5", "shape",
                  [](hid_t f) {
                    H5Adelete_by_name(f, "/weights", "shape", H5P_DEFAULT);
                    const hid_t group = H5Gopen2(f, "/weights", H5P_DEFAULT);
                    put_text_attribute(group, "shape", "4 x 4");
                    H5Gclose(group);
                  }),
  };
}

std::vector<BadFile> wrong_matrices() {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  return {
      sample_file("indptr_short.h5", "indptr",
                  [](NativeSample& s) {
                    s.indptr = {0, 2, 5};
                  }),
      sample_file("indptr_long.h5", "indptr", [](NativeSample& s) { s.indptr = {0, 2, 3, 4, 5, 5}; }),
      sample_file("indptr_falls.h5", "must not fall",
                  [](NativeSample& s) {
                    s.indptr = {0, 3, 2, 4, 5};
                  }),
      sample_file("indptr_starts_late.h5", "start",
                  [](NativeSample& s) {
                    s.indptr = {1, 2, 3, 4, 5};
                  }),
      sample_file("indptr_negative.h5", "indptr",
                  [](NativeSample& s) {
                    s.indptr = {0, -2, 3, 4, 5};
                  }),
      sample_file("indptr_ends_early.h5", "element 4",
                  [](NativeSample& s) {
                    s.indptr = {0, 2, 3, 4, 4};
                  }),
      sample_file("indptr_ends_late.h5", "indptr",
                  [](NativeSample& s) {
                    s.indptr = {0, 2, 3, 4, 500};
                  }),
      sample_file("index_too_large.h5", "element 3",
                  [](NativeSample& s) {
                    s.indices = {1, 2, 2, 4, 0};
                  }),
      sample_file("index_negative.h5", "element 4",
                  [](NativeSample& s) {
                    s.indices = {1, 2, 2, 3, -1};
                  }),
      sample_file("indices_short.h5", "indices",
                  [](NativeSample& s) {
                    s.indices = {1, 2, 2, 3};
                  }),
      sample_file("data_short.h5", "equally long",
                  [](NativeSample& s) {
                    s.data = {1, 2, 3};
                  }),
      sample_file("weight_nan.h5", "element 2", [](NativeSample& s) { s.data = with_third(std::nan("")); }),
      sample_file("weight_infinite.h5", "finite", [](NativeSample& s) { s.data = with_third(kInf); }),
  };
}

std::vector<BadFile> wrong_node_values() {
  return {
      edited_file("pinned_short.h5", "pinned",
                  [](hid_t f) {
                    put_integers(f, "/pinned", {0, 1}, H5T_STD_U8LE);
                  }),
      edited_file("pinned_two.h5", "pinned",
                  [](hid_t f) {
                    put_integers(f, "/pinned", {0, 2, 0, 0}, H5T_STD_U8LE);
                  }),
      edited_file("pinned_negative.h5", "pinned",
                  [](hid_t f) {
                    put_integers(f, "/pinned", {0, -1, 0, 0});
                  }),
      edited_file("gain_negative.h5", "gain",
                  [](hid_t f) {
                    put_doubles(f, "/gain", {1, 1, -1, 1});
                  }),
      edited_file("gain_nan.h5", "gain",
                  [](hid_t f) {
                    put_doubles(f, "/gain", {1, 1, std::nan(""), 1});
                  }),
      edited_file("gain_long.h5", "gain",
                  [](hid_t f) {
                    put_doubles(f, "/gain", {1, 1, 1, 1, 1});
                  }),
      edited_file("exponent_zero.h5", "exponent",
                  [](hid_t f) {
                    put_doubles(f, "/exponent", {1, 0, 1, 1});
                  }),
      edited_file("node_id_real.h5", "node_id",
                  [](hid_t f) {
                    put_doubles(f, "/node_id", {1, 2, 3, 4});
                  }),
      edited_file("group_negative.h5", "labels count from 0",
                  [](hid_t f) {
                    put_integers(f, "/group", {0, 0, -2, 1});
                  }),
      edited_file("group_short.h5", "3 elements for 4 neurons",
                  [](hid_t f) {
                    put_integers(f, "/group", {0, 0, 1});
                  }),
      edited_file("alpha_short.h5", "alphas for",
                  [](hid_t f) {
                    put_doubles(f, "/alpha", {1, 2});
                  }),
  };
}

void replace_with_matrix(hid_t file) {
  remove(file, "/weights/data");
  const hsize_t dims[2] = {5, 1};
  const hid_t space = H5Screate_simple(2, dims, nullptr);
  H5Dclose(H5Dcreate2(file, "/weights/data", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Sclose(space);
}

/// /weights/data made anew with a creation list that `plan` fills in.
void replace_data(hid_t file, hid_t type, hsize_t length, const std::function<void(hid_t)>& plan) {
  remove(file, "/weights/data");
  const hid_t space = H5Screate_simple(1, &length, nullptr), list = H5Pcreate(H5P_DATASET_CREATE);
  plan(list);
  H5Dclose(H5Dcreate2(file, "/weights/data", type, space, H5P_DEFAULT, list, H5P_DEFAULT));
  H5Pclose(list);
  H5Sclose(space);
}

void make_virtual(hid_t list) {
  const hsize_t five = 5;
  const hid_t space = H5Screate_simple(1, &five, nullptr);
  H5Pset_virtual(list, space, "other.h5", "/data", space);
  H5Sclose(space);
}

void make_chunked(hid_t list, hsize_t chunk) { H5Pset_chunk(list, 1, &chunk); }

std::size_t pass_through(unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) {
  return bytes;
}

void use_own_filter(hid_t file) {
  const H5Z_class2_t filter{H5Z_CLASS_T_VERS, 311, 1, 1, "own", nullptr, nullptr, pass_through};
  H5Zregister(&filter);
  replace_data(file, H5T_IEEE_F64LE, 5, [](hid_t list) {
    make_chunked(list, 5);
    H5Pset_filter(list, 311, H5Z_FLAG_MANDATORY, 0, nullptr);
  });
  const std::vector<double> values{1, 2, 3, 4, 5};
  const hid_t id = H5Dopen2(file, "/weights/data", H5P_DEFAULT);
  H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Dclose(id);
  H5Fflush(file, H5F_SCOPE_LOCAL);
  H5Zunregister(311);
}

std::vector<BadFile> hostile_files() {
  return {
      edited_file("data_is_a_matrix.h5", "one-dimensional", replace_with_matrix),
      edited_file("data_is_text.h5", "type", [](hid_t f) { replace_data(f, H5T_C_S1, 5, [](hid_t) {}); }),
      edited_file("data_is_references.h5", "type", [](hid_t f) { replace_data(f, H5T_STD_REF_OBJ, 5, [](hid_t) {}); }),
      edited_file("indices_real.h5", "type",
                  [](hid_t f) {
                    remove(f, "/weights/indices");
                    put_doubles(f, "/weights/indices", {1, 2, 2, 3, 0});
                  }),
      edited_file("data_external.h5", "external",
                  [](hid_t f) {
                    replace_data(f, H5T_IEEE_F64LE, 5, [](hid_t list) { H5Pset_external(list, "/etc/passwd", 0, 40); });
                  }),
      edited_file("data_virtual.h5", "virtual", [](hid_t f) { replace_data(f, H5T_IEEE_F64LE, 5, make_virtual); }),
      edited_file("data_never_written.h5", "5 elements",
                  [](hid_t f) { replace_data(f, H5T_IEEE_F64LE, 5, [](hid_t) {}); }),
      edited_file("data_enormous.h5", "elements",
                  [](hid_t f) {
                    replace_data(f, H5T_IEEE_F64LE, hsize_t{1} << 50, [](hid_t list) { make_chunked(list, 1024); });
                  }),
      edited_file("data_own_filter.h5", "filter", use_own_filter),
      edited_file("weights_external_link.h5", "link",
                  [](hid_t f) {
                    remove(f, "/weights");
                    H5Lcreate_external("other.h5", "/weights", f, "/weights", H5P_DEFAULT, H5P_DEFAULT);
                  }),
      edited_file("weights_soft_link.h5", "link",
                  [](hid_t f) {
                    H5Lmove(f, "/weights", f, "/elsewhere", H5P_DEFAULT, H5P_DEFAULT);
                    H5Lcreate_soft("/elsewhere", f, "/weights", H5P_DEFAULT, H5P_DEFAULT);
                  }),
      edited_file("data_dangling_link.h5", "link",
                  [](hid_t f) {
                    remove(f, "/weights/data");
                    H5Lcreate_soft("/nowhere", f, "/weights/data", H5P_DEFAULT, H5P_DEFAULT);
                  }),
  };
}
}  // namespace

std::vector<BadFile> bad_hdf5_files() {
  auto all = damaged_files();
  for (auto&& more : {wrong_structure(), wrong_matrices(), wrong_node_values(), hostile_files()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace synbal::test
