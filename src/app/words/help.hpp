// Help texts as people read them: groups from common to rare, wrapped at the width of the terminal.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class FormatterBase;
}

namespace synbal::app {

/// The group of options that few need.
inline constexpr const char* kExpertGroup = "Expert options";
/// The group that comes last of all.
inline constexpr const char* kFaultsGroup = "Faults on purpose";

/// Makes all help texts.
[[nodiscard]] std::shared_ptr<CLI::FormatterBase> help_formatter();

/// Text broken at blanks into lines of at most `width`, all but the first indented by `indent`. Lines that begin with
/// two blanks are kept as they are.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

}  // namespace synbal::app
