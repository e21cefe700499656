// From the parser's options to lines.
#include "app/words/help.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <vector>

namespace synbal::app {

namespace {

constexpr std::size_t kNames = 28;  // the column in which explanations begin
constexpr std::size_t kNarrow = 60, kWide = 120, kUsual = 100;

/// What COLUMNS says, or of the terminal on stdout.
std::size_t line_width() {
  if (const char* columns = std::getenv("COLUMNS")) {
    return std::max<std::size_t>(std::strtoul(columns, nullptr, 10), kNarrow);
  }
  winsize size{};
  std::size_t width = kUsual;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
  return std::clamp(width, kNarrow, kWide);
}

/// What stands for the value of an option, and what it may be.
struct Value {
  std::string shown, range;
};

/// The parser says "TYPE:CHECK", where both may be left out and TYPE may have colons itself.
Value value_of(const CLI::Option& option) {
  Value value{option.get_type_name(), {}};
  const auto colon = value.shown.rfind(':');
  if (colon != value.shown.npos) {
    const auto check = value.shown.substr(colon + 1);
    const bool choice = check.starts_with('{');
    const bool range = check.find(" to ") != check.npos;
    if (choice || range || check == "NONNEGATIVE" || check == "POSITIVE") value.shown.resize(colon);
    if (choice) value.shown = check.substr(1, check.size() - 2);
    if (range) value.range = check;
    if (check == "NONNEGATIVE") value.range = "0 or more";
    if (check == "POSITIVE") value.range = "above 0";
    if (choice) std::ranges::replace(value.shown, ',', '|');
  }
  if (value.shown == "INT" || value.shown == "UINT") value.shown = "N";
  if (value.shown == "FLOAT") value.shown = "X";
  return value;
}

std::string names_of(const CLI::Option& option, const Value& value) {
  if (option.get_positional()) return option.get_name(true, false);
  std::string names;
  for (const auto& name : option.get_snames()) names += fmt::format("{}-{}", names.empty() ? "" : ", ", name);
  for (const auto& name : option.get_lnames()) names += fmt::format("{}--{}", names.empty() ? "" : ", ", name);
  return option.get_items_expected_max() > 0 && !value.shown.empty() ? names + " " + value.shown : names;
}

std::string explanation_of(const CLI::Option& option, const Value& value) {
  std::string notes;
  const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : "; ") + text; };
  if (option.get_required() && !option.get_positional()) note("required");
  if (!value.range.empty()) note(value.range);
  if (!option.get_default_str().empty()) note("default " + option.get_default_str());
  return option.get_description() + (notes.empty() ? "" : fmt::format(" [{}]", notes));
}

/// A long list of choices goes on in the next line.
std::string broken_at_bars(const std::string& names, std::size_t width) {
  std::string lines;
  std::size_t column = 2;
  for (std::size_t begin = 0; begin < names.size();) {
    const auto end = std::min(names.find('|', begin), names.size() - 1) + 1;
    if (column + end - begin > width) lines += "\n      ", column = 6;
    lines += names.substr(begin, end - begin);
    column += end - begin;
    begin = end;
  }
  return lines;
}

/// Names on the left, the explanation beside them, or below where they are long.
std::string entry(const std::string& names, const std::string& explanation) {
  const auto text = wrapped(explanation, line_width() - kNames, kNames);
  const bool fits = names.size() + 4 <= kNames;
  return fmt::format("  {:<{}}{}\n",
                     fits ? names : broken_at_bars(names, line_width()) + "\n" + std::string(kNames, ' '),
                     fits ? kNames - 2 : 0, text);
}

std::string entry(const CLI::Option& option) {
  const auto value = value_of(option);
  return entry(names_of(option, value), explanation_of(option, value));
}

/// The options of an app that `fits`, one entry each.
template <class Fits>
std::string entries(const CLI::App& app, Fits&& fits) {
  std::string lines;
  for (const auto* option : app.get_options([&](const CLI::Option* o) { return !o->get_group().empty(); })) {
    if (fits(*option)) lines += entry(*option);
  }
  return lines;
}

