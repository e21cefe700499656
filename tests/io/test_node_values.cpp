// Pinned neurons and gains from text files and datasets.
#include "files.hpp"
#include "native_sample.hpp"

namespace synbal {
namespace {

using test::world;
using Flags = std::vector<std::uint8_t>;

const std::string kRing = "%%MatrixMarket matrix coordinate real general\n4 4 4\n2 1 1\n3 2 1\n4 3 1\n1 4 1\n";

Network read_with(const std::string& path, const std::string& pinned, const std::string& gain) {
  ReadOptions options;
  if (!pinned.empty()) options.pinned = pinned;
  if (!gain.empty()) options.gain = gain;
  return read_network(world(), path, options);
}

std::string sample(const test::Folder& folder, const std::string& name, const std::function<void(hid_t)>& also) {
  test::NativeSample s;
  s.also = also;
  if (world().is_root()) test::write_sample(s, folder.file(name));
  world().barrier();
  return folder.file(name);
}

TEST(NodeValues, ids_of_matrix_market_files_count_from_zero_like_all_others) {
  const test::Folder folder;
  const auto path = test::put(folder, "a.mtx", kRing);
  const auto pinned = test::put(folder, "pinned.txt", "# visible units\n0\n\n 3 # the last\n0\n");
  const auto network = read_with(path, pinned, "");
  EXPECT_EQ(test::all_values(network, network.nodes.pinned), (Flags{1, 0, 0, 1}));
}

TEST(NodeValues, ids_of_native_files_count_from_zero_or_are_those_of_node_id) {
  const test::Folder folder;
  const auto plain = sample(folder, "plain.h5", {});
  const auto zero = read_with(plain, test::put(folder, "p.txt", "0\r\n2\r\n"), "");
  EXPECT_EQ(test::all_values(zero, zero.nodes.pinned), (Flags{1, 0, 1, 0}));
  const auto named = sample(folder, "named.h5", [](hid_t f) { test::put_integers(f, "/node_id", {900, -5, 7, 1}); });
  const auto own = read_with(named, test::put(folder, "q.txt", "1\n-5\n"), "");
  EXPECT_EQ(test::all_values(own, own.nodes.pinned), (Flags{0, 1, 0, 1}));
}

TEST(NodeValues, an_unknown_id_is_told_with_its_line) {
  const test::Folder folder;
  const auto path = test::put(folder, "a.mtx", kRing);
  const auto named = sample(folder, "named.h5", [](hid_t f) { test::put_integers(f, "/node_id", {900, -5, 7, 1}); });
  const auto expect_line = [&](const std::string& network, const std::string& text, const std::string& word) {
    const auto pinned = test::put(folder, "bad.txt", text);
    const auto e = test::error_of([&] { read_with(network, pinned, ""); });
    EXPECT_EQ(e.code(), ExitCode::bad_input);
    EXPECT_NE(std::string(e.what()).find(pinned + ": " + word), std::string::npos) << e.what();
    EXPECT_EQ(world().broadcast(std::string(e.what()), 0), e.what());
  };
  expect_line(path, "1\n2\n-1\n", "line 3");
  expect_line(path, "# c\n4\n", "line 2");
  expect_line(named, "900\n2\n", "line 2");
  expect_line(path, "1\ntwo\n", "line 2");
  expect_line(path, "1\n2 3\n", "line 2");
}

TEST(NodeValues, gains_from_text_and_from_datasets) {
  const test::Folder folder;
  const auto path = test::put(folder, "a.mtx", kRing);
  const std::vector<double> expected{0.5, 1, 0, 2e3};
  const auto text = read_with(path, "", test::put(folder, "g.txt", "# gains\n0.5\n1\n0\n2e3"));
  EXPECT_EQ(test::all_values(text, text.nodes.gain), expected);
  const auto h5 = sample(folder, "values.h5", [](hid_t f) {
    test::put_doubles(f, "/gain", {0.5, 1, 0, 2e3});
    test::put_doubles(f, "/other", {0.5, 1, 0, 2e3}, H5T_IEEE_F32LE);
    test::put_integers(f, "/seen", {0, 0, 1, 1}, H5T_STD_U8LE);
  });
  for (const auto* name : {"", ":/gain", ":/other"}) {
    const auto network = read_with(path, h5 + ":/seen", h5 + name);
    EXPECT_EQ(test::all_values(network, network.nodes.gain), expected);
    EXPECT_EQ(test::all_values(network, network.nodes.pinned), (Flags{0, 0, 1, 1}));
  }
  for (const auto* wrong : {"1\n2\n3\n", "1\n2\n3\n4\n5\n", "1\n-2\n3\n4\n", "1\nnan\n3\n4\n"}) {
    const auto e = test::error_of([&] { read_with(path, "", test::put(folder, "bad.txt", wrong)); });
    EXPECT_EQ(e.code(), ExitCode::bad_input) << e.what();
  }
  EXPECT_EQ(test::error_of([&] { read_with(path, "", folder.file("none.txt")); }).code(), ExitCode::io_failure);
  EXPECT_EQ(test::error_of([&] { read_with(path, h5 + ":/none", ""); }).code(), ExitCode::bad_input);
}

TEST(NodeValues, biases_are_read_with_the_network) {
  const test::Folder folder;
  const auto path = sample(folder, "a.h5", [](hid_t f) { test::put_doubles(f, "/bias", {1, 2, 3, 4}); });
  const auto network = read_network(world(), path, {});
  ASSERT_EQ(network.arrays.size(), 1U);
  EXPECT_EQ(network.arrays[0].role, ArrayRole::bias);
  EXPECT_EQ(world().gather_all(std::span<const double>(network.arrays[0].values)), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_TRUE(network.facts.notices.empty());
}

}  // namespace
}  // namespace synbal
