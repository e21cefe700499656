// No bit of a result, a checkpoint or a network changes, and no byte is lost, without being noticed.
#include <random>
#include <string>
#include <vector>

#include "files.hpp"
#include "synbal/io/checkpoint.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/io/result.hpp"

namespace synbal {
namespace {

using test::world;

/// Collective. Calls read() with damaged copies of a file, of which all must be refused.
template <class Read>
void expect_all_noticed(const test::Folder& folder, const std::string& path, Read&& read) {
  const auto whole = test::bytes_of(path);
  std::mt19937_64 random(7);
  const int tries = world().size() == 1 ? 120 : 24;  // reading costs more where ranks share cores
  for (int k = 0; k < tries; ++k) {
    auto bytes = whole;
    if (k % 8 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    }
    const auto bad = test::put(folder, "bad.h5", bytes);
    const auto error = test::error_of([&] { read(bad); });
    EXPECT_EQ(error.code(), ExitCode::bad_input) << "try " << k << ": " << error.what();
  }
  EXPECT_EQ(test::error_of([&] { read(path); }).code(), ExitCode::done);
}

TEST(Flips, of_results_are_noticed) {
  const test::Folder folder;
  const auto network = test::random_network(30, 3);
  const std::vector<double> values(static_cast<std::size_t>(network.local_size()), 0.5);
  const std::vector<std::int64_t> components(values.size(), 1);
  const std::vector<SolverProgress> history{{0, 10, 1, 0.1}, {1, 5, 0.1, 0.2}};
  write_result(world(), network, {values, components, values, values, history, &network, {}}, folder.file("a.h5"));
  expect_all_noticed(folder, folder.file("a.h5"),
                     [&](const std::string& path) { (void)read_result(world(), network, path); });
}

TEST(Flips, of_networks_are_noticed_and_a_file_without_its_seal_is_as_good_as_any) {
  const test::Folder folder;
  const auto path = folder.file("n.h5");
  write_network(world(), test::random_network(30, 3), path);
  const auto whole = test::bytes_of(path);
  const auto code_of = [&](const std::string& bytes) {
    const auto other = test::put(folder, "other.h5", bytes);
    return test::error_of([&] { (void)read_network(world(), other, {}); }).code();
  };
  constexpr std::size_t seal = 48;  // bytes
  std::mt19937_64 random(7);
  for (int k = 0; k < (world().size() == 1 ? 120 : 24); ++k) {
    auto bytes = whole;
    bytes[random() % (bytes.size() - seal)] ^= static_cast<char>(1U << random() % 8);
    EXPECT_EQ(code_of(bytes), ExitCode::bad_input) << "try " << k;
  }
  EXPECT_EQ(code_of(whole), ExitCode::done);
  EXPECT_EQ(code_of(whole.substr(0, whole.size() - seal)), ExitCode::done);
}

TEST(Flips, of_checkpoints_are_noticed) {
  const test::Folder folder;
  const auto network = test::random_network(30, 3);
  Checkpoint checkpoint;
  checkpoint.facts = {{"the input", "crc32:01234567"}};
  checkpoint.h.assign(static_cast<std::size_t>(network.local_size()), 0.25);
  checkpoint.numbers["newton/iterations"] = {3};
  checkpoint.neurons["newton/delta"] = checkpoint.h;
  write_checkpoint(world(), network, checkpoint, folder.file("c.h5"));
  expect_all_noticed(folder, folder.file("c.h5"),
                     [&](const std::string& path) { (void)read_checkpoint(world(), network, path); });
}

}  // namespace
}  // namespace synbal