std::string titled(const std::string& title, const std::string& explanation, const std::string& lines) {
  if (lines.empty()) return {};
  const auto head = explanation.empty() ? title : fmt::format("{}: {}", title, explanation);
  return fmt::format("\n{}\n{}", wrapped(head, line_width(), 2), lines);
}

/// Commands have names, groups of options have none.
std::vector<const CLI::App*> parts(const CLI::App& app, bool commands) {
  return app.get_subcommands([&](const CLI::App* part) { return part->get_name().empty() != commands; });
}

/// What a command takes from the program that it belongs to.
std::string options_of_all(const CLI::App& app) {
  const auto* program = &app;
  while (program->get_parent() != nullptr) program = program->get_parent();
  if (program == &app) return {};
  const auto* version = program->get_version_ptr();
  const auto shared = [&](const CLI::Option& o) { return &o != program->get_help_ptr() && &o != version; };
  return titled("Options of every command", "", entries(*program, shared));
}

std::string groups(const CLI::App& app) {
  std::string text, last;
  for (const auto* group : parts(app, false)) {
    const auto lines = entries(*group, [&](const CLI::Option& o) { return &o != group->get_help_ptr(); });
    (group->get_group() == kFaultsGroup ? last : text) += titled(group->get_group(), group->get_description(), lines);
  }
  const auto expert = entries(app, [](const CLI::Option& o) { return o.get_group() == kExpertGroup; });
  return text + options_of_all(app) + titled(kExpertGroup, "", expert) + last;
}

std::string usage(const CLI::App& app, const std::string& name) {
  std::string words = name;
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) words += " " + option->get_name(true, false);
  }
  for (const auto* option : app.get_options()) {
    if (option->get_positional() || !option->get_required()) continue;
    const auto value = value_of(*option).shown;
    words +=
        (option->get_snames().empty() ? " --" + option->get_lnames().front() : " -" + option->get_snames().front()) +
        (value.empty() ? "" : " " + value);
  }
  return fmt::format("Usage: {}{} [OPTIONS] [-- PETSC_OPTIONS]\n", words, parts(app, true).empty() ? "" : " COMMAND");
}

std::string commands(const CLI::App& app) {
  std::string lines;
  for (const auto* command : parts(app, true)) lines += entry(command->get_name(), command->get_description());
  return titled("Commands", "", lines);
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode /*mode*/) const override {
    auto full = name.empty() ? app->get_name() : name;
    for (const auto* above = app->get_parent(); name.empty() && above != nullptr; above = above->get_parent()) {
      full = above->get_name() + " " + full;
    }
    const auto common = [](const CLI::Option& o) { return !o.get_positional() && o.get_group() != kExpertGroup; };
    auto text = wrapped(app->get_description(), line_width(), 0) + "\n\n" + usage(*app, full);
    text += titled("Words", "", entries(*app, [](const CLI::Option& o) { return o.get_positional(); }));
    text += commands(*app) + titled("Options", "", entries(*app, common)) + groups(*app);
    if (!app->get_footer().empty()) text += "\n" + wrapped(app->get_footer(), line_width(), 0) + "\n";
    return text;
  }
};

/// One paragraph.
std::string wrapped_line(const std::string& text, std::size_t width, std::size_t indent) {
  std::string lines;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin), text.size());
    const auto length = end - begin;
    if (column > 0 && column + 1 + length > width) {
      lines += "\n" + std::string(indent, ' ');
      column = 0;
    }
    if (column > 0) lines += " ", ++column;
    lines += text.substr(begin, length);
    column += length;
    begin = end + 1;
  }
  return lines;
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  std::string lines, paragraph;
  const auto flush = [&] {
    if (!paragraph.empty()) lines += (lines.empty() ? "" : "\n") + wrapped_line(paragraph, width, indent);
    paragraph.clear();
  };
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    if (line.starts_with("  ") || line.empty()) {
      flush();
      lines += (lines.empty() ? "" : "\n") + line;
    } else {
      paragraph += (paragraph.empty() ? "" : " ") + line;
    }
    begin = end + 1;
  }
  flush();
  return lines;
}

}  // namespace synbal::app
