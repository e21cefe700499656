// One key after the other.
#include "io/generated.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "synbal/core/error.hpp"
#include "synbal/core/similar_names.hpp"

namespace synbal::io {

namespace {

struct Word {
  const std::string& path;
  std::string_view key, value;

  [[nodiscard]] double number() const {
    double x = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), x);
    if (error == std::errc() && end == value.data() + value.size() && std::isfinite(x)) return x;
    throw usage_error(fmt::format("{}: '{}' is no number for {}", path, value, key));
  }
  [[nodiscard]] std::int64_t count() const {
    const double x = number();  // 1e6 counts, too
    if (x >= 0 && x == std::floor(x) && x < 9e15) return static_cast<std::int64_t>(x);
    throw usage_error(fmt::format("{}: '{}' is no whole number for {}", path, value, key));
  }
  /// Commas end a key here, so that sheets have slashes between them: 1x28x28/8/16.
  [[nodiscard]] std::string sheets() const {
    std::string text(value);
    std::replace(text.begin(), text.end(), '/', ',');
    return text;
  }
  [[nodiscard]] bool is_normal() const {
    if (value == "normal" || value == "lognormal") return value == "normal";
    throw usage_error(fmt::format("{}: '{}' is neither lognormal nor normal, for {}", path, value, key));
  }
  [[nodiscard]] std::string sizes() const {
    std::string text(value);
    std::replace(text.begin(), text.end(), 'x', ',');
    return text;
  }
};

using Setter = std::function<void(GeneratorParams&, const Word&)>;

const std::map<std::string_view, Setter>& setters() {
  static const std::map<std::string_view, Setter> all{
      {"nodes", [](auto& p, const Word& w) { p.nodes = w.count(); }},
      {"degree", [](auto& p, const Word& w) { p.degree = w.count(); }},
      {"seed", [](auto& p, const Word& w) { p.seed = static_cast<std::uint64_t>(w.count()); }},
      {"sigma", [](auto& p, const Word& w) { p.sigma = w.number(); }},
      {"inhibitory", [](auto& p, const Word& w) { p.inhibitory = w.number(); }},
      {"modules", [](auto& p, const Word& w) { p.modules = w.count(); }},
      {"coupling", [](auto& p, const Word& w) { p.coupling = w.number(); }},
      {"rewiring", [](auto& p, const Word& w) { p.rewiring = w.number(); }},
      {"layers", [](auto& p, const Word& w) { p.layers = p.kind == "local" ? w.sheets() : w.sizes(); }},
      {"rank", [](auto& p, const Word& w) { p.rank = w.count(); }},
      {"kernel", [](auto& p, const Word& w) { p.kernel = w.count(); }},
      {"stride", [](auto& p, const Word& w) { p.stride = w.count(); }},
      {"weights", [](auto& p, const Word& w) { p.normal = w.is_normal(); }},
      {"scramble", [](auto& p, const Word& w) { p.scramble = w.number(); }},
  };
  return all;
}

void set(GeneratorParams& params, const std::string& path, std::string_view word) {
  const auto equals = word.find('=');
  const auto found = setters().find(word.substr(0, equals));
  if (equals != word.npos && found != setters().end()) {
    found->second(params, {path, found->first, word.substr(equals + 1)});
    return;
  }
  std::vector<std::string> keys;
  for (const auto& [key, setter] : setters()) keys.emplace_back(key);
  throw usage_error(fmt::format("{}: '{}' is not KEY=VALUE with one of the keys {}{}", path, word,
                                fmt::join(keys, ", "), did_you_mean(std::string(word.substr(0, equals)), keys)));
}

}  // namespace

std::optional<GeneratorParams> generator_of(const std::string& path) {
  const auto colon = path.find(':');
  if (colon == path.npos) return {};
  GeneratorParams params;
  params.kind = path.substr(0, colon);
  const auto& kinds = generator_kinds();
  if (std::find(kinds.begin(), kinds.end(), params.kind) == kinds.end()) return {};
  std::string_view rest = std::string_view(path).substr(colon + 1);
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    set(params, path, rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return params;
}

std::string generator_meant(const std::string& path) {
  const auto colon = path.find(':');
  return colon == path.npos ? "" : did_you_mean(path.substr(0, colon), generator_kinds());
}

std::string checksum_of_name(const std::string& path) {
  const auto* bytes = reinterpret_cast<const Bytef*>(path.data());
  return fmt::format("crc32:{:08x}", crc32(0, bytes, static_cast<uInt>(path.size())));
}

}  // namespace synbal::io
