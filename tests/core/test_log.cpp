// Properties of the log: what is shown where, and no control characters away from a terminal.
#include <algorithm>

#include "support/mpi_test.hpp"
#include "synbal/core/log.hpp"

namespace synbal {
namespace {

/// What one message of every kind leaves on stderr; the log is set back to normal afterwards.
std::string logged(int verbosity, bool root) {
  testing::internal::CaptureStderr();
  configure_log(verbosity, root);
  log_debug("detail {}", 1);
  log_info("information {}", 2);
  log_status("status");
  end_log_status();
  log_warning("{} careful", "be");
  configure_log(0, true);
  return testing::internal::GetCapturedStderr();
}

TEST(Log, verbosity_chooses_what_is_shown) {
  const std::string usual = "synbal: information 2\nsynbal: status\nsynbal: warning: be careful\n";
  EXPECT_EQ(logged(-1, true), "");
  EXPECT_EQ(logged(0, true), usual);
  EXPECT_EQ(logged(1, true), "synbal: detail 1\n" + usual);
}

TEST(Log, ranks_that_are_not_root_are_silent) {
  EXPECT_EQ(logged(1, false), "");
  EXPECT_EQ(logged(-1, false), "");
}

TEST(Log, braces_in_a_message_are_text) {
  testing::internal::CaptureStderr();
  log_message(LogLevel::info, "a {} b");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "synbal: a {} b\n");
}

TEST(Log, has_no_control_characters_away_from_a_terminal) {
  if (log_is_terminal()) GTEST_SKIP() << "stderr is a terminal here";
  const auto text = logged(1, true);
  EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c == '\n' || c >= ' '; })) << text;
}

}  // namespace
}  // namespace synbal
