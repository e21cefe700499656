// Names that a word begins, else those that the fewest letters make of it.
#include "synbal/core/similar_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace synbal {

namespace {

/// How many letters have to be put in, taken out or changed.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto before = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, before + (a[i - 1] == b[j - 1] ? 0 : 1)});
      before = above;
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  std::vector<std::string> meant;
  for (const auto& name : names) {
    if (name.starts_with(word) && word.size() > 2) meant.push_back(name);
  }
  if (meant.empty()) {
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& name : names) {
      const auto far = distance(word, name);
      if (far < least) meant.clear(), least = far;
      if (far == least && far <= std::max<std::size_t>(2, word.size() / 3)) meant.push_back(name);
    }
  }
  std::ranges::sort(meant);
  meant.erase(std::unique(meant.begin(), meant.end()), meant.end());
  if (meant.size() > 4) meant.resize(4);
  return meant.empty() ? "" : fmt::format(" (did you mean {}?)", fmt::join(meant, " or "));
}

}  // namespace synbal
