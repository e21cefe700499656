// Properties of what the program says about itself and its machine: versions, time, memory.
#include <regex>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {
namespace {

bool matches(const std::string& text, const char* pattern) { return std::regex_match(text, std::regex(pattern)); }

TEST(BuildInfo, version_and_revision_have_their_form) {
  EXPECT_TRUE(matches(version(), R"(\d+\.\d+\.\d+)")) << version();
  EXPECT_TRUE(matches(git_revision(), "unknown|[0-9a-f]{40}(-dirty)?")) << git_revision();
}

TEST(BuildInfo, names_all_libraries_on_one_line) {
  const auto text = library_versions();
  EXPECT_TRUE(
      matches(text, R"([^\n]+, PETSc \d+\.\d+\.\d+, SLEPc \d+\.\d+\.\d+, HDF5 \d+\.\d+\.\d+, SUNDIALS \d+\.\d+\.\d+)"))
      << text;
}

TEST(BuildInfo, index_width_is_32_or_64) { EXPECT_TRUE(petsc_int_bits() == 32 || petsc_int_bits() == 64); }

TEST(BuildInfo, time_is_iso_8601_in_utc) {
  EXPECT_TRUE(matches(utc_now(), R"(20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ)")) << utc_now();
}

TEST(Memory, peak_grows_by_what_is_touched_and_never_falls) {
  constexpr ByteCount size = 64 << 20;
  const auto before = peak_resident_bytes();
  std::vector<char>(static_cast<std::size_t>(size), 1);
  const auto after = peak_resident_bytes();
  EXPECT_GT(before, 1 << 20);
  EXPECT_GT(after - before, size / 2);
  EXPECT_GE(peak_resident_bytes(), after);
}

TEST(Timer, runs_forward_and_restarts) {
  Timer timer;
  while (timer.seconds() < 0.01) {
  }
  timer.restart();
  EXPECT_LT(timer.seconds(), 0.01);
}

}  // namespace
}  // namespace synbal
