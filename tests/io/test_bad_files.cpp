// Whatever is wrong with a file: all ranks get the same error, with the promised exit code, the path and the reason.
#include <set>

#include "files.hpp"
#include "native_sample.hpp"

namespace synbal {
namespace {

using test::world;

void expect_refused(const test::Folder& folder, const test::BadFile& bad) {
  const auto path = folder.file(bad.name);
  if (world().is_root()) bad.make(path);
  world().barrier();
  const auto e = test::error_of([&] { read_network(world(), path, {}); });
  const std::string message = e.what();
  EXPECT_EQ(static_cast<int>(e.code()), bad.expected) << bad.name << ": " << message;
  EXPECT_NE(message.find(path), std::string::npos) << bad.name << ": " << message;
  EXPECT_NE(message.find(bad.word), std::string::npos) << bad.name << ": " << message;
  EXPECT_LT(message.size(), 500U) << bad.name;
  EXPECT_EQ(world().broadcast(message, 0), message) << bad.name;
}

TEST(BadFiles, every_matrix_market_file_is_refused_alike_on_all_ranks) {
  const test::Folder folder;
  for (const auto& bad : test::bad_matrix_market_files()) expect_refused(folder, bad);
}

TEST(BadFiles, every_hdf5_file_is_refused_alike_on_all_ranks) {
  const test::Folder folder;
  for (const auto& bad : test::bad_hdf5_files()) expect_refused(folder, bad);
}

TEST(BadFiles, every_file_of_a_binary_format_is_refused_alike_on_all_ranks) {
  const test::Folder folder;
  for (const auto& bad : test::bad_binary_files()) expect_refused(folder, bad);
}

TEST(BadFiles, the_corpus_is_large_and_its_names_differ) {
  std::set<std::string> names;
  for (const auto& bad : test::bad_matrix_market_files()) names.insert(bad.name);
  EXPECT_GE(names.size(), 40U);
  EXPECT_EQ(names.size(), test::bad_matrix_market_files().size());
  names.clear();
  for (const auto& bad : test::bad_hdf5_files()) names.insert(bad.name);
  EXPECT_GE(names.size(), 20U);
  EXPECT_EQ(names.size(), test::bad_hdf5_files().size());
  names.clear();
  for (const auto& bad : test::bad_binary_files()) names.insert(bad.name);
  EXPECT_GE(names.size(), 60U);
  EXPECT_EQ(names.size(), test::bad_binary_files().size());
}

TEST(BadFiles, the_sample_that_the_wrong_files_are_made_from_is_right) {
  const test::Folder folder;
  const auto path = folder.file("sample.h5");
  if (world().is_root()) test::write_sample({}, path);
  world().barrier();
  const auto network = read_network(world(), path, {});
  const std::vector<test::Entry> expected{{0, 1, 0.5}, {0, 2, -1.5}, {1, 2, 2.5}, {2, 3, 3.5}, {3, 0, 0.25}};
  EXPECT_EQ(test::entries_of(network), expected);
}

}  // namespace
}  // namespace synbal
