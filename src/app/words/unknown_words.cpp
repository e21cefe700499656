// Walking along the words as the parser will.
#include "app/words/unknown_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cctype>

#include "synbal/core/similar_names.hpp"

namespace synbal::app {

namespace {

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) == 0 && word[1] != '.';
}

/// An option's name as it stands in a word: --name=value, -nvalue.
std::string name_in(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

/// A walk along the words of a command line.
class Walk {
 public:
  explicit Walk(const CLI::App& program) : program_(program), command_(&program) {}

  void take(std::span<const std::string> words) {
    for (std::size_t k = 0; k < words.size(); ++k) {
      const auto* next = k + 1 < words.size() ? &words[k + 1] : nullptr;
      if (is_option(words[k])) {
        if (option(words[k], next)) ++k;
      } else {
        other(words[k]);
      }
    }
  }

  [[nodiscard]] std::string message() const {
    return unknown_.empty() ? "" : fmt::format("{}", fmt::join(unknown_, "; "));
  }

 private:
  /// @return whether the next word is the option's value.
  bool option(const std::string& word, const std::string* next) {
    const auto name = name_in(word);
    const auto* found = find(name);
    const bool value_follows = next != nullptr && !is_option(*next);
    if (found == nullptr && lost_) return value_follows;
    if (found == nullptr) {
      unknown_.push_back(fmt::format("{} is no option{}{}", name, of_command(), did_you_mean(name, option_names())));
      return value_follows && !is_command(*next);
    }
    const bool attached = word.size() > name.size();
    if (attached || found->get_items_expected_max() == 0) return false;
    const bool option_follows = next != nullptr && is_option(*next) && find(name_in(*next)) != nullptr;
    if (found->get_items_expected_min() > 0 && option_follows) {
      unknown_.push_back(fmt::format("{} needs a value, but {} follows", name, *next));
      return false;
    }
    return found->get_items_expected_min() > 0 || value_follows;
  }

  void other(const std::string& word) {
    if (const auto* command = command_called(word)) {
      command_ = command;
      return;
    }
    const auto names = command_names();
    if (names.empty() || has_words() || lost_) return;  // a file name, say
    lost_ = true;                                       // what follows belongs to a command that nobody knows
    const auto* option = find("--" + word);
    const auto meant = option != nullptr ? fmt::format(" (did you mean --{}?)", word) : did_you_mean(word, names);
    const auto ways = fmt::format(": it comes first, and is one of {}", fmt::join(names, ", "));
    unknown_.push_back(fmt::format("'{}' is no command{}", word, meant.empty() ? ways : meant));
  }

  [[nodiscard]] std::string of_command() const {
    return command_ == &program_ ? std::string() : fmt::format(" of {}", command_->get_name());
  }
  [[nodiscard]] bool is_command(const std::string& word) const { return command_called(word) != nullptr; }

  [[nodiscard]] const CLI::App* command_called(const std::string& word) const {
    const auto found = command_->get_subcommands([&](const CLI::App* c) { return c->get_name() == word; });
    return word.empty() || found.empty() ? nullptr : found.front();
  }

  [[nodiscard]] std::vector<std::string> command_names() const {
    std::vector<std::string> names;
    for (const auto* command : command_->get_subcommands([](const CLI::App* c) { return !c->get_name().empty(); })) {
      names.push_back(command->get_name());
    }
    return names;
  }

  [[nodiscard]] bool has_words() const {
    return !command_->get_options([](const CLI::Option* o) { return o->get_positional(); }).empty();
  }

  /// visit(option) for all options that may stand here: those of the command, its groups, and what it stands below.
  template <class Visit>
  void for_each_option(Visit&& visit) const {
    for (const auto* app = command_; app != nullptr; app = app->get_parent()) {
      for (const auto* o : app->get_options()) visit(*o);
      for (const auto* group : app->get_subcommands([](const CLI::App* c) { return c->get_name().empty(); })) {
        for (const auto* o : group->get_options()) visit(*o);
      }
    }
  }

  [[nodiscard]] const CLI::Option* find(const std::string& name) const {
    const CLI::Option* found = nullptr;
    for_each_option([&](const CLI::Option& o) {
      if (o.check_name(name)) found = &o;
    });
    return found;
  }

  [[nodiscard]] std::vector<std::string> option_names() const {
    std::vector<std::string> names;
    for_each_option([&](const CLI::Option& o) {
      for (const auto& name : o.get_lnames()) names.push_back("--" + name);
    });
    return names;
  }

  const CLI::App& program_;
  const CLI::App* command_;
  bool lost_ = false;
  std::vector<std::string> unknown_;
};

}  // namespace

std::string unknown_words(const CLI::App& program, std::span<const std::string> words) {
  Walk walk(program);
  walk.take(words);
  return walk.message();
}

}  // namespace synbal::app
