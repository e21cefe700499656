// Options by CLI11.
#include "app/option_set.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <type_traits>

#include "app/options.hpp"
#include "app/words/help.hpp"
#include "app/words/unknown_words.hpp"
#include "synbal/core/similar_names.hpp"

namespace synbal::app {

Option& Option::required() { return option_->required(), *this; }

Option& Option::shown_as(const std::string& words) { return option_->type_name(words), *this; }

Option& Option::with_default() { return option_->capture_default_str(), *this; }

Option& Option::with_default(const std::string& words) { return option_->default_str(words), *this; }

Option& Option::within(const Range& range) {
  const auto words = fmt::format("{:.10g} to {:.10g}", range.low, range.high);
  const auto check = [range, words](const std::string& word) {
    double value = 0;
    const bool good = CLI::detail::lexical_cast(word, value) && range.contains(value);
    return good ? std::string() : fmt::format("'{}' is not a number from {}", word, words);
  };
  option_->check(CLI::Validator(check, words));
  return *this;
}

Option& Option::within_integers(std::int64_t low, std::int64_t high) {
  return within({static_cast<double>(low), static_cast<double>(high)});
}

namespace {
/// CLI11's own checks of the sign let NaN through.
CLI::Validator number_that(bool (*fits)(double), const std::string& words, const std::string& name) {
  const auto check = [fits, words](const std::string& word) {
    double value = 0;
    const bool good = CLI::detail::lexical_cast(word, value) && std::isfinite(value) && fits(value);
    return good ? std::string() : fmt::format("'{}' is no {} number", word, words);
  };
  return {check, name};
}
}  // namespace

Option& Option::not_negative() {
  return option_->check(number_that([](double v) { return v >= 0; }, "finite, not negative", "NONNEGATIVE")), *this;
}

Option& Option::positive() {
  return option_->check(number_that([](double v) { return v > 0; }, "finite, positive", "POSITIVE")), *this;
}

Option& Option::one_value_each() { return option_->allow_extra_args(false), *this; }

Option& Option::excludes(const Option& other) { return option_->excludes(other.option_), *this; }

Option& Option::hidden() { return option_->group(""), *this; }

Option& Option::expert() { return option_->group(kExpertGroup), *this; }

namespace {

/// Counts are written as 1e6, too.
void takes_powers_of_ten(CLI::Option& option) {
  const auto plain = [](std::string& word) {
    const auto count = count_in(word);
    const auto value = number_in<double>(word);
    if (!count && value && *value != std::floor(*value)) return fmt::format("'{}' is not a whole number", word);
    if (count) word = fmt::format("{}", *count);
    return std::string();
  };
  option.transform(CLI::Validator(plain, ""));
}

template <class T>
inline constexpr bool is_count = std::is_integral_v<T>;
template <class T>
inline constexpr bool is_count<std::optional<T>> = std::is_integral_v<T>;

CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& word) {
    if (std::ranges::find(words, word) != words.end()) return std::string();
    return fmt::format("'{}' is none of {}{}", word, fmt::join(words, ", "), did_you_mean(word, words));
  };
  return {check, fmt::format("{{{}}}", fmt::join(words, ","))};
}

/// `info FILE --header` asks for the header alone, unless a word about the columns of an edge list follows.
void take_bare_header(std::vector<std::string>& words) {
  if (std::ranges::find(words, "info") == words.end()) return;
  for (std::size_t k = 0; k < words.size(); ++k) {
    const auto next = k + 1 < words.size() ? words[k + 1] : std::string();
    if (words[k] == "--header" && next != "auto" && next != "yes" && next != "no") words[k] = "--header-only";
  }
}

