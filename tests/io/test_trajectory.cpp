// Trajectory files: every value where it belongs whatever the ranks, whole and readable at every moment, also when the
// run ends without a word or the disk is full.
#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "files.hpp"
#include "synbal/core/random.hpp"
#include "synbal/io/trajectory.hpp"

namespace synbal {
namespace {

using test::world;

/// A dataset as any program sees it.
struct Stored {
  std::vector<hsize_t> shape;
  std::vector<double> values;
  [[nodiscard]] double at(std::int64_t row, std::int64_t column) const {
    return values.at(static_cast<std::size_t>(row) * shape.at(1) + static_cast<std::size_t>(column));
  }
};

/// Every rank opens the file by itself.
Stored stored(const std::string& path, const char* name) {
  Stored s;
  const auto file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const auto dataset = H5Dopen2(file, name, H5P_DEFAULT);
  const auto space = H5Dget_space(dataset);
  s.shape.resize(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, s.shape.data(), nullptr);
  s.values.resize(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  EXPECT_GE(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, s.values.data()), 0) << name;
  H5Sclose(space);
  H5Dclose(dataset);
  H5Fclose(file);
  return s;
}

/// Who has which columns.
enum class Places { in_order, backwards, scattered, on_last_rank };

/// The columns of this rank, together 0..width-1.
std::vector<std::int64_t> places_of(Places kind, std::int64_t width) {
  const CounterRandom random(3);
  const auto even = Ownership::even(world(), width);
  std::vector<std::int64_t> place;
  for (std::int64_t c = 0; c < width; ++c) {
    Rank owner = even.owner(c);
    if (kind == Places::backwards) owner = world().size() - 1 - owner;
    if (kind == Places::on_last_rank) owner = world().size() - 1;
    if (kind == Places::scattered) {
      owner =
          static_cast<Rank>(random.below(static_cast<std::uint64_t>(world().size()), static_cast<std::uint64_t>(c)));
    }
    if (owner == world().rank()) place.push_back(c);
  }
  if (kind == Places::scattered) {
    std::ranges::sort(place, {}, [&](auto c) { return random.bits(static_cast<std::uint64_t>(c), 1)[0]; });
  }
  return place;
}

double trajectory_value(int table, std::int64_t row, std::int64_t column) {
  return 1e6 * table + 1e3 * static_cast<double>(row) + static_cast<double>(column) + 0.25;
}

/// Two tables, one of them empty if wanted, a label, two scalars of which one is in a group.
TrajectoryLayout layout_of(Places kind, std::int64_t width, std::int64_t second_width = 3) {
  TrajectoryLayout layout;
  layout.scalars = {"time", "integrator/step"};
  layout.tables = {{"h", width, places_of(kind, width)},
                   {"synapse/weight", second_width, places_of(kind, second_width)}};
  TrajectoryLabel label{"neuron", width, places_of(kind, width), {}};
  for (const auto p : label.place) label.value.push_back(1000 + p);
  layout.labels = {label};
  return layout;
}

Provenance about(const std::string& reason) {
  Provenance p;
  p.program = "synbal";
  p.reason = reason;
  p.power = 1.5;
  return p;
}

void append(TrajectoryWriter& writer, const TrajectoryLayout& layout) {
  const auto row = writer.rows();
  std::vector<std::vector<double>> values;
  for (std::size_t t = 0; t < layout.tables.size(); ++t) {
    auto& own = values.emplace_back();
    for (const auto c : layout.tables[t].place) own.push_back(trajectory_value(static_cast<int>(t), row, c));
  }
  const std::vector<std::span<const double>> spans(values.begin(), values.end());
  writer.append(std::vector{0.5 * static_cast<double>(row), -static_cast<double>(row)}, spans);
}

/// All of the file but its attributes: `rows` whole rows, NaN behind them. No rank goes on before all have looked.
void expect_rows(const std::string& path, std::int64_t rows, const TrajectoryLayout& layout) {
  EXPECT_EQ(stored(path, "/rows").values, std::vector{static_cast<double>(rows)});
  const auto time = stored(path, "/time"), step = stored(path, "/integrator/step");
  const auto capacity = static_cast<std::int64_t>(time.values.size());
  EXPECT_GE(capacity, rows);
  for (std::int64_t r = 0; r < capacity; ++r) {
    const auto at = static_cast<std::size_t>(r);
    EXPECT_TRUE(r < rows ? time.values[at] == 0.5 * static_cast<double>(r) : std::isnan(time.values[at]));
    EXPECT_TRUE(r < rows ? step.values.at(at) == -static_cast<double>(r) : std::isnan(step.values.at(at)));
  }
  int wrong = 0;
  for (std::size_t t = 0; t < layout.tables.size(); ++t) {
    const auto& [name, width, place] = layout.tables[t];
    const auto table = stored(path, ("/" + name).c_str());
    EXPECT_EQ(table.shape, (std::vector{static_cast<hsize_t>(capacity), static_cast<hsize_t>(width)}));
    for (std::int64_t r = 0; r < capacity; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        const bool good =
            r < rows ? table.at(r, c) == trajectory_value(static_cast<int>(t), r, c) : std::isnan(table.at(r, c));
        wrong += good ? 0 : 1;
      }
    }
  }
  EXPECT_EQ(wrong, 0);
  std::vector<double> ids;
  for (std::int64_t c = 0; c < layout.labels[0].width; ++c) ids.push_back(static_cast<double>(1000 + c));
  EXPECT_EQ(stored(path, "/neuron").values, ids);
  world().barrier();
}

TEST(Trajectory, is_whole_after_every_row_and_exact_at_the_end) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  for (const auto kind : {Places::in_order, Places::backwards, Places::scattered, Places::on_last_rank}) {
    const auto layout = layout_of(kind, 37);
    TrajectoryWriter writer(world(), path, layout, about(""));
    EXPECT_EQ(writer.file(), kind == Places::in_order ? path : growing_trajectory(path));
    expect_rows(writer.file(), 0, layout);
    for (int row = 1; row <= 3; ++row) {
      append(writer, layout);
      expect_rows(writer.file(), row, layout);
    }
    writer.finish(about("equilibrium"));
    expect_rows(path, 3, layout);
    EXPECT_EQ(stored(path, "/time").values.size(), 3U);
    world().barrier();
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"t.h5"});
}

