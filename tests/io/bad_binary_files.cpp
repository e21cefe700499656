// Malformed and hostile files of the binary formats.
#include <hdf5.h>

#include <fstream>
#include <limits>

#include "bad_files.hpp"
#include "binary_files.hpp"
#include "native_sample.hpp"

namespace synbal::test {

namespace {
BadFile bytes_file(const std::string& name, const std::string& word, const std::string& bytes) {
  return {name, [bytes](const std::string& path) { std::ofstream(path, std::ios::binary) << bytes; }, 3, word};
}

BadFile scipy_file(const std::string& name, const std::string& word, const std::function<void(ScipySample&)>& change) {
  ScipySample sample;
  change(sample);
  return bytes_file(name, word, zip(sample.members()));
}

/// A sound archive with the `data` array replaced by these bytes.
BadFile data_file(const std::string& name, const std::string& word, ZipEntry data) {
  ScipySample sample;
  sample.left_out = "data";
  auto members = sample.members();
  data.name = "data.npy";
  members.push_back(std::move(data));
  return bytes_file(name, word, zip(members));
}

std::string cut(const std::string& bytes, double share) {
  return bytes.substr(0, static_cast<std::size_t>(share * static_cast<double>(bytes.size())));
}

std::vector<BadFile> bad_archives() {
  const auto sound = zip(ScipySample().members());
  const auto values = npy_list("<f8", std::vector<double>{1, 2, 3, 4, 5});
  const auto three = npy(npy_dictionary("<f8", "(2, 2)"), raw(std::vector<double>{1, 2, 3}));
  auto twice = ScipySample().members();
  twice.push_back(twice.front());
  auto misplaced = sound;
  misplaced.replace(misplaced.size() - 6, 4, "\xff\xff\xff\x7f");
  auto local = sound;
  local[0] = 'X';
  return {
      bytes_file("zip_empty.npz", "empty", ""),
      bytes_file("zip_text.npz", "zip", "this is no archive, but it is long enough to be one\n"),
      bytes_file("zip_cut.npz", "truncated", cut(sound, 0.9)),
      bytes_file("zip_cut_half.npz", "truncated", cut(sound, 0.5)),
      bytes_file("zip_count.npz", "members", zip(ScipySample().members(), 60000)),
      bytes_file("zip_count_more.npz", "directory", zip(ScipySample().members(), 7)),
      bytes_file("zip_directory_behind_end.npz", "behind", misplaced),
      bytes_file("zip_local_header.npz", "contradicts", local),
      bytes_file("zip_same_name.npz", "two members", zip(twice)),
      data_file("zip_encrypted.npz", "encrypted", {"", values, 0, 1}),
      data_file("zip_method.npz", "method 14", {"", values, 14}),
      data_file("zip_claims_more.npz", "claims", {"", values, 0, 0, 4'000'000'000}),
      data_file("zip_bomb.npz", "claims", {"", values, 8, 0, 4'000'000'000, true}),
      bytes_file("zip_inflates_less.npz", "less than",
                 zip({{"W_rec.npy", three, 8, 0, static_cast<std::int64_t>(three.size()) + 8, true}})),
      data_file("zip_longer.npz", "announces", {"", values + "more"}),
      data_file("zip_no_deflate.npz", "compressed data", {"", "\xff\xff\xff" + values, 8}),
  };
}

std::vector<BadFile> bad_arrays() {
  const auto five = raw(std::vector<double>{1, 2, 3, 4, 5});
  const auto with = [&](const std::string& name, const std::string& word, const std::string& dictionary) {
    return data_file(name, word, {"", npy(dictionary, five)});
  };
  return {
      data_file("npy_magic.npz", "NUMPY", {"", "NUMPY but no magic byte before it"}),
      data_file("npy_short.npz", "NUMPY", {"", "\x93NUM"}),
      data_file("npy_version.npz", "version", {"", "\x93NUMPY\x09" + std::string(20, '\0')}),
      data_file("npy_header_cut.npz", "truncated", {"", npy(npy_dictionary("<f8", "(5,)"), "").substr(0, 30)}),
      with("npy_no_shape.npz", "missing", "{'descr': '<f8', 'fortran_order': False, }"),
      with("npy_no_brace.npz", "damaged", "'descr': '<f8'"),
      with("npy_key.npz", "unknown key", "{'descr': '<f8', 'fortran_order': False, 'shape': (5,), 'x': 1}"),
      with("npy_shape_huge.npz", "impossible", npy_dictionary("<f8", "(9223372036854775807, 9223372036854775807)")),
      with("npy_shape_negative.npz", "impossible", npy_dictionary("<f8", "(-5,)")),
      with("npy_shape_lies.npz", "announces", npy_dictionary("<f8", "(1000000000000,)")),
      with("npy_complex.npz", "no real numbers", npy_dictionary("<c16", "(2,)")),
      with("npy_objects.npz", "no real numbers", npy_dictionary("|O", "(5,)")),
      with("npy_table.npz", "one-dimensional", npy_dictionary("<f8", "(5, 1)")),
  };
}

std::vector<BadFile> bad_scipy_matrices() {
  return {
      scipy_file("sp_format.npz", "dia", [](ScipySample& s) { s.format = "dia"; }),
      scipy_file("sp_no_data.npz", "data", [](ScipySample& s) { s.left_out = "data"; }),
      scipy_file("sp_no_indptr.npz", "indptr", [](ScipySample& s) { s.left_out = "indptr"; }),
      scipy_file("sp_no_format.npz", "recurrent", [](ScipySample& s) { s.left_out = "format"; }),
      scipy_file("sp_rectangular.npz", "not square",
                 [](ScipySample& s) {
                   s.shape = {4, 5};
                 }),
      scipy_file("sp_shape_three.npz", "pair",
                 [](ScipySample& s) {
                   s.shape = {4, 4, 4};
                 }),
      scipy_file("sp_shape_larger.npz", "indptr",
                 [](ScipySample& s) {
                   s.shape = {1'000'000'000'000, 1'000'000'000'000};
                 }),
      scipy_file("sp_index.npz", "outside", [](ScipySample& s) { s.indices[3] = 4; }),
      scipy_file("sp_index_negative.npz", "outside", [](ScipySample& s) { s.indices[3] = -1; }),
      scipy_file("sp_indptr_falls.npz", "fall",
                 [](ScipySample& s) {
                   s.indptr = {0, 3, 2, 4, 5};
                 }),
      scipy_file("sp_indptr_end.npz", "entries",
                 [](ScipySample& s) {
                   s.indptr = {0, 2, 3, 4, 9};
                 }),
      scipy_file("sp_short.npz", "equally long", [](ScipySample& s) { s.data.pop_back(); }),
      scipy_file("sp_nan.npz", "finite", [](ScipySample& s) { s.data[2] = std::numeric_limits<double>::quiet_NaN(); }),
      bytes_file("bundle_gru.npz", "GRU",
                 zip({{"weight_hh_l0.npy", npy(npy_dictionary("<f8", "(6, 2)"), raw(std::vector<double>(12, 1.0)))}})),
      bytes_file("bundle_lstm.npz", "LSTM",
                 zip({{"weight_hh_l0.npy", npy(npy_dictionary("<f8", "(8, 2)"), raw(std::vector<double>(16, 1.0)))}})),
      bytes_file("bundle_shape.npz", "one side",
                 zip({{"W_rec.npy", npy(npy_dictionary("<f8", "(2, 2)"), raw(std::vector<double>(4, 1.0)))},
                      {"W_in.npy", npy(npy_dictionary("<f8", "(3, 5)"), raw(std::vector<double>(15, 1.0)))}})),
  };
}

std::vector<BadFile> bad_tensors() {
  const std::string two(2 * 2 * 8, '\0');
  const auto entry = [](const std::string& rest) { return "{\"W_rec\":{\"dtype\":\"F64\"," + rest + "}}"; };
  const auto sound = entry("\"shape\":[2,2],\"data_offsets\":[0,32]");
  const auto two_tensors = [&](const std::string& a, const std::string& b, const std::string& data) {
    return safetensors("{\"W_rec\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":" + a +
                           "},\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":" + b + "}}",
                       data);
  };
  return {
      bytes_file("st_empty.safetensors", "header", ""),
      bytes_file("st_short.safetensors", "header", "abc"),
      bytes_file("st_header_lies.safetensors", "header",
                 raw(std::vector<std::uint64_t>{std::uint64_t{1} << 62}) + sound),
      bytes_file("st_no_json.safetensors", "JSON", safetensors("{\"W_rec\":", two)),
      bytes_file("st_deep_json.safetensors", "JSON", safetensors(std::string(20000, '['), two)),
      bytes_file("st_hole.safetensors", "hole", two_tensors("[0,8]", "[16,24]", std::string(24, '\0'))),
      bytes_file("st_overlap.safetensors", "overlap", two_tensors("[0,8]", "[4,12]", std::string(12, '\0'))),
      bytes_file("st_hole_at_end.safetensors", "hole", safetensors(sound, two + "more")),
      bytes_file("st_truncated.safetensors", "data_offsets", safetensors(sound, two.substr(4))),
      bytes_file("st_offsets_fall.safetensors", "data_offsets",
                 safetensors(entry("\"shape\":[2,2],\"data_offsets\":[32,0]"), two)),
      bytes_file("st_negative.safetensors", "impossible",
                 safetensors(entry("\"shape\":[-2,2],\"data_offsets\":[0,32]"), two)),
      bytes_file("st_shape_huge.safetensors", "impossible",
                 safetensors(entry("\"shape\":[1099511627776,1099511627776],\"data_offsets\":[0,32]"), two)),
      bytes_file("st_shape_lies.safetensors", "elements",
                 safetensors(entry("\"shape\":[2,3],\"data_offsets\":[0,32]"), two)),
      bytes_file("st_no_shape.safetensors", "shape", safetensors(entry("\"data_offsets\":[0,32]"), two)),
      bytes_file("st_no_network.safetensors", "recurrent",
                 safetensors("{\"x\":{\"dtype\":\"F64\",\"shape\":[2,2],\"data_offsets\":[0,32]}}", two)),
      bytes_file("st_float8.safetensors", "no real numbers",
                 safetensors("{\"W_rec\":{\"dtype\":\"F8_E4M3\",\"shape\":[2,2],\"data_offsets\":[0,4]}}", "abcd")),
  };
}

BadFile petsc_file(const std::string& name, const std::string& word, const std::function<void(PetscSample&)>& change) {
  PetscSample sample;
  change(sample);
  return bytes_file(name, word, sample.bytes());
}

std::vector<BadFile> bad_petsc_matrices() {
  return {
      bytes_file("pt_empty.petsc", "too short", ""),
      bytes_file("pt_text.dat", "PETSc", "1 2 0.5\n2 3 0.25\n"),
      bytes_file("pt_cut.petsc", "truncated", cut(PetscSample().bytes(), 0.7)),
      bytes_file(
          "pt_wide_lies.petsc", "truncated",
          big_endian(std::vector<std::int64_t>{1211216, std::int64_t{1} << 40, std::int64_t{1} << 40, 5}) + "1234"),
      petsc_file("pt_vector.petsc", "vector",
                 [](PetscSample& s) {
                   s.head = {1211214, 4, 4, 5};
                 }),
      petsc_file("pt_count.petsc", "announces", [](PetscSample& s) { s.head[3] = 2'000'000'000; }),
      petsc_file("pt_rows.petsc", "announces", [](PetscSample& s) { s.head[1] = s.head[2] = 2'000'000'000; }),
      petsc_file("pt_dense_lies.petsc", "announces",
                 [](PetscSample& s) {
                   s.head = {1211216, 2000000, 2000000, -1};
                 }),
      petsc_file("pt_negative.petsc", "announces", [](PetscSample& s) { s.head[1] = -4; }),
      petsc_file("pt_rectangular.petsc", "not square", [](PetscSample& s) { s.head[2] = 5; }),
      petsc_file("pt_length.petsc", "number of entries of a row", [](PetscSample& s) { s.lengths[1] = -1; }),
      petsc_file("pt_sum.petsc", "together", [](PetscSample& s) { s.lengths[1] = 2; }),
      petsc_file("pt_column.petsc", "outside", [](PetscSample& s) { s.columns[2] = 7; }),
      petsc_file("pt_nan.petsc", "finite",
                 [](PetscSample& s) { s.values[0] = std::numeric_limits<double>::infinity(); }),
  };
}

// ---- HDF5: SONATA, MATLAB, arrays around

/// An HDF5 file that `fill` fills.
BadFile hdf5_file(const std::string& name, const std::string& word, const std::function<void(hid_t)>& fill) {
  return {name,
          [fill](const std::string& path) {
            const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
            fill(file);
            H5Fclose(file);
          },
          3, word};
}

void put_number_attribute(hid_t file, const char* object, const char* name, std::int64_t value) {
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t id = H5Acreate_by_name(file, object, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(id, H5T_NATIVE_INT64, &value);
  H5Aclose(id);
  H5Sclose(space);
}

void make_group(hid_t file, const char* name) {
  H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

struct SonataSample {
  std::vector<std::int64_t> source{0, 1, 2, 0}, target{1, 2, 0, 2}, group{0, 0, 1, 1}, row{0, 1, 0, 1};
  std::string population = "cells", left_out;
  bool weights = true;
};

void write_sonata(hid_t file, const SonataSample& s) {
  put_number_attribute(file, "/", "magic", 0x0A7A);
  for (const auto* group : {"/edges", "/edges/a", "/edges/a/0", "/edges/a/1"}) make_group(file, group);
  const auto put = [&](const std::string& name, const std::vector<std::int64_t>& values) {
    if (s.left_out != name) put_integers(file, "/edges/a/" + name, values);
  };
  put("source_node_id", s.source), put("target_node_id", s.target);
  put("edge_group_id", s.group), put("edge_group_index", s.row), put("edge_type_id", {100, 100, 101, 101});
  for (const auto* name : {"/edges/a/source_node_id", "/edges/a/target_node_id"}) {
    if (H5Lexists(file, name, H5P_DEFAULT) <= 0) continue;
    const hid_t id = H5Oopen(file, name, H5P_DEFAULT);
    const bool is_source = std::string(name).find("source") != std::string::npos;
    if (s.left_out != "node_population") put_text_attribute(id, "node_population", is_source ? s.population : "cells");
    H5Oclose(id);
  }
  if (!s.weights) return;
  put_doubles(file, "/edges/a/0/syn_weight", {1, 2});
  put_doubles(file, "/edges/a/1/syn_weight", {3, 4});
}

BadFile sonata_file(const std::string& name, const std::string& word,
                    const std::function<void(SonataSample&)>& change) {
  return hdf5_file(name, word, [change](hid_t file) {
    SonataSample sample;
    change(sample);
    write_sonata(file, sample);
  });
}

std::vector<BadFile> bad_sonata_files() {
  return {
      hdf5_file("so_no_edges.h5", "/edges", [](hid_t f) { put_number_attribute(f, "/", "magic", 0x0A7A); }),
      sonata_file("so_no_target.h5", "target_node_id", [](SonataSample& s) { s.left_out = "target_node_id"; }),
      sonata_file("so_no_population.h5", "node_population", [](SonataSample& s) { s.left_out = "node_population"; }),
      sonata_file("so_external.h5", "no edges run within", [](SonataSample& s) { s.population = "others"; }),
      sonata_file("so_group.h5", "no such group", [](SonataSample& s) { s.group[2] = 7; }),
      sonata_file("so_row.h5", "edge_group_index", [](SonataSample& s) { s.row[3] = 5; }),
      sonata_file("so_row_negative.h5", "edge_group_index", [](SonataSample& s) { s.row[3] = -1; }),
      sonata_file("so_id_negative.h5", "count from 0", [](SonataSample& s) { s.source[1] = -3; }),
      sonata_file("so_id_huge.h5", "neurons", [](SonataSample& s) { s.source[1] = std::int64_t{1} << 45; }),
      sonata_file("so_short.h5", "one for each", [](SonataSample& s) { s.target.pop_back(); }),
      sonata_file("so_no_weights.h5", "syn_weight", [](SonataSample& s) { s.weights = false; }),
  };
}

void write_matlab(hid_t file, const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& starts,
                  std::int64_t height) {
  make_group(file, "/A");
  put_number_attribute(file, "/A", "MATLAB_sparse", height);
  put_integers(file, "/A/ir", rows, H5T_STD_U64LE);
  put_integers(file, "/A/jc", starts, H5T_STD_U64LE);
  put_doubles(file, "/A/data", {1, 2, 3});
}

std::vector<BadFile> bad_matlab_files() {
  return {
      bytes_file("ml_old.mat", "HDF5", "MATLAB 5.0 MAT-file, Platform: GLNXA64" + std::string(200, ' ')),
      hdf5_file("ml_row.mat", "outside",
                [](hid_t f) {
                  write_matlab(f, {0, 1, 9}, {0, 1, 2, 3}, 3);
                }),
      hdf5_file("ml_start.mat", "fall",
                [](hid_t f) {
                  write_matlab(f, {0, 1, 2}, {0, 2, 1, 3}, 3);
                }),
      hdf5_file("ml_rectangular.mat", "square",
                [](hid_t f) {
                  write_matlab(f, {0, 1, 2}, {0, 1, 2, 3}, 5);
                }),
      hdf5_file("ml_two.mat", "several",
                [](hid_t f) {
                  write_matlab(f, {0, 1, 2}, {0, 1, 2, 3}, 3);
                  H5Lcreate_hard(f, "/A", f, "/B", H5P_DEFAULT, H5P_DEFAULT);
                }),
      hdf5_file("ml_wide.mat", "2^63",
                [](hid_t f) {
                  write_matlab(f, {0, 1, 2}, {0, 1, 2, 3}, 3);
                  H5Ldelete(f, "/A/ir", H5P_DEFAULT);
                  put_integers(f, "/A/ir", {0, 1, INT64_MAX}, H5T_STD_U64LE);
                }),
  };
}

BadFile native_with(const std::string& name, const std::string& word, const std::function<void(hid_t)>& also) {
  return {name,
          [also](const std::string& path) {
            NativeSample sample;
            sample.also = also;
            write_sample(sample, path);
          },
          3, word};
}

void put_external(hid_t file, const char* name) {
  const hsize_t length = 4;
  const hid_t space = H5Screate_simple(1, &length, nullptr), plan = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(plan, "/etc/passwd", 0, 32);
  H5Dclose(H5Dcreate2(file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, plan, H5P_DEFAULT));
  H5Pclose(plan);
  H5Sclose(space);
}

std::vector<BadFile> bad_arrays_around() {
  return {
      native_with("ar_bias_short.h5", "one side",
                  [](hid_t f) {
                    put_doubles(f, "/bias", {1, 2, 3});
                  }),
      native_with("ar_bias_nan.h5", "finite",
                  [](hid_t f) {
                    put_doubles(f, "/bias", {1, 2, 3, std::numeric_limits<double>::quiet_NaN()});
                  }),
      native_with("ar_bias_external.h5", "external", [](hid_t f) { put_external(f, "/bias"); }),
      native_with("ar_bias_link.h5", "link",
                  [](hid_t f) { H5Lcreate_external("other.h5", "/bias", f, "/bias", H5P_DEFAULT, H5P_DEFAULT); }),
      native_with("ar_input_group.h5", "shape", [](hid_t f) { make_group(f, "/input_weights"); }),
  };
}
}  // namespace

std::vector<BadFile> bad_binary_files() {
  std::vector<BadFile> all;
  for (auto&& more : {bad_archives(), bad_arrays(), bad_scipy_matrices(), bad_tensors(), bad_petsc_matrices(),
                      bad_sonata_files(), bad_matlab_files(), bad_arrays_around()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace synbal::test
