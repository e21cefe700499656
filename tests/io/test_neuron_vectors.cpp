// Vectors that a user gives reach their neurons under any partition; mistakes are named.
#include <fmt/format.h>
#include <hdf5.h>

#include <cmath>

#include "files.hpp"
#include "synbal/io/neuron_vectors.hpp"

namespace synbal {
namespace {

using test::world;

constexpr int kNeurons = 60;

double vector_value(GlobalIndex place, int column) { return 0.25 + static_cast<double>(place) - 1000 * column; }

/// A line for every neuron.
std::string lines(int count, int columns, const char* separator) {
  std::string text = "# values\n\n";
  for (int i = 0; i < count; ++i) {
    for (int k = 0; k < columns; ++k) text += fmt::format("{}{}", k > 0 ? separator : "", vector_value(i, k));
    text += "  # more\n";
  }
  return text;
}

/// Collective. A file with datasets flat [N], wide [N, 3], tall [3, N], cube [N, 1, 1] and odd [N] with a NaN.
void write_datasets(const std::string& path) {
  if (world().is_root()) {
    const auto file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const auto put = [&](const char* name, const std::vector<hsize_t>& shape, const auto& at) {
      std::vector<double> values;
      for (int e = 0; e < kNeurons * (shape.size() == 2 ? 3 : 1); ++e) values.push_back(at(e));
      const auto space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
      const auto id = H5Dcreate2(file, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
      H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      H5Dclose(id);
      H5Sclose(space);
    };
    put("flat", {kNeurons}, [](int e) { return vector_value(e, 0); });
    put("wide", {kNeurons, 3}, [](int e) { return vector_value(e / 3, e % 3); });
    put("tall", {3, kNeurons}, [](int e) { return vector_value(e % kNeurons, e / kNeurons); });
    put("cube", {kNeurons, 1, 1}, [](int e) { return vector_value(e, 0); });
    put("odd", {kNeurons}, [](int e) { return e == 7 ? std::nan("") : 1.0; });
    H5Fclose(file);
  }
  world().barrier();
}

struct Files {
  Files() {
    write_network(world(), test::random_network(kNeurons, 4), folder.file("net.h5"));
    write_datasets(folder.file("v.h5"));
  }
  [[nodiscard]] Network network(PartitionKind partition) const {
    ReadOptions options;
    options.partition = partition;
    return read_network(world(), folder.file("net.h5"), options);
  }
  test::Folder folder;
};

TEST(NeuronVectors, reach_their_neurons_from_every_kind_of_file) {
  const Files files;
  const auto blanks = test::put(files.folder, "blanks", lines(kNeurons, 3, " \t"));
  const auto commas = test::put(files.folder, "commas", lines(kNeurons, 3, ", "));
  const auto one = test::put(files.folder, "one", lines(kNeurons, 1, ""));
  for (const auto partition : {PartitionKind::contiguous, PartitionKind::nnz, test::cut_partition()}) {
    const auto network = files.network(partition);
    const auto expect = [&](const std::string& from, int columns) {
      const auto read = read_neuron_vectors(world(), network, "--rhs", from);
      EXPECT_EQ(read.columns, columns) << from;
      EXPECT_EQ(read.values.size(), static_cast<std::size_t>(network.local_size() * columns));
      for (std::size_t e = 0; e < read.values.size(); ++e) {
        const auto i = static_cast<LocalIndex>(e) / columns;
        EXPECT_EQ(read.values[e], vector_value(network.file_index(i), static_cast<int>(e) % columns)) << from;
      }
    };
    expect(blanks, 3);
    expect(commas, 3);
    expect(one, 1);
    expect(files.folder.file("v.h5:/flat"), 1);
    expect(files.folder.file("v.h5:wide"), 3);
  }
}

TEST(NeuronVectors, mistakes_are_named_and_told_to_all_ranks) {
  const Files files;
  const auto network = files.network(PartitionKind::nnz);
  const auto told = [&](ExitCode code, const char* words, const std::string& from) {
    const auto e = test::error_of([&] { read_neuron_vectors(world(), network, "--rhs", from); });
    EXPECT_EQ(e.code(), code) << from;
    EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
  };
  const auto text = [&](const std::string& bytes) { return test::put(files.folder, "text", bytes); };
  told(ExitCode::usage, "which dataset", files.folder.file("v.h5"));
  told(ExitCode::bad_input, "has no dataset /none", files.folder.file("v.h5:/none"));
  told(ExitCode::bad_input, "transpose it", files.folder.file("v.h5:/tall"));
  told(ExitCode::bad_input, "not one-dimensional", files.folder.file("v.h5:/cube"));
  told(ExitCode::bad_input, "element 7 is nan", files.folder.file("v.h5:/odd"));
  told(ExitCode::io_failure, "nowhere", files.folder.file("nowhere"));
  told(ExitCode::bad_input, "59 lines with numbers for 60 neurons", text(lines(kNeurons - 1, 2, " ")));
  told(ExitCode::bad_input, "0 lines with numbers", text(""));
  told(ExitCode::bad_input, "line 63: 'x' is not a number", text(lines(kNeurons, 1, "") + "x\n"));
  told(ExitCode::bad_input, "line 63: value 'nan'", text(lines(kNeurons, 1, "") + "nan\n"));
  told(ExitCode::bad_input, "the same number", text(lines(kNeurons - 1, 2, " ") + "1 2 3\n"));
}

}  // namespace
}  // namespace synbal
