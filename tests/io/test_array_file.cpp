// Arrays of any shape: written from anywhere, read back a few times at once.
#include <hdf5.h>

#include "files.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/io/array_file.hpp"
#include "synbal/io/series.hpp"

namespace synbal {
namespace {

using test::world;

double array_value(std::int64_t place) { return 0.5 + static_cast<double>(place); }

/// [5, 3, 2, 4] Every third element of a row on each rank, backwards.
FileArray scattered() {
  FileArray array{"group/signal", {5, 3, 2, 4}, 5, {}, {}};
  for (std::int64_t k = 23 - world().rank(); k >= 0; k -= world().size()) array.place.push_back(k);
  std::vector<double> values;
  for (std::int64_t row = 0; row < 5; ++row) {
    for (const auto k : array.place) values.push_back(array_value(row * 24 + k));
  }
  array.values = values;
  return array;
}

std::vector<FileArray> arrays() {
  std::vector<double> flat;
  for (std::int64_t k = 0; k < 14; ++k) flat.push_back(array_value(k));
  FileArray ids{"ids", {world().size()}, 1, {world().rank()}, std::vector<std::int64_t>{world().rank() + (1LL << 60)}};
  return {scattered(), common_array(world(), "flat", {7, 2}, flat), common_array(world(), "none", {0, 3}, {}), ids};
}

TEST(ArrayFile, elements_come_back_by_the_time) {
  const test::Folder folder;
  const auto path = folder.file("a.h5");
  write_arrays(world(), arrays(), {}, path);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
  const TimeSeries series(world(), "--drive", path + ":/group/signal", "/inputs");
  EXPECT_EQ(series.times(), 5);
  EXPECT_EQ(series.channels(), 3);
  EXPECT_EQ(series.conditions(), 2);
  EXPECT_EQ(series.trials(), 4);
  for (std::int64_t first = 0; first < 5; ++first) {
    for (std::int64_t count = 0; first + count <= 5; ++count) {
      const auto read = series.read(first, count);
      EXPECT_EQ(std::ssize(read), count * 24);
      for (std::size_t k = 0; k < read.size(); ++k) {
        EXPECT_EQ(read[k], array_value(first * 24 + static_cast<std::int64_t>(k)));
      }
    }
  }
}

TEST(ArrayFile, axes_that_are_not_there_have_size_one) {
  const test::Folder folder;
  write_arrays(world(), arrays(), {}, folder.file("a.h5"));
  const TimeSeries flat(world(), "--drive", folder.file("a.h5"), "/flat");
  EXPECT_EQ(flat.times(), 7);
  EXPECT_EQ(flat.channels(), 2);
  EXPECT_EQ(flat.width(), 2);
  EXPECT_EQ(flat.read(3, 2), (std::vector<double>{6.5, 7.5, 8.5, 9.5}));
}

TEST(ArrayFile, what_is_no_series_is_refused) {
  const test::Folder folder;
  write_arrays(world(), arrays(), {}, folder.file("a.h5"));
  const auto refusal = [&](const std::string& from) {
    return test::error_of([&] { TimeSeries(world(), "--drive", from, "/inputs"); });
  };
  EXPECT_EQ(refusal(folder.file("a.csv")).code(), ExitCode::usage);
  EXPECT_EQ(refusal(folder.file("a.h5")).code(), ExitCode::bad_input);
  EXPECT_NE(std::string(refusal(folder.file("a.h5")).what()).find("/inputs"), std::string::npos);
  EXPECT_NE(std::string(refusal(folder.file("a.h5:/none")).what()).find("0 elements"), std::string::npos);
  EXPECT_EQ(refusal(folder.file("a.h5:/group")).code(), ExitCode::bad_input);
}

}  // namespace
}  // namespace synbal
