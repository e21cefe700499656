// Tables: every value where it belongs in every format, whatever the ranks; whole or not there at all.
#include <fmt/format.h>
#include <hdf5.h>
#include <zlib.h>

#include <cmath>
#include <limits>

#include "files.hpp"
#include "synbal/core/ownership.hpp"
#include "synbal/io/table.hpp"

namespace synbal {
namespace {

using test::world;

/// The value of row r in column k.
double table_value(std::int64_t row, std::int64_t k) {
  if (row % 7 == 3) return k == 0 ? kInfinity : std::nan("");
  return (row % 2 == 0 ? 1.0 : -1.0) * (static_cast<double>(row) + 0.1) * std::pow(10.0, 30.0 * static_cast<double>(k));
}

enum class Rows { even, last_rank, backwards };

/// Rows 0..count-1: an integer, a real, and a vector of two.
Table table_of(Rows kind, std::int64_t count) {
  const auto even = Ownership::even(world(), count);
  const bool last = world().rank() == world().size() - 1;
  Table table;
  table.rows = kind == Rows::even ? even.count() : last ? count : 0;
  const auto first = kind == Rows::even ? even.first() : 0;
  const auto row = [=](std::int64_t r) { return kind == Rows::backwards ? count - 1 - r : first + r; };
  for (std::int64_t r = 0; r < table.rows && kind == Rows::backwards; ++r) table.place.push_back(row(r));
  table.columns = {integer_column("id", [=](std::int64_t r) { return 5 - row(r); }),
                   real_column("x", [=](std::int64_t r) { return table_value(row(r), 0); }),
                   real_column(
                       "v", [=](std::int64_t e) { return table_value(row(e / 2), e % 2); }, 2)};
  table.notes = {{"note", {1.5, -2}}};
  return table;
}

Provenance about() {
  Provenance p;
  p.program = "synbal", p.reason = "converged";
  return p;
}

std::string expected_text(std::int64_t count) {
  std::string text = "id,x,v_1,v_2\n";
  const auto shown = [](double v) { return std::isnan(v) ? "nan" : fmt::format("{}", v); };
  for (std::int64_t r = 0; r < count; ++r) {
    text += fmt::format("{},{},{},{}\n", 5 - r, shown(table_value(r, 0)), shown(table_value(r, 0)),
                        shown(table_value(r, 1)));
  }
  return text;
}

/// Numbers as text read back, line by line, compared with what they were.
void expect_same_numbers(const std::string& text, std::int64_t count) {
  const auto expected = expected_text(count);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), count + 1);
  std::size_t a = 0, b = 0;
  while (a < text.size() && b < expected.size()) {
    const auto end_a = text.find_first_of(",\n", a), end_b = expected.find_first_of(",\n", b);
    const auto word = text.substr(a, end_a - a), wanted = expected.substr(b, end_b - b);
    if (word != wanted) {
      EXPECT_EQ(std::stod(word), std::stod(wanted)) << word;
    }
    a = end_a + 1, b = end_b + 1;
  }
  EXPECT_EQ(a >= text.size(), b >= expected.size());
}