TEST(Trajectory, grows_when_its_room_is_used_up) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  auto layout = layout_of(Places::scattered, 11);
  layout.expected_rows = 2;
  TrajectoryWriter writer(world(), path, layout, about(""));
  std::size_t room = 2;
  for (int row = 1; row <= 9; ++row) {
    append(writer, layout);
    if (room < static_cast<std::size_t>(row)) room *= 2;
    EXPECT_EQ(stored(path, "/time").values.size(), room);
    expect_rows(path, row, layout);
  }
  writer.finish(about("end time"));
  expect_rows(path, 9, layout);
  EXPECT_EQ(stored(path, "/h").shape, (std::vector<hsize_t>{9, 11}));
}

TEST(Trajectory, of_nothing_and_of_fewer_columns_than_ranks) {
  const test::Folder folder;
  for (const std::int64_t width : {0, 1, 2}) {
    const auto path = folder.file(std::to_string(width) + ".h5");
    const auto layout = layout_of(Places::backwards, width, 0);
    TrajectoryWriter writer(world(), path, layout, about(""));
    append(writer, layout);
    append(writer, layout);
    writer.finish(about("equilibrium"));
    expect_rows(path, 2, layout);
  }
}

TEST(Trajectory, without_rows_is_a_valid_file) {
  const test::Folder folder;
  const auto layout = layout_of(Places::scattered, 5);
  TrajectoryWriter writer(world(), folder.file("t.h5"), layout, about(""));
  writer.finish(about("failed"));
  expect_rows(folder.file("t.h5"), 0, layout);
}

TEST(Trajectory, columns_that_are_no_permutation_are_refused) {
  const test::Folder folder;
  auto layout = layout_of(Places::scattered, 12);
  auto& place = layout.tables[0].place;
  for (auto& p : place) p = p == 7 ? 3 : p;
  const auto e = test::error_of([&] { const TrajectoryWriter w(world(), folder.file("t.h5"), layout, about("")); });
  EXPECT_EQ(e.code(), ExitCode::internal);
  EXPECT_TRUE(folder.names().empty());
}

TEST(Trajectory, keeps_its_rows_when_there_is_no_room_for_more) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  auto layout = layout_of(Places::scattered, 1000);
  layout.expected_rows = 20;
  TrajectoryWriter writer(world(), path, layout, about(""));
  for (int row = 0; row < 20; ++row) append(writer, layout);
  const auto size = std::filesystem::file_size(path);
  world().barrier();
  {
    const test::SmallFiles full(size + 10000);
    EXPECT_EQ(test::error_of([&] { append(writer, layout); }).code(), ExitCode::io_failure);
  }
  expect_rows(path, 20, layout);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"t.h5"});
}

