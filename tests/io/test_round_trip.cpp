// A network written and read again is the same network, in every format and at every rank count.
#include <sys/resource.h>

#include <array>
#include <charconv>
#include <csignal>
#include <optional>

#include "files.hpp"

namespace synbal {
namespace {

using test::world;

Network with_node_data(Network network) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto g = network.rows.first() + i;
    network.nodes.id.push_back(1000 - 3 * g);
    network.nodes.pinned.push_back(g % 5 == 0 ? 1 : 0);
    network.nodes.gain.push_back(0.25 * static_cast<double>(g));
    network.nodes.exponent.push_back(1.0 + static_cast<double>(g % 3));
  }
  return network;
}

class Formats : public testing::TestWithParam<const char*> {};

TEST_P(Formats, keep_every_bit_of_the_weights) {
  const test::Folder folder;
  for (const auto& [n, degree] : {std::pair{0, 0}, {1, 0}, {1, 1}, {2, 1}, {57, 4}, {3000, 9}}) {
    const auto network = test::random_network(n, degree);
    const auto path = folder.file(std::string("network") + GetParam());
    write_network(world(), network, path);
    const auto back = read_network(world(), path, {});
    EXPECT_EQ(back.size(), n);
    EXPECT_EQ(back.nnz, network.nnz);
    EXPECT_EQ(back.facts.entries, network.nnz);
    EXPECT_EQ(test::entries_of(back), test::entries_of(network));
  }
  EXPECT_EQ(folder.names().size(), 1U) << "a temporary file was left";
}
INSTANTIATE_TEST_SUITE_P(io, Formats, testing::Values(".mtx", ".mtx.gz", ".h5", ".hdf5", ".npz", ".petsc", ".dat"));

TEST(Formats, matrix_market_bytes_do_not_depend_on_the_rank_count) {
  const test::Folder folder;
  const auto network = test::random_network(400, 6);
  // What one rank would write, formed from the gathered entries.
  std::string expected =
      "%%MatrixMarket matrix coordinate real general\n"
      "% row = postsynaptic, column = presynaptic neuron\n400 400 " +
      std::to_string(network.nnz) + "\n";
  for (const auto& [i, j, w] : test::entries_of(network)) {
    std::array<char, 40> digits{};
    std::to_chars(digits.data(), digits.data() + digits.size(), w);
    expected += std::to_string(i + 1) + " " + std::to_string(j + 1) + " " + digits.data() + "\n";
  }
  write_network(world(), network, folder.file("a.mtx"));
  EXPECT_EQ(test::bytes_of(folder.file("a.mtx")), expected);
  const Comm alone(MPI_COMM_SELF);
  write_network(world(), network, folder.file("a.mtx.gz"));
  if (world().is_root()) {
    const auto serial = read_network(alone, folder.file("a.mtx"), {});
    write_network(alone, serial, folder.file("b.mtx.gz"));
  }
  world().barrier();
  EXPECT_EQ(test::bytes_of(folder.file("a.mtx.gz")), test::bytes_of(folder.file("b.mtx.gz")));
}

TEST(Native, keeps_the_node_data) {
  const test::Folder folder;
  const auto network = with_node_data(test::random_network(43, 3));
  write_network(world(), network, folder.file("a.h5"));
  const auto back = read_network(world(), folder.file("a.h5"), {});
  EXPECT_EQ(test::all_values(back, back.nodes.id), test::all_values(network, network.nodes.id));
  EXPECT_EQ(test::all_values(back, back.nodes.pinned), test::all_values(network, network.nodes.pinned));
  EXPECT_EQ(test::all_values(back, back.nodes.gain), test::all_values(network, network.nodes.gain));
  EXPECT_EQ(test::all_values(back, back.nodes.exponent), test::all_values(network, network.nodes.exponent));
}

TEST(Native, a_network_partitioned_by_cuts_is_written_in_file_order) {
  const test::Folder folder;
  const auto network = with_node_data(test::random_network(90, 4));
  write_network(world(), network, folder.file("a.h5"));
  ReadOptions options;
  options.partition = test::cut_partition();
  const auto moved = read_network(world(), folder.file("a.h5"), options);
  EXPECT_EQ(test::entries_of(moved), test::entries_of(network));
  for (const auto* name : {"b.h5", "b.mtx"}) {
    write_network(world(), moved, folder.file(name));
    const auto back = read_network(world(), folder.file(name), {});
    EXPECT_EQ(test::entries_of(back), test::entries_of(network)) << name;
  }
  const auto back = read_network(world(), folder.file("b.h5"), {});
  EXPECT_EQ(test::all_values(back, back.nodes.id), test::all_values(network, network.nodes.id));
}

TEST(Native, a_named_group_holds_a_network_and_every_partition_reads_the_same) {
  const test::Folder folder;
  const auto network = test::random_network(64, 5);
  write_network(world(), network, folder.file("a.h5"));
  for (const auto partition : {PartitionKind::contiguous, PartitionKind::nnz, test::cut_partition()}) {
    for (const auto* inside : {"", ":/weights", ":/", ":weights/"}) {
      ReadOptions options;
      options.partition = partition;
      const auto back = read_network(world(), folder.file("a.h5") + inside, options);
      EXPECT_EQ(test::entries_of(back), test::entries_of(network));
    }
  }
}

