// A corpus of files that say something impossible, one entry each: what is in it and what must be said about it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace synbal::test {

struct BadFile {
  std::string name;                                   ///< of the file, with its extension
  std::function<void(const std::string& path)> make;  ///< writes it
  int expected = 3;                                   ///< exit code
  std::string word;                                   ///< must be in the message, besides the path
};

/// Matrix Market texts, plain and compressed.
std::vector<BadFile> bad_matrix_market_files();
/// Files in the native format, or meant to look like it.
std::vector<BadFile> bad_hdf5_files();

/// .npz, .safetensors, PETSc, MATLAB, SONATA, and arrays around a network.
std::vector<BadFile> bad_binary_files();

/// `bytes` as one gzip member.
std::string gzipped(const std::string& bytes);

}  // namespace synbal::test
