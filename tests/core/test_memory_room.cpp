// Whether what is ahead fits, agreed on by all ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "synbal/core/error.hpp"
#include "synbal/core/memory_room.hpp"

namespace synbal {
namespace {

TEST(MemoryRoom, IsToldByTheKernel) {
  const double left = memory_left_on_machine();
  EXPECT_GT(left, 1e6);
  EXPECT_LT(left, 1e15);
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
