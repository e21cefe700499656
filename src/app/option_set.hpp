// The options of a command: a narrow view of the parser behind them, which only option_set.cpp knows (its header takes
// longer to compile than most commands).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "synbal/core/enum_names.hpp"
#include "synbal/core/range.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace synbal::app {

/// An option that was just added, to be described further.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  /// What stands for its value in the help.
  Option& shown_as(const std::string& words);
  /// Tells in the help what holds when the option is left out: the value that its variable has now, or these words.
  Option& with_default();
  Option& with_default(const std::string& words);
  Option& within(const Range& range);
  Option& within_integers(std::int64_t low, std::int64_t high);
  Option& not_negative();
  Option& positive();
  /// Takes one value each time that it is given.
  Option& one_value_each();
  Option& excludes(const Option& other);
  /// Left out of the help.
  Option& hidden();
  /// Few need it: told further down in the help.
  Option& expert();

 private:
  CLI::Option* option_;
};

/// What parsing came to: a command to run, a text that was asked for (help or version), or a mistake.
struct Parsed {
  enum class Outcome { command, text, mistake } outcome;
  std::string text;
};

/// The options of the program, of a command, or of a group in the help of one. A handle: copies are the same set.
class OptionSet {
 public:
  OptionSet() = default;
  /// Those of a whole program, whose options may follow those of its commands.
  OptionSet(const std::string& name, const std::string& description, const std::string& version);

  /// Another command below this one.
  [[nodiscard]] OptionSet add_command(const std::string& name, const std::string& help) const;
  /// One of the commands has to be given.
  void require_command() const;
  /// Options that stand together in the help.
  [[nodiscard]] OptionSet add_group(const std::string& title, const std::string& help) const;
  /// The last lines of the help.
  void footer(const std::string& lines) const;
  /// Command lines to copy, behind them.
  void examples(const std::vector<std::string>& lines) const;

  /// An option or, without dashes, a positional word. `value` has to live until the words are parsed and is left alone
  /// when it is not given. T: std::string, double, an integer, std::optional of those, std::vector<std::string>.
  template <class T>
  Option add(const std::string& names, T& value, const std::string& help) const;
  /// An option whose value may be left out: it is then empty.
  Option add_optional(const std::string& names, std::optional<std::string>& value, const std::string& help) const;
  Option add_flag(const std::string& names, bool& value, const std::string& help) const;
  /// One of a few words, the first default being number `initial`; `chosen` is told the number of the user's.
  Option add_choice(const std::string& names, const std::vector<std::string>& words, std::size_t initial,
                    std::function<void(std::size_t)> chosen, const std::string& help) const;
  /// The same for words themselves, the default being what `value` holds now.
  Option add_choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
                    const std::string& help) const;
  /// The same for two words, the second of which means true.
  Option add_choice(const std::string& names, bool& value, const char* no, const char* yes,
                    const std::string& help) const;
  /// The same for the values of an enumeration.
  template <NamedEnum E>
  Option add_choice(const std::string& names, E& value, const std::string& help) const {
    const auto choose = [&value](std::size_t k) { value = enum_names<E>[k].first; };
    return add_choice(names, words_of<E>(), index_of(value), choose, help);
  }
  /// The same with one word more, in front, that leaves `value` empty.
  template <NamedEnum E>
  Option add_choice(const std::string& names, std::optional<E>& value, const char* word_of_none,
                    const std::string& help) const {
    auto words = words_of<E>();
    words.insert(words.begin(), word_of_none);
    const auto choose = [&value](std::size_t k) {
      value = k == 0 ? std::nullopt : std::optional(enum_names<E>[k - 1].first);
    };
    return add_choice(names, words, value ? index_of(*value) + 1 : 0, choose, help);
  }

  /// Whether the user gave this option. False for an option that this set does not have.
  [[nodiscard]] bool given(const std::string& name) const;
  /// A message of the library with its parameters (see parameter()) called by the names of this set's options, as far
  /// as it has such.
  [[nodiscard]] std::string in_option_names(std::string message) const;
  /// Whether this command was the user's.
  [[nodiscard]] bool chosen() const;
  /// Sets the variables of all options. Once, for the set of a program.
  [[nodiscard]] Parsed parse(std::vector<std::string> words) const;

 private:
  template <NamedEnum E>
  static std::vector<std::string> words_of() {
    std::vector<std::string> words;
    for (const auto& [value, word] : enum_names<E>) words.emplace_back(word);
    return words;
  }
  template <NamedEnum E>
  static std::size_t index_of(E wanted) {
    std::size_t index = 0;
    while (index + 1 < enum_names<E>.size() && enum_names<E>[index].first != wanted) ++index;
    return index;
  }

  /// Whether this set or a command chosen below it has the option.
  [[nodiscard]] bool knows(const std::string& name) const;

  explicit OptionSet(std::shared_ptr<CLI::App> app) : app_(std::move(app)) {}

  std::shared_ptr<CLI::App> app_;
};

}  // namespace synbal::app
