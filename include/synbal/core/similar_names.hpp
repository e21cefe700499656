// What may have been meant by a word that names nothing.
#pragma once

#include <string>
#include <vector>

namespace synbal {

/// " (did you mean A or B?)", of the names that `word` begins or nearly is; empty when there is none.
[[nodiscard]] std::string did_you_mean(const std::string& word, const std::vector<std::string>& names);

}  // namespace synbal
