// What Matrix Market files mean: their variants, their freedoms of layout, orientation, duplicates.
#include <algorithm>
#include <cmath>

#include "files.hpp"

namespace synbal {
namespace {

using test::world;
using Synapses = std::vector<test::Entry>;

const std::string kReal = "%%MatrixMarket matrix coordinate real general\n";

/// Reads the text plain and compressed; both must give the same.
Network read_text(const test::Folder& folder, const std::string& text, const ReadOptions& options = {}) {
  auto plain = read_network(world(), test::put(folder, "a.mtx", text), options);
  const auto packed = read_network(world(), test::put(folder, "a.mtx.gz", test::gzipped(text)), options);
  EXPECT_EQ(test::entries_of(packed), test::entries_of(plain));
  EXPECT_EQ(packed.facts.zeros_dropped, plain.facts.zeros_dropped);
  return plain;
}

TEST(MatrixMarket, coordinate_entries_are_counted_from_one_and_rows_are_postsynaptic) {
  const test::Folder folder;
  const auto network = read_text(folder, kReal + "3 3 3\n1 2 0.5\n3 1 -2e-300\n2 2 7\n");
  EXPECT_EQ(test::entries_of(network), (Synapses{{0, 1, 0.5}, {1, 1, 7.0}, {2, 0, -2e-300}}));
  EXPECT_EQ(network.facts.self_loops, 1);
  EXPECT_EQ(network.facts.entries, 3);
}

TEST(MatrixMarket, layout_is_free) {
  const test::Folder folder;
  const std::string text =
      "%%MatrixMarket  MATRIX\tCoordinate REAL General \r\n% note\r\n\r\n   %% indented\n 3\t3  4 \r\n"
      "\r\n  1 2\t+0.5\r\n% between\n\n+2 +3 1E2\n\t3 1 .25\n1 1 5e-324";
  const auto network = read_text(folder, text);
  EXPECT_EQ(test::entries_of(network), (Synapses{{0, 0, 5e-324}, {0, 1, 0.5}, {1, 2, 100.0}, {2, 0, 0.25}}));
}

TEST(MatrixMarket, pattern_integer_symmetric_and_skew_variants) {
  const test::Folder folder;
  const auto banner = [](const std::string& words) { return "%%MatrixMarket matrix " + words + "\n"; };
  EXPECT_EQ(test::entries_of(read_text(folder, banner("coordinate pattern general") + "2 2 2\n1 2\n2 1\n")),
            (Synapses{{0, 1, 1.0}, {1, 0, 1.0}}));
  EXPECT_EQ(test::entries_of(read_text(folder, banner("coordinate integer general") + "2 2 2\n1 2 -3\n2 1 +4\n")),
            (Synapses{{0, 1, -3.0}, {1, 0, 4.0}}));
  EXPECT_EQ(test::entries_of(read_text(folder, banner("coordinate real symmetric") + "3 3 3\n1 1 5\n2 1 2\n3 2 4\n")),
            (Synapses{{0, 0, 5.0}, {0, 1, 2.0}, {1, 0, 2.0}, {1, 2, 4.0}, {2, 1, 4.0}}));
  EXPECT_EQ(test::entries_of(read_text(folder, banner("coordinate pattern symmetric") + "2 2 2\n1 1\n2 1\n")),
            (Synapses{{0, 0, 1.0}, {0, 1, 1.0}, {1, 0, 1.0}}));
  EXPECT_EQ(test::entries_of(read_text(folder, banner("coordinate real skew-symmetric") + "3 3 2\n2 1 2\n3 1 4\n")),
            (Synapses{{0, 1, -2.0}, {0, 2, -4.0}, {1, 0, 2.0}, {2, 0, 4.0}}));
}

TEST(MatrixMarket, what_other_programs_write_is_read) {
  const test::Folder folder;
  const auto banner = [](const std::string& words) { return "%%MatrixMarket matrix " + words + "\n"; };
  const Synapses two{{0, 1, 3.0}, {1, 0, 4.0}};
  EXPECT_EQ(
      test::entries_of(read_text(folder, banner("coordinate unsigned-integer general") + "2 2 2\n1 2 3\n2 1 4\n")),
      two);
  EXPECT_EQ(
      test::entries_of(read_text(folder, "\xEF\xBB\xBF" + banner("coordinate real general") + "2 2 2\n1 2 3\n2 1 4\n")),
      two);
  EXPECT_EQ(
      test::entries_of(read_text(folder, banner("coordinate real general") + "2 2 2\n1 2 0.3D+01\n2 1 40.0d-1\n")),
      two);
  EXPECT_EQ(test::entries_of(read_text(folder, banner("coordinate real symmetric") + "3 3 2\n1 2 2\n2 3 4\n")),
            (Synapses{{0, 1, 2.0}, {1, 0, 2.0}, {1, 2, 4.0}, {2, 1, 4.0}}));
  EXPECT_EQ(test::entries_of(read_text(folder, banner("array real skew-symmetric") + "3 3\n0\n2\n3\n0\n5\n0\n")),
            (Synapses{{0, 1, -2.0}, {0, 2, -3.0}, {1, 0, 2.0}, {1, 2, -5.0}, {2, 0, 3.0}, {2, 1, 5.0}}));
}

TEST(MatrixMarket, dense_files_go_column_by_column) {
  const test::Folder folder;
  const auto banner = [](const std::string& words) { return "%%MatrixMarket matrix array " + words + "\n"; };
  const auto general = read_text(folder, banner("real general") + "% note\n3 3\n1\n2\n3\n4\n0\n6\n7\n8\n9\n");
  EXPECT_EQ(
      test::entries_of(general),
      (Synapses{
          {0, 0, 1.0}, {0, 1, 4.0}, {0, 2, 7.0}, {1, 0, 2.0}, {1, 2, 8.0}, {2, 0, 3.0}, {2, 1, 6.0}, {2, 2, 9.0}}));
  EXPECT_EQ(general.facts.zeros_dropped, 1);
  EXPECT_EQ(test::entries_of(read_text(folder, banner("integer symmetric") + "3 3\n1\n2\n3\n4\n5\n6\n")),
            (Synapses{{0, 0, 1.0},
                      {0, 1, 2.0},
                      {0, 2, 3.0},
                      {1, 0, 2.0},
                      {1, 1, 4.0},
                      {1, 2, 5.0},
                      {2, 0, 3.0},
                      {2, 1, 5.0},
                      {2, 2, 6.0}}));
  EXPECT_EQ(test::entries_of(read_text(folder, banner("real skew-symmetric") + "3 3\n2\n3\n5\n")),
            (Synapses{{0, 1, -2.0}, {0, 2, -3.0}, {1, 0, 2.0}, {1, 2, -5.0}, {2, 0, 3.0}, {2, 1, 5.0}}));
}

/// A dense file long enough that every rank has values: place k of the file is known.
TEST(MatrixMarket, dense_values_find_their_places_from_any_rank) {
  const test::Folder folder;
  for (const auto* kind : {"general", "symmetric", "skew-symmetric"}) {
    constexpr int kN = 37;
    const std::string symmetry = kind;
    std::string text = "%%MatrixMarket matrix array real " + symmetry + "\n37 37\n";
    for (int j = 0; j < kN; ++j) {
      for (int i = symmetry == "general" ? 0 : symmetry == "symmetric" ? j : j + 1; i < kN; ++i) {
        text += std::to_string(1000 * (i + 1) + j + 1) + "\n";
      }
    }
    for (const auto& [i, j, w] : test::entries_of(read_text(folder, text))) {
      const bool stored = symmetry == "general" || i >= j;
      const auto value = stored ? 1000 * (i + 1) + j + 1 : 1000 * (j + 1) + i + 1;
      EXPECT_EQ(w, static_cast<double>(!stored && symmetry == "skew-symmetric" ? -value : value)) << i << " " << j;
    }
  }
}

TEST(MatrixMarket, duplicates_are_summed_kept_or_refused) {
  const test::Folder folder;
  const auto text = kReal + "3 3 5\n1 2 0.5\n3 1 1\n1 2 0.25\n2 3 0\n1 2 1\n";
  const auto summed = read_text(folder, text);
  EXPECT_EQ(test::entries_of(summed), (Synapses{{0, 1, 1.75}, {2, 0, 1.0}}));
  EXPECT_EQ(summed.facts.duplicates_merged, 2);
  EXPECT_EQ(summed.facts.zeros_dropped, 1);
  ReadOptions options;
  options.duplicates = Duplicates::keep;
  EXPECT_EQ(test::entries_of(read_text(folder, text, options)),
            (Synapses{{0, 1, 0.5}, {0, 1, 0.25}, {0, 1, 1.0}, {2, 0, 1.0}}));
  options.duplicates = Duplicates::error;
  const auto e = test::error_of([&] { read_network(world(), folder.file("a.mtx"), options); });
  EXPECT_EQ(e.code(), ExitCode::bad_input);
}

TEST(MatrixMarket, pre_post_swaps_rows_and_columns) {
  const test::Folder folder;
  ReadOptions options;
  options.orientation = Orientation::pre_post;
  const auto text = kReal + "3 3 3\n1 2 0.5\n3 1 -2\n2 2 7\n";
  EXPECT_EQ(test::entries_of(read_text(folder, text, options)), (Synapses{{0, 2, -2.0}, {1, 0, 0.5}, {1, 1, 7.0}}));
  write_network(world(), read_text(folder, text), folder.file("a.h5"));
  EXPECT_EQ(test::entries_of(read_network(world(), folder.file("a.h5"), options)),
            (Synapses{{0, 2, -2.0}, {1, 0, 0.5}, {1, 1, 7.0}}));
}

TEST(MatrixMarket, small_networks_and_more_ranks_than_lines) {
  const test::Folder folder;
  EXPECT_EQ(read_text(folder, kReal + "0 0 0\n").size(), 0);
  EXPECT_EQ(read_text(folder, kReal + "1 1 0\n").size(), 1);
  EXPECT_EQ(read_text(folder, kReal + "5 5 0").size(), 5);
  EXPECT_EQ(test::entries_of(read_text(folder, kReal + "1 1 1\n1 1 2")), (Synapses{{0, 0, 2.0}}));
}

TEST(MatrixMarket, several_gzip_members_are_one_text) {
  const test::Folder folder;
  const auto bytes = test::gzipped(kReal + "2 2 2\n1 2") + test::gzipped(" 5\n2 ") + test::gzipped("1 6\n");
  const auto network = read_network(world(), test::put(folder, "a.mtx.gz", bytes), {});
  EXPECT_EQ(test::entries_of(network), (Synapses{{0, 1, 5.0}, {1, 0, 6.0}}));
}

/// Long enough to be handed out in several pieces to several ranks; sums of duplicates keep the order of the file.
TEST(MatrixMarket, long_files_read_the_same_plain_and_compressed) {
  const test::Folder folder;
  constexpr int kEntries = 240000;
  std::string text = kReal + "500 500 " + std::to_string(kEntries) + "\n";
  std::vector<double> sums(250000, 0.0);
  for (int k = 0; k < kEntries; ++k) {
    const auto i = (k * 7919LL) % 500, j = (k * 104729LL + k / 1000) % 500;
    const double w = std::sqrt(k + 1.0);
    text += std::to_string(i + 1) + " " + std::to_string(j + 1) + " " + std::to_string(w) + "\n";
    sums[static_cast<std::size_t>(500 * i + j)] += std::stod(std::to_string(w));
  }
  const auto network = read_text(folder, text);
  std::size_t count = 0;
  for (const auto& [i, j, w] : test::entries_of(network)) {
    EXPECT_EQ(w, sums[static_cast<std::size_t>(500 * i + j)]);
    ++count;
  }
  EXPECT_EQ(count, static_cast<std::size_t>(std::count_if(sums.begin(), sums.end(), [](double s) { return s != 0; })));
}

}  // namespace
}  // namespace synbal