TEST(Trajectory, keeps_its_rows_when_there_is_no_room_for_the_last_copy) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  auto layout = layout_of(Places::scattered, 100);
  layout.expected_rows = 4;
  TrajectoryWriter writer(world(), path, layout, about(""));
  append(writer, layout);
  world().barrier();
  {
    const test::SmallFiles full(4096);
    const auto e = test::error_of([&] { writer.finish(about("equilibrium")); });
    EXPECT_EQ(e.code(), ExitCode::io_failure);
    EXPECT_NE(std::string(e.what()).find("all 1 rows"), std::string::npos) << e.what();
  }
  expect_rows(path, 1, layout);
}

TEST(Trajectory, all_ranks_learn_of_a_write_that_fails_on_one) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  auto layout = layout_of(Places::in_order, 2000);
  layout.expected_rows = 40;
  TrajectoryWriter writer(world(), path, layout, about(""));
  append(writer, layout);
  world().barrier();
  {
    // The columns of the last rank lie far behind in the file.
    const test::SmallFiles full(world().rank() == world().size() - 1 ? 4096 : RLIM_INFINITY);
    EXPECT_EQ(test::error_of([&] { append(writer, layout); }).code(), ExitCode::io_failure);
  }
  EXPECT_EQ(test::error_of([&] { append(writer, layout); }).code(), ExitCode::internal);
  EXPECT_EQ(stored(path, "/rows").values, std::vector{1.0});
  EXPECT_EQ(stored(path, "/h").at(0, 1999), trajectory_value(0, 0, 1999));
}

TEST(Trajectory, what_stood_there_survives_a_disk_that_is_full_from_the_start) {
  const test::Folder folder;
  const auto path = test::put(folder, "t.h5", "old");
  auto layout = layout_of(Places::in_order, 1000);
  layout.expected_rows = 1000;
  {
    const test::SmallFiles full(100000);
    const auto e = test::error_of([&] { const TrajectoryWriter w(world(), path, layout, about("")); });
    EXPECT_EQ(e.code(), ExitCode::io_failure);
  }
  EXPECT_EQ(test::bytes_of(path), "old");
}

/// A trajectory of h of a network: h = value of the neuron's place in the file.
TrajectoryLayout h_layout(const Network& network) {
  TrajectoryLayout layout;
  layout.scalars = {"time"};
  TrajectoryTable h{"h", network.size(), {}};
  for (LocalIndex i = 0; i < network.local_size(); ++i) h.place.push_back(network.file_index(i));
  layout.tables = {h};
  return layout;
}

void write_h(TrajectoryWriter& writer, const TrajectoryLayout& layout, double time, double factor) {
  std::vector<double> h;
  for (const auto p : layout.tables[0].place) h.push_back(factor * static_cast<double>(p));
  const std::vector<std::span<const double>> tables{h};
  writer.append(std::vector{time}, tables);
}

TEST(Trajectory, what_stood_there_stays_until_another_one_is_whole) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  const auto layout = layout_of(Places::scattered, 9);
  const auto written = [&](int rows) {
    TrajectoryWriter writer(world(), path, layout, about(""));
    for (int row = 0; row < rows; ++row) append(writer, layout);
    expect_rows(writer.file(), rows, layout);
    return writer.file();
  };
  {
    TrajectoryWriter writer(world(), path, layout, about(""));
    append(writer, layout);
    writer.finish(about("end time"));
    EXPECT_EQ(writer.file(), path);
  }
  const auto before = test::bytes_of(path);
  EXPECT_EQ(written(0), growing_trajectory(path));
  world().barrier();
  EXPECT_EQ(folder.names(), std::vector<std::string>{"t.h5"});  // no rows: of no use
  EXPECT_EQ(written(5), growing_trajectory(path));
  EXPECT_EQ(test::bytes_of(path), before);
  {
    TrajectoryWriter second(world(), path, layout, about("second"), {3, 1.0});
    append(second, layout);
    EXPECT_EQ(test::bytes_of(path), before);
    second.finish(about("end time"));
  }
  expect_rows(path, 4, layout);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"t.h5"});
}

