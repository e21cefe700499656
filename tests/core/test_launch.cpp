// What launchers leave in the environment, against what MPI says once it runs.
#include <array>
#include <cstdlib>
#include <string>

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

/// What Open MPI took a parameter to be; nothing where it has none of that name.
std::string parameter(const char* name) {
  int provided = 0, index = 0, count = 0;
  MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
  std::array<char, 1024> value{};
  if (MPI_T_cvar_get_index(name, &index) == MPI_SUCCESS) {
    MPI_T_cvar_handle handle = nullptr;
    MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count);
    if (count < std::ssize(value)) MPI_T_cvar_read(handle, value.data());
    MPI_T_cvar_handle_free(&handle);
  }
  MPI_T_finalize();
  return value.data();
}

TEST(Launch, looks_for_no_network_on_one_host) {
  if (!launched_on_one_host()) GTEST_SKIP() << "needs ranks that are known to be on one host";
  for (const char* name : {"OMPI_MCA_pml", "OMPI_MCA_btl", "OMPI_MCA_mtl"}) {
    if (std::getenv(name) != nullptr) GTEST_SKIP() << name << " is set";  // not by us: ours is gone
  }
  if (parameter("mpi_yield_when_idle").empty() && parameter("pml").empty()) GTEST_SKIP() << "needs Open MPI";
  EXPECT_EQ(parameter("pml"), "ob1");
  EXPECT_EQ(parameter("btl"), "self,vader,tcp");
}

}  // namespace
}  // namespace synbal
