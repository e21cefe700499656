// One table of names for an enumeration: what reports say, what options take, and the list of what they may take.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace synbal {

template <class E>
using EnumName = std::pair<E, std::string_view>;

/// The names of E's values, each value and each name once. To be specialised beside the enumeration:
///   template <>
///   inline constexpr auto enum_names<Method> = std::to_array<EnumName<Method>>({{Method::newton, "newton"}});
template <class E>
inline constexpr std::array<EnumName<E>, 0> enum_names{};

template <class E>
concept NamedEnum = !enum_names<E>.empty();

/// Empty for a value without a name (a cast from somewhere).
template <NamedEnum E>
[[nodiscard]] std::string to_string(E value) {
  for (const auto& [known, name] : enum_names<E>) {
    if (known == value) return std::string(name);
  }
  return {};
}

/// Nothing when no value is called so.
template <NamedEnum E>
[[nodiscard]] std::optional<E> from_string(std::string_view word) {
  for (const auto& [value, name] : enum_names<E>) {
    if (name == word) return value;
  }
  return std::nullopt;
}

/// All names in the order of the table: "newton|sweep|flow" for a help text, "newton, sweep, flow" for a message.
template <NamedEnum E>
[[nodiscard]] std::string choices(std::string_view separator = ", ") {
  std::string all;
  for (const auto& [value, name] : enum_names<E>) {
    if (!all.empty()) all += separator;
    all += name;
  }
  return all;
}

}  // namespace synbal