std::string unzipped(const std::string& path) {
  std::string text(1 << 16, ' ');
  auto* file = gzopen(path.c_str(), "rb");
  const int got = gzread(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  text.resize(static_cast<std::size_t>(std::max(got, 0)));
  return text;
}

/// A dataset as any program sees it; every rank opens the file by itself.
std::vector<double> stored(const std::string& path, const char* name, const std::vector<hsize_t>& shape) {
  const auto file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const auto dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const auto space = H5Dget_space(dataset);
  std::vector<hsize_t> found(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, found.data(), nullptr);
  EXPECT_EQ(found, shape) << name;
  std::vector<double> values(static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space))));
  EXPECT_GE(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
  H5Sclose(space);
  H5Dclose(dataset);
  H5Fclose(file);
  return values;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void expect_hdf5(const std::string& path, std::int64_t count) {
  const auto n = static_cast<hsize_t>(count);
  const auto id = stored(path, "/id", {n}), x = stored(path, "/x", {n}), v = stored(path, "/v", {n, 2});
  EXPECT_EQ(stored(path, "/note", {2}), (std::vector{1.5, -2.0}));
  for (std::int64_t r = 0; r < count; ++r) {
    const auto at = static_cast<std::size_t>(r);
    EXPECT_EQ(id[at], static_cast<double>(5 - r));
    EXPECT_TRUE(same(x[at], table_value(r, 0)) && same(v[2 * at], table_value(r, 0)) &&
                same(v[2 * at + 1], table_value(r, 1)))
        << r;
  }
}

TEST(Table, values_stand_where_they_belong_in_every_format) {
  const test::Folder folder;
  for (const auto kind : {Rows::even, Rows::last_rank, Rows::backwards}) {
    for (const std::int64_t count : {0, 1, 2, 50}) {
      const auto table = table_of(kind, count);
      for (const auto* name : {"t.csv", "t.csv.gz", "t.h5"}) write_table(world(), table, about(), folder.file(name));
      expect_same_numbers(test::bytes_of(folder.file("t.csv")), count);
      EXPECT_EQ(unzipped(folder.file("t.csv.gz")), test::bytes_of(folder.file("t.csv")));
      expect_hdf5(folder.file("t.h5"), count);
      EXPECT_EQ(folder.names().size(), 3U);  // nothing temporary is left
      world().barrier();
    }
  }
}

TEST(Table, text_spells_what_is_not_finite) {
  const test::Folder folder;
  Table table;
  table.rows = world().is_root() ? 4 : 0;
  const std::vector values{kInfinity, -kInfinity, -std::nan(""), 1e-5};
  table.columns = {real_column("x", [=](std::int64_t r) { return values.at(static_cast<std::size_t>(r)); })};
  write_table(world(), table, about(), folder.file("t.csv"));
  EXPECT_EQ(test::bytes_of(folder.file("t.csv")), "x\ninf\n-inf\nnan\n1e-05\n");
}

TEST(Table, failures_leave_what_stood_there) {
  const test::Folder folder;
  const auto table = table_of(Rows::even, 50);
  EXPECT_EQ(test::error_of([&] { write_table(world(), table, about(), folder.file("t.txt")); }).code(),
            ExitCode::usage);
  EXPECT_EQ(test::error_of([&] { write_table(world(), table, about(), folder.file("no/t.csv")); }).code(),
            ExitCode::io_failure);
  for (const auto* name : {"t.csv", "t.csv.gz", "t.h5"}) {
    const auto path = test::put(folder, name, "old");
    {
      const test::SmallFiles full(100);
      EXPECT_EQ(test::error_of([&] { write_table(world(), table, about(), path); }).code(), ExitCode::io_failure)
          << name;
    }
    EXPECT_EQ(test::bytes_of(path), "old");
  }
  EXPECT_EQ(folder.names().size(), 3U);
  world().barrier();
}

TEST(Matrix, rows_come_in_any_order_and_columns_from_anywhere) {
  const test::Folder folder;
  const auto path = folder.file("m.h5");
  for (const std::int64_t n : {0, 1, 9}) {
    for (const bool backwards : {false, true}) {
      const auto even = Ownership::even(world(), n);
      std::vector<std::int64_t> place, id;
      for (std::int64_t i = 0; i < even.count(); ++i) {
        place.push_back(backwards ? n - 1 - (even.first() + i) : even.first() + i);
        id.push_back(100 + place.back());
      }
      MatrixWriter writer(world(), path, "r", place, id, about());
      for (std::int64_t row = n; row-- > 0;) {
        std::vector<double> values;
        values.reserve(place.size());
        for (const auto column : place) values.push_back(static_cast<double>(1000 * row + column));
        writer.row(row, values);
      }
      writer.finish(n == 9);
      const auto m = static_cast<hsize_t>(n);
      EXPECT_EQ(stored(path, "/converged", {1}).at(0), n == 9 ? 1 : 0);
      const auto stored_ids = stored(path, "/id", {m}), matrix = stored(path, "/r", {m, m});
      for (std::int64_t row = 0; row < n; ++row) {
        EXPECT_EQ(stored_ids[static_cast<std::size_t>(row)], static_cast<double>(100 + row));
        for (std::int64_t c = 0; c < n; ++c) {
          EXPECT_EQ(matrix[static_cast<std::size_t>(row * n + c)], static_cast<double>(1000 * row + c));
        }
      }
      world().barrier();
    }
  }
}

}  // namespace
}  // namespace synbal