/// `synbal help COMMAND` is `synbal COMMAND --help`, and no words at all ask for help.
std::vector<std::string> as_options(std::vector<std::string> words) {
  if (words.empty()) return {"--help"};
  take_bare_header(words);
  if (words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

/// Where the words got to: "synbal laplacian solve".
std::string command_of(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  const bool ends = parsed.empty() || parsed.front()->get_name().empty();
  return ends ? app.get_name() : app.get_name() + " " + command_of(*parsed.front());
}

/// The commands below the last one that was given.
std::string commands_below(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  if (!parsed.empty() && !parsed.front()->get_name().empty()) return commands_below(*parsed.front());
  std::string names;
  for (const auto* command : app.get_subcommands([](const CLI::App* c) { return !c->get_name().empty(); })) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  return names;
}

/// The parser's complaints about words that are too many or too few, in words of a user.
std::string about_words(const std::string& message, const CLI::App& app) {
  if (message == "A subcommand is required") return fmt::format("which one? Give one of {}", commands_below(app));
  const std::string_view one = "The following argument was not expected: ";
  const std::string_view several = "The following arguments were not expected: ";
  for (const auto before : {one, several}) {
    if (!message.starts_with(before)) continue;
    return fmt::format(
        "'{}' belongs to nothing before it: leave it out (what belongs together has no blanks, as in I,J)",
        message.substr(before.size()));
  }
  return message;
}

/// The parser's "Could not convert: --NAME = WORD" in words of a user.
std::string no_number(std::string message) {
  const std::string_view before = "Could not convert: ", between = " = ";
  const auto middle = message.find(between);
  if (!message.starts_with(before) || middle == message.npos) return message;
  const auto name = message.substr(before.size(), middle - before.size());
  return fmt::format("{}: '{}' is not a number of its kind", name, message.substr(middle + between.size()));
}

}  // namespace

OptionSet::OptionSet(const std::string& name, const std::string& description, const std::string& version)
    : app_(std::make_shared<CLI::App>(description, name)) {
  app_->set_version_flag("-V,--version", version, "version and git revision");
  app_->set_help_flag("-h,--help", "this text; `synbal help COMMAND` is the same");
  app_->formatter(help_formatter());
  app_->require_subcommand(0, 1);  // none is for the program to refuse, after words that no command knows
  app_->fallthrough();
}

// Commands and groups belong to the whole, which any handle keeps alive.
OptionSet OptionSet::add_command(const std::string& name, const std::string& help) const {
  auto* command = app_->add_subcommand(name, help);
  command->footer("");  // not that of what it stands below
  return OptionSet({app_, command});
}

OptionSet OptionSet::add_group(const std::string& title, const std::string& help) const {
  return OptionSet({app_, app_->add_option_group(title, help)});
}

void OptionSet::require_command() const { app_->require_subcommand(1); }
void OptionSet::footer(const std::string& lines) const { app_->footer(lines); }

void OptionSet::examples(const std::vector<std::string>& lines) const {
  auto text = app_->get_footer() + (app_->get_footer().empty() ? "Examples" : "\n\nExamples");
  for (const auto& line : lines) text += "\n  " + line;
  app_->footer(text);
}

template <class T>
Option OptionSet::add(const std::string& names, T& value, const std::string& help) const {
  auto* option = app_->add_option(names, value, help);
  if constexpr (is_count<T>) takes_powers_of_ten(*option);
  return Option(option);
}
template Option OptionSet::add(const std::string&, std::string&, const std::string&) const;
template Option OptionSet::add(const std::string&, double&, const std::string&) const;
template Option OptionSet::add(const std::string&, int&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::int64_t&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::uint64_t&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::optional<std::string>&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::optional<double>&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::optional<int>&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::optional<std::int64_t>&, const std::string&) const;
template Option OptionSet::add(const std::string&, std::vector<std::string>&, const std::string&) const;

Option OptionSet::add_optional(const std::string& names, std::optional<std::string>& value,
                               const std::string& help) const {
  const auto take = [&value](const std::string& word) {
    value = word == "true" ? "" : word;  // what the parser says for an option without a word
  };
  return Option(app_->add_option_function<std::string>(names, take, help)->expected(0, 1));
}

Option OptionSet::add_flag(const std::string& names, bool& value, const std::string& help) const {
  return Option(app_->add_flag(names, value, help));
}

Option OptionSet::add_choice(const std::string& names, const std::vector<std::string>& words, std::size_t initial,
                             std::function<void(std::size_t)> chosen, const std::string& help) const {
  const auto choose = [words, chosen = std::move(chosen)](const std::string& word) {
    chosen(static_cast<std::size_t>(std::ranges::find(words, word) - words.begin()));
  };
  auto* option = app_->add_option_function<std::string>(names, choose, help);
  option->check(one_of(words))->default_str(words.at(initial));
  return Option(option);
}

Option OptionSet::add_choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
                             const std::string& help) const {
  const auto initial = static_cast<std::size_t>(std::ranges::find(words, value) - words.begin());
  return add_choice(
      names, words, initial, [&value, words](std::size_t k) { value = words[k]; }, help);
}

Option OptionSet::add_choice(const std::string& names, bool& value, const char* no, const char* yes,
                             const std::string& help) const {
  return add_choice(
      names, {no, yes}, value ? 1 : 0, [&value](std::size_t k) { value = k == 1; }, help);
}

bool OptionSet::given(const std::string& name) const {
  const auto* option = app_ ? app_->get_option_no_throw(name) : nullptr;
  return option != nullptr && option->count() > 0;
}

bool OptionSet::knows(const std::string& name) const {
  const auto has = [&](const CLI::App* set) { return set->get_option_no_throw(name) != nullptr; };
  return app_ && (has(app_.get()) || std::ranges::any_of(app_->get_subcommands(), has));
}

std::string OptionSet::in_option_names(std::string message) const {
  for (auto begin = message.find('`'); begin != message.npos; begin = message.find('`', begin + 1)) {
    const auto end = message.find('`', begin + 1);
    if (end == message.npos) break;
    auto name = "--" + message.substr(begin + 1, end - begin - 1);
    std::ranges::replace(name, ' ', '-');
    const bool known = knows(name);
    if (known) message.replace(begin, end - begin + 1, name);
    begin = known ? begin + name.size() : end;
  }
  return message;
}

bool OptionSet::chosen() const { return app_->parsed(); }

Parsed OptionSet::parse(std::vector<std::string> words) const {
  words = as_options(std::move(words));
  if (auto unknown = unknown_words(*app_, words); !unknown.empty()) {
    return {Parsed::Outcome::mistake, std::move(unknown) + " (see `synbal --help` or `synbal COMMAND --help`)"};
  }
  std::ranges::reverse(words);
  try {
    app_->parse(words);
  } catch (const CLI::Success& e) {
    std::ostringstream text;
    app_->exit(e, text, text);
    return {Parsed::Outcome::text, text.str()};
  } catch (const CLI::ParseError& e) {
    const auto message = no_number(about_words(e.what(), *app_));
    return {Parsed::Outcome::mistake, fmt::format("{} (see `{} --help`)", message, command_of(*app_))};
  }
  return {Parsed::Outcome::command, {}};
}

}  // namespace synbal::app
