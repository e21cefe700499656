// What launchers leave in the environment, against what MPI says once it runs.
#include <cstdlib>

#include "support/mpi_test.hpp"
#include "synbal/core/launch.hpp"

namespace synbal {
namespace {

using test::world;

int ranks_on_this_host() {
  MPI_Comm host = MPI_COMM_NULL;
  MPI_Comm_split_type(world().get(), MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
  int count = 0;
  MPI_Comm_size(host, &count);
  MPI_Comm_free(&host);
  return count;
}

TEST(Launch, says_of_ranks_and_hosts_what_mpi_says) {
  if (!launched_rank()) GTEST_SKIP() << "needs a launcher";
  EXPECT_EQ(*launched_rank(), world().rank());
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) GTEST_SKIP() << "only Open MPI's launcher tells of hosts";
  EXPECT_EQ(launched_on_one_host(), ranks_on_this_host() == world().size());
}

}  // namespace
}  // namespace synbal
