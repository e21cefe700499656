// Answers of a long run that come one after the other, kept so that another run need not find them again.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace synbal {

/// Everything that is added is added by all ranks alike. What an item is, its two numbers say.
class AnswerKeeper {
 public:
  using Item = std::array<std::int64_t, 2>;

  AnswerKeeper() = default;
  AnswerKeeper(const AnswerKeeper&) = delete;
  AnswerKeeper& operator=(const AnswerKeeper&) = delete;
  virtual ~AnswerKeeper() = default;

  /// Not collective. What is known of an item, empty where nothing is; until the next add().
  [[nodiscard]] virtual std::span<const double> known(const Item& item) const = 0;
  /// Not collective, but of all ranks. As many values for every item.
  virtual void add(const Item& item, std::span<const double> values) = 0;
  /// Collective. A moment at which all that is known may be kept. @throws Error stopped.
  virtual void pause() = 0;
};

}  // namespace synbal
