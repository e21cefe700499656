// Questions to the system about stdout and stderr.
#include "synbal/core/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "synbal/core/launch.hpp"

namespace synbal {

namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

bool shows_colours(Stream stream) {
  const char* plain = std::getenv("NO_COLOR");
  if (plain != nullptr && *plain != '\0') return false;
  if (is_set("CLICOLOR_FORCE")) return true;
  const char* kind = std::getenv("TERM");
  return is_terminal(stream) && kind != nullptr && std::string_view(kind) != "dumb";
}

}  // namespace

bool is_terminal(Stream stream) noexcept {
  const bool to_launcher = stream == Stream::out && launched_rank();
  return !to_launcher && ::isatty(static_cast<int>(stream)) == 1;
}

std::optional<std::size_t> terminal_width(Stream stream) noexcept {
  winsize size{};
  if (::ioctl(static_cast<int>(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return size.ws_col;
}

std::string coloured(std::string_view text, Colour colour, Stream stream) {
  if (!shows_colours(stream)) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", static_cast<int>(colour), text);
}

}  // namespace synbal
