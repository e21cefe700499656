// What can go wrong, as the user sees it: one exception type that carries the documented exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace synbal {

/// Exit codes of the program: a promise to scripts.
enum class ExitCode : int {
  done = 0,           ///< finished and converged
  internal = 1,       ///< a defect of the program
  usage = 2,          ///< the command line is wrong
  bad_input = 3,      ///< a file says something impossible
  not_converged = 4,  ///< limits reached first; the result is written and marked
  io_failure = 5,     ///< reading or writing failed
  stopped = 75        ///< stopped by a signal or by walltime, with a valid checkpoint
};

/// An error that ends the run: `what()` reads as "problem (why): what to do".
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Shorthands for the kinds a caller can do something about.
[[nodiscard]] inline Error usage_error(const std::string& message) { return {ExitCode::usage, message}; }
[[nodiscard]] inline Error bad_input(const std::string& message) { return {ExitCode::bad_input, message}; }
[[nodiscard]] inline Error io_failure(const std::string& message) { return {ExitCode::io_failure, message}; }
[[nodiscard]] inline Error internal_error(const std::string& message) { return {ExitCode::internal, message}; }

}  // namespace synbal
