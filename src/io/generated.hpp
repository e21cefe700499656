// Networks that need no file: `KIND:key=value,...` where a path may stand.
#pragma once

#include <optional>
#include <string>

#include "synbal/network/generate.hpp"

namespace synbal::io {

/// The parameters that `random:nodes=1e6,degree=20,seed=3` names; nothing when the path does not begin with a kind of
/// generator and a colon. Keys are those of GeneratorParams; sizes of layers are joined by x (`layers=784x200x100`).
/// @throws Error usage for unknown keys and values that are no numbers.
[[nodiscard]] std::optional<GeneratorParams> generator_of(const std::string& path);

/// " (did you mean ring?)" of a path that begins with nearly a kind of generator and a colon; else empty.
[[nodiscard]] std::string generator_meant(const std::string& path);

/// Stands for the bytes of a file: of the name, from which everything follows.
[[nodiscard]] std::string checksum_of_name(const std::string& path);

}  // namespace synbal::io
