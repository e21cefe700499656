// Whether what is ahead fits, agreed on by all ranks.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "synbal/core/error.hpp"
#include "synbal/core/memory_room.hpp"

namespace synbal {
namespace {

TEST(MemoryRoom, IsToldByTheKernel) {
  const double left = memory_left_on_machine();
  EXPECT_GT(left, 1e6);
  EXPECT_LT(left, 1e15);
}

/// A control group's folder, as the kernel would show it.
class Group {
 public:
  explicit Group(std::vector<std::pair<std::string, std::string>> files) {
    std::string pattern = std::filesystem::temp_directory_path() / "synbal-group-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder in " + pattern);
    folder_ = pattern;
    for (const auto& [name, text] : files) std::ofstream(folder_ / name) << text;
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] double left() const { return memory_left_in_group(folder_.string()); }

 private:
  std::filesystem::path folder_;
};

TEST(MemoryRoom, PagesOfFilesAreNotTakenInGroups) {
  const std::string stat =
      "anon 300\nactive_file 100\ninactive_file 500\ntotal_active_file 150\ntotal_inactive_file 600\n";
  EXPECT_EQ(Group({{"memory.max", "1000"}, {"memory.current", "950"}, {"memory.stat", stat}}).left(), 650);
  EXPECT_EQ(Group({{"memory.limit_in_bytes", "1000"}, {"memory.usage_in_bytes", "950"}, {"memory.stat", stat}}).left(),
            800);
}

TEST(MemoryRoom, GroupsWithoutALimitLeaveAll) {
  EXPECT_TRUE(std::isinf(Group({{"memory.max", "max"}, {"memory.current", "950"}}).left()));
  EXPECT_TRUE(std::isinf(Group({}).left()));
  EXPECT_EQ(Group({{"memory.max", "1000"}, {"memory.current", "1200"}}).left(), 0);
}

TEST(MemoryRoom, LittleFits) {
  const Comm comm(MPI_COMM_WORLD);
  EXPECT_NO_THROW(expect_room(comm, 1.0, "a byte"));
}

TEST(MemoryRoom, RanksOfAMachineShareIt) {
  const Comm comm(MPI_COMM_WORLD);
  EXPECT_EQ(on_this_machine(comm, 2.0), 2.0 * comm.size());  // the test runs on one machine
}

TEST(MemoryRoom, WhatOneRankCannotTakeIsRefusedByAll) {
  const Comm comm(MPI_COMM_WORLD);
  const double bytes = comm.rank() == comm.size() - 1 ? 4 * memory_left_on_machine() : 1.0;
  try {
    expect_room(comm, bytes, "synapses");
    FAIL() << "four times the memory there is was found to fit";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::io_failure);
    EXPECT_NE(std::string(e.what()).find("memory: synapses take about"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("times as many machines"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace synbal
