// What is known of the terminals behind stdout and stderr: how wide they are, and whether they take colours.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace synbal {

enum class Stream : int { out = 1, error = 2 };

/// Whether somebody looks at the stream. False for the stdout of ranks that a launcher started: it leads to the
/// launcher, which may write it anywhere, although it looks like a terminal.
[[nodiscard]] bool is_terminal(Stream stream) noexcept;

/// Columns of the terminal that the stream leads to; nothing where it is none, or one that does not say.
[[nodiscard]] std::optional<std::size_t> terminal_width(Stream stream) noexcept;

enum class Colour : int { red = 31, green = 32, yellow = 33 };

/// The text in a colour, on terminals that take colours; as it is elsewhere, and wherever NO_COLOR is set.
/// CLICOLOR_FORCE=1 colours pipes and files, too.
[[nodiscard]] std::string coloured(std::string_view text, Colour colour, Stream stream);

}  // namespace synbal
