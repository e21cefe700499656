// The main of every MPI test program: failures of any rank are told on rank 0, the verdict is shared, and a run without
// tests fails. A run that hangs and is ended from outside tells on every rank in which test it stood and what had
// failed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/mpi_test.hpp"

namespace synbal::test {

namespace {
const Session* current_session = nullptr;

/// What the signal handler may print: complete whenever `ready` is set.
std::string last_words;
volatile std::sig_atomic_t last_words_ready = 0;

void write_to_stderr(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody is left to tell
}

void speak_and_leave(int /*signal*/) {
  if (last_words_ready != 0) write_to_stderr(last_words);
  _exit(EXIT_FAILURE);
}

/// Collects this rank's failures; ranks above 0 print nothing themselves.
class FailureCollector : public testing::EmptyTestEventListener {
 public:
  explicit FailureCollector(Rank rank) : rank_(rank) {}
  void OnTestStart(const testing::TestInfo& test) override {
    prepare_last_words(std::string(test.test_suite_name()) + "." + test.name());
  }
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (!part.failed()) return;
    text_ += "[rank " + std::to_string(rank_) + "] " + (part.file_name() ? part.file_name() : "?") + ":" +
             std::to_string(part.line_number()) + ": " + part.message() + "\n";
    prepare_last_words(test_);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void prepare_last_words(const std::string& test) {
    test_ = test;
    last_words_ready = 0;
    last_words = text_ + "[rank " + std::to_string(rank_) + "] was ended in " + test_ + "\n";
    last_words_ready = 1;
  }

  Rank rank_;
  std::string test_;
  std::string text_;
};

void print_failures_of_other_ranks(const Comm& world, const std::string& own) {
  for (Rank r = 1; r < world.size(); ++r) {
    const auto text = world.broadcast(own, r);
    if (world.is_root() && !text.empty()) std::fputs(text.c_str(), stdout);
  }
}
}  // namespace

const Comm& world() { return current_session->world(); }

int run(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const Session session("synbal-test");
  current_session = &session;
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  auto* collector = new FailureCollector(session.world().rank());  // owned by GoogleTest
  if (!session.world().is_root()) delete listeners.Release(listeners.default_result_printer());
  listeners.Append(collector);
  std::signal(SIGTERM, speak_and_leave);
  const int failed = RUN_ALL_TESTS();
  print_failures_of_other_ranks(session.world(), collector->text());
  const bool nothing_ran = testing::UnitTest::GetInstance()->test_to_run_count() == 0;
  if (nothing_ran && session.world().is_root()) std::fputs("no test ran\n", stdout);
  return session.world().any(failed != 0 || nothing_ran) ? 1 : 0;
}

}  // namespace synbal::test

int main(int argc, char** argv) { return synbal::test::run(argc, argv); }
