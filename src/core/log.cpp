// The one place that writes to stderr in the normal flow: messages, and the status line that a terminal rewrites.
#include "synbal/core/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "core/tuning.hpp"
#include "synbal/core/terminal.hpp"
#include "synbal/core/timer.hpp"

namespace synbal {

namespace {
struct LogState {
  std::shared_ptr<spdlog::logger> logger;
  bool terminal = false;
  bool status_open = false;       ///< a status line stands on the terminal
  std::size_t status_length = 0;  ///< so that a shorter line covers the last one
  std::optional<Timer> since_status{};
};

LogState make_state() {
  auto logger = std::make_shared<spdlog::logger>("synbal", std::make_shared<spdlog::sinks::stderr_sink_st>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::info);
  logger->flush_on(spdlog::level::debug);
  return {.logger = std::move(logger), .terminal = is_terminal(Stream::error)};
}

LogState& state() {
  static LogState the_state = make_state();
  return the_state;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
  }
  return spdlog::level::off;
}

std::string prefix(LogLevel level) {
  return level == LogLevel::warning ? "synbal: " + coloured("warning:", Colour::yellow, Stream::error) + " "
                                    : "synbal: ";
}

// What the last column shows would move the cursor to the next line, where it cannot be taken back.
void rewrite_status(std::string_view text) {
  auto& log = state();
  text = text.substr(0, status_width() - 1);
  const std::size_t blanks = log.status_length - std::min(log.status_length, text.size());
  fmt::print(stderr, "\r{}{:{}}", text, "", blanks);
  std::fflush(stderr);
  log.status_open = true;
  log.status_length = text.size();
}
}  // namespace

void configure_log(int verbosity, bool root) {
  auto level = spdlog::level::info;
  if (verbosity < 0) level = spdlog::level::off;
  if (verbosity > 0) level = spdlog::level::debug;
  state().logger->set_level(root ? level : spdlog::level::off);
}

bool log_shows(LogLevel level) { return state().logger->should_log(to_spdlog(level)); }

void log_message(LogLevel level, std::string_view message) {
  if (!log_shows(level)) return;
  end_log_status();
  state().logger->log(to_spdlog(level), "{}{}", prefix(level), message);
}

void log_status(std::string_view line) {
  if (!log_shows(LogLevel::info)) return;
  log_is_terminal() ? rewrite_status(line) : log_message(LogLevel::info, line);
  state().since_status.emplace();
}

void end_log_status() {
  auto& log = state();
  if (!log.status_open) return;
  fmt::print(stderr, "\r{:{}}\r", "", log.status_length);
  std::fflush(stderr);
  log.status_open = false;
  log.status_length = 0;
}

bool log_is_terminal() { return state().terminal; }

double seconds_since_status() {
  const auto& since = state().since_status;
  return since ? since->seconds() : std::numeric_limits<double>::infinity();
}

double status_pause() { return log_is_terminal() ? tuning::kPauseOnTerminal : tuning::kPauseInLog; }

std::size_t status_width() {
  constexpr std::size_t usual = 80, narrowest = 20;
  if (!log_is_terminal()) return std::string_view::npos;
  return std::max(terminal_width(Stream::error).value_or(usual), narrowest);
}

}  // namespace synbal