TEST(Formats, the_checksum_is_that_of_the_bytes_at_any_rank_count) {
  const test::Folder folder;
  const auto path = test::put(folder, "a.mtx", "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 2 3\n");
  const auto network = read_network(world(), path, {});
  EXPECT_EQ(network.facts.checksum, "crc32:37b4d9e3");
  EXPECT_EQ(network.facts.format, "matrix-market");
  EXPECT_EQ(network.facts.path, path);
  EXPECT_EQ(network.facts.file_size, static_cast<std::int64_t>(test::bytes_of(path).size()));
  ReadOptions options;
  options.checksum = false;
  EXPECT_EQ(read_network(world(), path, options).facts.checksum, "");
}

TEST(Writing, a_failure_leaves_the_old_file_and_no_other) {
  const test::Folder folder;
  const auto network = test::random_network(10, 2);
  for (const auto* name : {"no/such/folder.mtx", "no/such/folder.h5", "no/such/folder.mtx.gz"}) {
    const auto e = test::error_of([&] { write_network(world(), network, folder.file(name)); });
    EXPECT_EQ(e.code(), ExitCode::io_failure);
    EXPECT_NE(std::string(e.what()).find(folder.file(name)), std::string::npos) << e.what();
    EXPECT_EQ(test::error_of([&] { check_can_write(folder.file(name)); }).code(), ExitCode::io_failure);
  }
  EXPECT_TRUE(folder.names().empty());
  world().barrier();  // the next one tries a file, which others would see
  EXPECT_EQ(test::error_of([&] { check_can_write(folder.file("fine.h5")); }).code(), ExitCode::done);
}

/// Files of this process cannot grow beyond `bytes` while the object lives: what a full disk looks like to a writer.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int) = SIG_DFL;
};

TEST(Writing, a_full_disk_on_one_rank_is_told_on_all_and_keeps_the_old_file) {
  const test::Folder folder;
  const auto network = test::random_network(3000, 9);
  for (const std::string name : {"a.h5", "a.mtx", "a.mtx.gz"}) {
    const auto old = test::put(folder, name, "old");
    for (Rank victim = 0; victim < world().size(); ++victim) {
      if (name == "a.mtx.gz" && victim > 0) continue;  // rank 0 alone writes it
      std::optional<FileSizeLimit> limit;
      if (world().rank() == victim) limit.emplace(20000);
      const auto e = test::error_of([&] { write_network(world(), network, old); });
      limit.reset();
      EXPECT_EQ(e.code(), ExitCode::io_failure) << name << " " << e.what();
      EXPECT_NE(std::string(e.what()).find(old + ":"), std::string::npos) << e.what();
      EXPECT_EQ(test::bytes_of(old), "old");
    }
  }
  EXPECT_EQ(folder.names().size(), 3U);
}

TEST(Formats, an_unknown_extension_is_a_usage_error_that_names_the_known_ones) {
  for (const auto* path : {"network.xyz", "network", ".mtx", "network.h5.old"}) {
    const auto e = test::error_of([&] { check_writable_format(path); });
    EXPECT_EQ(e.code(), ExitCode::usage) << path;
    EXPECT_NE(std::string(e.what()).find(".mtx.gz"), std::string::npos);
    EXPECT_EQ(test::error_of([&] { read_network(world(), path, {}); }).code(), ExitCode::usage);
  }
}

TEST(Formats, a_file_that_is_not_there_is_an_io_failure) {
  for (const auto* path : {"/no/such/a.mtx", "/no/such/a.mtx.gz", "/no/such/a.h5", "/no/such/a.h5:/b"}) {
    const auto e = test::error_of([&] { read_network(world(), path, {}); });
    EXPECT_EQ(e.code(), ExitCode::io_failure) << path;
    EXPECT_NE(std::string(e.what()).find("/no/such/a"), std::string::npos);
  }
}

TEST(Paths, a_place_inside_an_hdf5_file_is_taken_apart) {
  const Hdf5Path whole("folder/a.h5"), inside("x.h5:y/a.h5:/group"), text("list.h5.txt");
  EXPECT_EQ(whole.file, "folder/a.h5");
  EXPECT_EQ(whole.inside, "");
  EXPECT_EQ(inside.file, "x.h5:y/a.h5");
  EXPECT_EQ(inside.inside, "/group");
  EXPECT_TRUE(whole.is_hdf5() && inside.is_hdf5() && !text.is_hdf5());
}

TEST(Paths, a_replaced_file_is_whole_or_as_it_was) {
  const test::Folder folder;
  const auto path = folder.file("report.json");
  for (const auto* text : {"a longer text", "short", ""}) {
    if (world().is_root()) replace_file(path, text);
    world().barrier();
    EXPECT_EQ(test::bytes_of(path), text);
  }
  EXPECT_EQ(folder.names().size(), 1U);
  EXPECT_EQ(test::error_of([&] { replace_file(folder.file("absent/report.json"), "text"); }).code(),
            ExitCode::io_failure);
}

}  // namespace
}  // namespace synbal
