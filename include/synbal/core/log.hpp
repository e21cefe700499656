// The log of a run, on stderr and from one rank. Results do not go here: they belong to stdout.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace synbal {

enum class LogLevel : int { debug, info, warning };

/// Sets what is printed: nothing at `verbosity` -1 (quiet), information and warnings at 0, also details at 1; nothing
/// at all on ranks that are not `root`. Before the first call, everything but details is printed. Not collective.
/// Errors that end the program are not the log's business: main() prints them.
void configure_log(int verbosity, bool root);

/// Whether a message of this level would be printed on this rank.
[[nodiscard]] bool log_shows(LogLevel level);

/// Prints one message as a line of its own, if it is shown.
void log_message(LogLevel level, std::string_view message);

/// Prints a line about work that is under way, at the level of information. On a terminal it takes the place of the
/// last such line, cut off where the terminal ends; elsewhere it is an ordinary line without control characters.
void log_status(std::string_view line);
/// Takes the line that log_status() keeps rewriting off the terminal.
void end_log_status();
/// Columns that such a line may have; as many as it likes where it is an ordinary one.
[[nodiscard]] std::size_t status_width();
/// Seconds since such a line was printed last; without end before the first one.
[[nodiscard]] double seconds_since_status();
/// Seconds that should lie between two of them.
[[nodiscard]] double status_pause();
/// Whether the log goes to a terminal.
[[nodiscard]] bool log_is_terminal();

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_shows(LogLevel::debug)) log_message(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_shows(LogLevel::info)) log_message(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  if (log_shows(LogLevel::warning)) log_message(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace synbal
