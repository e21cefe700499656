// make_bad_files DIR: writes the corpus of bad files, and index.tsv (file, expected exit code, word of the message),
// for the end-to-end tests.
#include <cstdio>
#include <fstream>

#include "io/bad_files.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_bad_files DIR\n", stderr);
    return 2;
  }
  const std::string folder = argv[1];
  std::ofstream index(folder + "/index.tsv");
  for (const auto& files :
       {synbal::test::bad_matrix_market_files(), synbal::test::bad_hdf5_files(), synbal::test::bad_binary_files()}) {
    for (const auto& bad : files) {
      bad.make(folder + "/" + bad.name);
      index << bad.name << '\t' << bad.expected << '\t' << bad.word << '\n';
    }
  }
  index.close();
  if (index) return 0;
  std::fprintf(stderr, "%s: cannot be written: give an existing folder\n", folder.c_str());
  return 5;
}
