// Which activations let a network be scaled: phi(a x) = a phi(x) for all a > 0.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synbal::io {

/// A warning where the activation that a file names is not positively homogeneous, as far as its name tells; else none.
[[nodiscard]] std::vector<std::string> notices_of_activation(std::string_view name);

}  // namespace synbal::io
