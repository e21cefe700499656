// Writing of small HDF5 files.
#include "native_sample.hpp"

namespace synbal::test {

namespace {
void put(hid_t file, const std::string& name, hid_t file_type, hid_t memory_type, const void* values, hsize_t count) {
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t id = H5Dcreate2(file, name.c_str(), file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (count > 0) H5Dwrite(id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(id);
  H5Sclose(space);
}

void put_shape(hid_t group, const std::vector<std::int64_t>& shape) {
  const hsize_t count = shape.size();
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t id = H5Acreate2(group, "shape", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(id, H5T_NATIVE_INT64, shape.data());
  H5Aclose(id);
  H5Sclose(space);
}
}  // namespace

void put_doubles(hid_t file, const std::string& name, const std::vector<double>& values, hid_t file_type) {
  put(file, name, file_type, H5T_NATIVE_DOUBLE, values.data(), values.size());
}

void put_integers(hid_t file, const std::string& name, const std::vector<std::int64_t>& values, hid_t file_type) {
  put(file, name, file_type, H5T_NATIVE_INT64, values.data(), values.size());
}

void put_text_attribute(hid_t object, const std::string& name, const std::string& value) {
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, value.size() + 1);
  const hid_t id = H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(id, type, value.c_str());
  H5Aclose(id);
  H5Sclose(space);
  H5Tclose(type);
}

void write_sample(const NativeSample& sample, const std::string& path) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t group = H5Gcreate2(file, "/weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (!sample.encoding_type.empty()) put_text_attribute(group, "encoding-type", sample.encoding_type);
  if (!sample.encoding_version.empty()) put_text_attribute(group, "encoding-version", sample.encoding_version);
  if (!sample.shape.empty()) put_shape(group, sample.shape);
  put_doubles(file, "/weights/data", sample.data);
  put_integers(file, "/weights/indices", sample.indices);
  put_integers(file, "/weights/indptr", sample.indptr);
  if (sample.also) sample.also(file);
  H5Gclose(group);
  H5Fclose(file);
}

}  // namespace synbal::test
