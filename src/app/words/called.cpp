// Names, or numbers.
#include "app/words/called.hpp"

#include "synbal/io/selection.hpp"

namespace synbal::app {

std::vector<std::string> called(const Comm& comm, const Network& network, std::span<const std::int64_t> ids) {
  const auto names = names_at(comm, network, ids);
  std::vector<std::string> words;
  for (std::size_t k = 0; k < ids.size(); ++k) {
    words.push_back(names.empty() ? std::to_string(ids[k]) : std::string(names[k]));
  }
  return words;
}

}  // namespace synbal::app
