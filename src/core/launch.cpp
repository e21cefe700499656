// What launchers leave in the environment.
#include "synbal/core/launch.hpp"

#include <cstdlib>

namespace synbal {

namespace {

std::optional<int> look() noexcept {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return {};
}

const std::optional<int> rank_at_start = look();

}  // namespace

std::optional<int> launched_rank() noexcept { return rank_at_start; }

}  // namespace synbal
