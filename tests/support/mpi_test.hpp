// What MPI tests share: the world communicator and small helpers. Use EXPECT_ before collectives, never ASSERT_ that
// can fail on one rank only: the others would wait for ever.
#pragma once

#include <gtest/gtest.h>

#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/session.hpp"

namespace synbal::test {

/// The communicator of all ranks of the test run.
const Comm& world();

}  // namespace synbal::test