TEST(Trajectory, goes_on_with_its_own_where_what_lies_beside_it_is_of_another_run) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  const auto layout = layout_of(Places::in_order, 9);
  {
    TrajectoryWriter own(world(), path, layout, about("own"));
    for (int row = 0; row < 5; ++row) append(own, layout);
    own.finish(about("interrupted"));
  }
  for (const bool other_input : {false, true}) {
    auto told = about("other");
    if (other_input) told.input_checksum = "crc32:00000001";
    TrajectoryWriter other(world(), path, layout, told);
    for (int row = 0; row < (other_input ? 5 : 2); ++row) append(other, layout);
    TrajectoryWriter next(world(), path, layout, about("own"), {4, 1.5});
    EXPECT_EQ(next.file(), path);
    append(next, layout);
    next.finish(about("interrupted"));
    expect_rows(path, 5, layout);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"t.h5"});
  auto told = about("own");
  told.input_checksum = "crc32:00000002";
  const auto e = test::error_of([&] { TrajectoryWriter(world(), path, layout, told, {4, 1.5}); });
  EXPECT_EQ(e.code(), ExitCode::bad_input);
  EXPECT_NE(std::string(e.what()).find("another network"), std::string::npos) << e.what();
}

TEST(Trajectory, more_rows_than_the_disk_or_the_memory_has_room_for_are_refused_before_anything_is_written) {
  const test::Folder folder;
  auto layout = layout_of(Places::in_order, 9);
  for (const auto rows : {std::int64_t{1} << 50, std::int64_t{1} << 55}) {
    layout.expected_rows = rows;
    const auto e = test::error_of([&] { TrajectoryWriter(world(), folder.file("t.h5"), layout, about("")); });
    EXPECT_EQ(e.code(), ExitCode::io_failure);
    EXPECT_NE(std::string(e.what()).find(fmt::format("{} rows of 14 numbers take", rows)), std::string::npos)
        << e.what();
  }
  EXPECT_TRUE(folder.names().empty());
}

TEST(Trajectory, a_finished_one_is_sealed) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  const auto network = test::random_network(12, 2);
  const auto layout = h_layout(network);
  {
    TrajectoryWriter writer(world(), path, layout, about(""));
    write_h(writer, layout, 0, 1);
    write_h(writer, layout, 1, 2);
    writer.finish(about("end time"));
  }
  EXPECT_EQ(read_trajectory_end(world(), network, path).time, 1);
  auto bytes = test::bytes_of(path);
  const double first = 11;  // h of the last neuron in the row that is not read
  bytes[bytes.find(std::string(reinterpret_cast<const char*>(&first), sizeof first))] ^= 1;
  world().barrier();
  test::put(folder, "t.h5", bytes);
  EXPECT_EQ(test::error_of([&] { read_trajectory_end(world(), network, path); }).code(), ExitCode::bad_input);
  const auto e = test::error_of([&] { TrajectoryWriter(world(), path, layout, about(""), {2, 1.0}); });
  EXPECT_EQ(e.code(), ExitCode::bad_input);
}

TEST(Trajectory, rows_damaged_behind_its_back_are_not_passed_on) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  auto layout = layout_of(Places::scattered, 50);
  layout.expected_rows = 4;
  TrajectoryWriter writer(world(), path, layout, about(""));
  append(writer, layout);
  if (world().is_root()) {
    const auto bytes = [&] {
      std::ifstream in(path, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(in), {});
    }();
    const double written = trajectory_value(0, 0, 17);
    const auto at = bytes.find(std::string(reinterpret_cast<const char*>(&written), sizeof written));
    EXPECT_NE(at, std::string::npos);
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file.put('x');
  }
  world().barrier();
  EXPECT_EQ(test::error_of([&] { writer.finish(about("equilibrium")); }).code(), ExitCode::io_failure);
}

// ---- where it ended

TEST(TrajectoryEnd, is_the_last_whole_row_under_any_partition_finished_or_not) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  write_network(world(), test::random_network(90, 4), folder.file("a.h5"));
  const auto network = test::read_as(folder.file("a.h5"), test::cut_partition());
  const auto layout = h_layout(network);
  TrajectoryWriter writer(world(), path, layout, about(""));
  write_h(writer, layout, 1.0, 2.0);
  write_h(writer, layout, 1.5, 3.0);
  for (const auto* reason : {"running", "end time"}) {
    for (const auto kind : {PartitionKind::contiguous, test::cut_partition()}) {
      const auto again = test::read_as(folder.file("a.h5"), kind);
      const auto end = read_trajectory_end(world(), again, path);
      EXPECT_EQ(end.time, 1.5);
      EXPECT_EQ(end.provenance.reason, reason);
      EXPECT_EQ(end.provenance.power, 1.5);
      std::vector<double> expected;
      expected.reserve(at(again.local_size()));
      for (LocalIndex i = 0; i < again.local_size(); ++i) {
        expected.push_back(3.0 * static_cast<double>(again.file_index(i)));
      }
      EXPECT_EQ(end.h, expected);
    }
    EXPECT_TRUE(is_trajectory(world(), path));
    if (std::strcmp(reason, "running") == 0) writer.finish(about("end time"));
  }
  EXPECT_FALSE(is_trajectory(world(), folder.file("a.h5")));
}

