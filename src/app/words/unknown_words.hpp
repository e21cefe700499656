// Words that no command and no option knows, and what may have been meant.
#pragma once

#include <span>
#include <string>

namespace CLI {
class App;
}

namespace synbal::app {

/// A message that names all words of a command line that are no option and no command, in their order; empty when there
/// are none. Missing and malformed ones are left to the parser.
[[nodiscard]] std::string unknown_words(const CLI::App& program, std::span<const std::string> words);

}  // namespace synbal::app
