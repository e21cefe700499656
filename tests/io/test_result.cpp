// Result files give back what was put in, for the order of the input file, whatever the partition.
#include "files.hpp"
#include "native_sample.hpp"
#include "synbal/io/result.hpp"

namespace synbal {
namespace {

using test::world;

struct Values {
  std::vector<double> h, in_cost, out_cost;
  std::vector<std::int64_t> component;
};

/// Values that say to which neuron of the file they belong.
Values values_of(const Network& network) {
  Values v;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto place = static_cast<double>(network.file_index(i));
    v.h.push_back(0.5 * place - 3);
    v.in_cost.push_back(place * 1e100);
    v.out_cost.push_back(place * 1e-100);
    v.component.push_back(network.file_index(i) * 7);
  }
  return v;
}

const std::vector<SolverProgress> kHistory{{0, 10, 1, 0.1}, {1, 5, 0.1, 0.2}, {2, 4, 1e-11, 0.3}};

Provenance provenance() {
  Provenance p;
  p.program = "synbal";
  p.version = "1.2.3";
  p.git = "abc";
  p.command = "synbal balance \xc3\xa4.mtx";
  p.input_path = "\xc3\xa4.mtx";
  p.input_checksum = "crc32:00000000";
  p.input_size = std::int64_t{1} << 40;
  p.power = 1.5;
  p.n = 90;
  p.exit_code = 4;
  return p;
}

void write(const Network& network, const Network* balanced, const std::string& path) {
  const auto v = values_of(network);
  write_result(world(), network, {v.h, v.component, v.in_cost, v.out_cost, kHistory, balanced, provenance()}, path);
}

TEST(Result, comes_back_under_any_partition) {
  const test::Folder folder;
  write_network(world(), test::random_network(90, 4), folder.file("a.h5"));
  for (const auto from : {PartitionKind::nnz, test::cut_partition()}) {
    const auto network = test::read_as(folder.file("a.h5"), from);
    write(network, &network, folder.file("result.h5"));
    for (const auto to : {PartitionKind::contiguous, test::cut_partition()}) {
      const auto again = test::read_as(folder.file("a.h5"), to);
      const auto stored = read_result(world(), again, folder.file("result.h5"));
      const auto expected = values_of(again);
      EXPECT_EQ(stored.h, expected.h);
      EXPECT_EQ(stored.component, expected.component);
      EXPECT_EQ(stored.in_cost, expected.in_cost);
      EXPECT_EQ(stored.out_cost, expected.out_cost);
      EXPECT_TRUE(stored.has_weights);
      const auto weights = read_result_weights(world(), again, folder.file("result.h5"));
      EXPECT_EQ(weights.rows.offsets(), again.rows.offsets());
      EXPECT_EQ(weights.position, again.position);
      EXPECT_EQ(weights.column, again.column);
      EXPECT_EQ(weights.weight, again.weight);
    }
    EXPECT_EQ(test::entries_of(read_network(world(), folder.file("result.h5"), {})), test::entries_of(network));
  }
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a.h5", "result.h5"}));
}

TEST(Result, keeps_its_provenance) {
  const test::Folder folder;
  const auto network = test::random_network(12, 2);
  write(network, nullptr, folder.file("r.h5"));
  const auto stored = read_result(world(), network, folder.file("r.h5"));
  EXPECT_FALSE(stored.has_weights);
  EXPECT_EQ(stored.provenance.command, provenance().command);
  EXPECT_EQ(stored.provenance.input_size, std::int64_t{1} << 40);
  EXPECT_EQ(stored.provenance.power, 1.5);
  EXPECT_EQ(stored.provenance.tolerance, 1e-10);
  EXPECT_EQ(stored.provenance.exit_code, 4);
  EXPECT_EQ(stored.provenance.reason, "");
  const auto e = test::error_of([&] { read_result_weights(world(), network, folder.file("r.h5")); });
  EXPECT_EQ(e.code(), ExitCode::bad_input);
}

TEST(Result, of_no_and_of_one_neuron) {
  const test::Folder folder;
  for (const GlobalIndex n : {0, 1}) {
    const auto network = test::random_network(n, 1);
    write(network, &network, folder.file("r.h5"));
    EXPECT_EQ(read_result(world(), network, folder.file("r.h5")).h, values_of(network).h);
    EXPECT_EQ(read_result_weights(world(), network, folder.file("r.h5")).nnz, network.nnz);
  }
}

TEST(Result, of_another_network_or_no_result_is_refused) {
  const test::Folder folder;
  const auto network = test::random_network(12, 2), other = test::random_network(13, 2);
  write(network, &network, folder.file("r.h5"));
  write_network(world(), network, folder.file("network.h5"));
  const auto text = test::put(folder, "text.h5", "no HDF5");
  const auto code = [&](const Network& of, const std::string& path) {
    return test::error_of([&] { read_result(world(), of, path); }).code();
  };
  EXPECT_EQ(code(other, folder.file("r.h5")), ExitCode::bad_input);
  EXPECT_EQ(code(network, folder.file("network.h5")), ExitCode::bad_input);
  EXPECT_EQ(code(network, text), ExitCode::bad_input);
  EXPECT_EQ(code(network, folder.file("none.h5")), ExitCode::io_failure);
  EXPECT_EQ(code(network, folder.file("r.h5")), ExitCode::done);
}

TEST(Result, an_existing_file_survives_a_failure) {
  const test::Folder folder;
  const auto old = test::put(folder, "r.h5", "old");
  const auto network = test::random_network(12, 2);
  auto v = values_of(network);
  const auto e = test::error_of([&] { write(network, nullptr, folder.file("missing/r.h5")); });
  EXPECT_EQ(e.code(), ExitCode::io_failure);
  EXPECT_EQ(test::bytes_of(old), "old");
  write(network, nullptr, old);
  EXPECT_EQ(read_result(world(), network, old).h, v.h);
}

}  // namespace
}  // namespace synbal
