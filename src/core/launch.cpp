// What launchers leave in the environment.
#include "synbal/core/launch.hpp"

#include <cstdlib>
#include <string_view>

namespace synbal {

namespace {

std::optional<int> look() noexcept {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return {};
}

bool look_for_one_host() noexcept {
  const char* all = std::getenv("OMPI_COMM_WORLD_SIZE");
  const char* here = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (all != nullptr && here != nullptr) return std::string_view(all) == here;
  return !look();
}

const std::optional<int> rank_at_start = look();
const bool one_host_at_start = look_for_one_host();

}  // namespace

std::optional<int> launched_rank() noexcept { return rank_at_start; }

bool launched_on_one_host() noexcept { return one_host_at_start; }

}  // namespace synbal
