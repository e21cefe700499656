// Texts over routes: their lengths first, then their letters.
#include "synbal/core/texts.hpp"

#include "synbal/core/route.hpp"

namespace synbal {

Texts send(const Route& route, const Texts& texts) {
  const auto letter = [&](std::int64_t e) { return texts.letters[at(e)]; };
  auto letters = route.send_lists(texts.start, letter);
  return {starts_of(route.send(lengths_of(texts.start))), std::move(letters)};
}

Texts reply(const Route& route, const Texts& answers) {
  auto back = route.reply_lists(answers.start, [&](std::int64_t e) { return answers.letters[at(e)]; });
  return {std::move(back.start), std::move(back.values)};
}

Texts send(const Placement& placement, const Texts& texts) {
  const auto came = send(placement.route(), texts);
  std::vector<std::size_t> item(came.size());  // at each place
  for (std::size_t k = 0; k < item.size(); ++k) item[at(placement.slots()[k])] = k;
  Texts placed;
  placed.letters.reserve(came.letters.size());
  for (const auto k : item) placed.push_back(came[k]);
  return placed;
}

}  // namespace synbal