TEST(TrajectoryEnd, of_another_network_of_no_rows_or_of_no_trajectory_is_refused) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  const auto network = test::random_network(12, 2), other = test::random_network(13, 2);
  const auto layout = h_layout(network);
  const auto code = [&](const Network& of, const std::string& from) {
    return test::error_of([&] { read_trajectory_end(world(), of, from); }).code();
  };
  TrajectoryWriter writer(world(), path, layout, about(""));
  EXPECT_EQ(code(network, path), ExitCode::bad_input);
  write_h(writer, layout, 0, 1);
  EXPECT_EQ(code(network, path), ExitCode::done);
  EXPECT_EQ(code(other, path), ExitCode::bad_input);
  write_h(writer, layout, 1, NAN);
  EXPECT_EQ(code(network, path), ExitCode::bad_input);
  write_network(world(), network, folder.file("network.h5"));
  EXPECT_EQ(code(network, folder.file("network.h5")), ExitCode::bad_input);
  EXPECT_EQ(code(network, test::put(folder, "text.h5", "no HDF5")), ExitCode::bad_input);
  EXPECT_EQ(code(network, folder.file("none.h5")), ExitCode::io_failure);
  auto selected = layout_of(Places::in_order, 12);
  selected.tables[0].name = "selection";
  TrajectoryWriter without_h(world(), folder.file("s.h5"), selected, about(""));
  append(without_h, selected);
  EXPECT_EQ(code(network, folder.file("s.h5")), ExitCode::bad_input);
}

TEST(Trajectory, goes_on_after_a_row_and_drops_those_behind_it) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  for (const auto kind : {Places::in_order, Places::scattered}) {
    const auto layout = layout_of(kind, 7);
    {
      TrajectoryWriter first(world(), path, layout, about("first"));
      for (int row = 0; row < 9; ++row) append(first, layout);
      first.flush();
    }
    TrajectoryWriter second(world(), path, layout, about("second"), {6, 2.5});
    EXPECT_EQ(second.rows(), 6);
    expect_rows(second.file(), 6, layout);
    for (int row = 6; row < 40; ++row) append(second, layout);
    second.finish(about("done"));
    expect_rows(path, 40, layout);
    TrajectoryWriter third(world(), path, layout, about("third"), {40, 19.5});
    expect_rows(path, 40, layout);
  }
}

TEST(Trajectory, goes_on_with_nothing_but_what_it_was) {
  const test::Folder folder;
  const auto path = folder.file("t.h5");
  const auto layout = layout_of(Places::in_order, 7);
  const auto refused = [&](const TrajectoryLayout& wanted, const TrajectoryPlace& place) {
    return test::error_of([&] { TrajectoryWriter(world(), path, wanted, about("next"), place); });
  };
  {
    TrajectoryWriter first(world(), path, layout, about("first"));
    for (int row = 0; row < 9; ++row) append(first, layout);
    first.finish(about("done"));
  }
  const auto before = test::bytes_of(path);
  EXPECT_EQ(refused(layout, {10, 4.5}).code(), ExitCode::bad_input);                         // rows that are not there
  EXPECT_EQ(refused(layout, {6, 2.25}).code(), ExitCode::bad_input);                         // of another time
  EXPECT_EQ(refused(layout_of(Places::in_order, 8), {6, 2.5}).code(), ExitCode::bad_input);  // of another width
  EXPECT_EQ(refused(layout_of(Places::in_order, 7, 0), {6, 2.5}).code(), ExitCode::bad_input);  // without a table
  EXPECT_EQ(test::bytes_of(path), before);
  test::put(folder, "t.h5", "nothing of the kind");
  EXPECT_EQ(refused(layout, {6, 2.5}).code(), ExitCode::bad_input);
}

}  // namespace
}  // namespace synbal
