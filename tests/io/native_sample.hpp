// Small native HDF5 files, right ones and slightly wrong ones, written through the C interface alone.
#pragma once

#include <hdf5.h>

#include <functional>
#include <string>
#include <vector>

namespace synbal::test {

/// What a file in the native format holds; change what should be wrong, or act on the open file in `also`.
struct NativeSample {
  std::vector<double> data{0.5, -1.5, 2.5, 3.5, 0.25};
  std::vector<std::int64_t> indices{1, 2, 2, 3, 0};
  std::vector<std::int64_t> indptr{0, 2, 3, 4, 5};
  std::vector<std::int64_t> shape{4, 4};
  std::string encoding_type = "csr_matrix";  ///< empty: attribute missing
  std::string encoding_version = "0.1.0";    ///< empty: attribute missing
  std::function<void(hid_t file)> also;      ///< before closing
};

void write_sample(const NativeSample& sample, const std::string& path);

/// In an open file: a one-dimensional dataset; the type in the file is `file_type`.
void put_doubles(hid_t file, const std::string& name, const std::vector<double>& values,
                 hid_t file_type = H5T_IEEE_F64LE);
void put_integers(hid_t file, const std::string& name, const std::vector<std::int64_t>& values,
                  hid_t file_type = H5T_STD_I64LE);
void put_text_attribute(hid_t object, const std::string& name, const std::string& value);

}  // namespace synbal::test
