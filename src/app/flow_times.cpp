// From the words of --output-times to times.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "app/flow_options.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::app {

namespace {

constexpr const char* kWays =
    "write linear:COUNT, log:PER_DECADE, log:PER_DECADE:FIRST, times with commas between them, none, or the name of a "
    "file with one a line";

template <class T>
std::optional<T> number_in(std::string_view word) {
  T value{};
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || rest != word.data() + word.size()) return {};
  return value;
}

bool is_time(const std::optional<double>& t) { return t && std::isfinite(*t) && *t >= 0; }

Error odd(const std::string& words, std::string_view word) {
  return usage_error(fmt::format("--output-times {}: '{}' makes no sense there: {}", words, word, kWays));
}

std::int64_t count_in(const std::string& words, std::string_view word) {
  const auto count = number_in<std::int64_t>(word);
  if (!count || *count < 1 || *count > 1'000'000'000) throw odd(words, word);
  return *count;
}

LogarithmicTimes parse_logarithmic(const std::string& words, std::string_view rest) {
  LogarithmicTimes times;
  const auto colon = rest.find(':');
  times.per_decade = count_in(words, rest.substr(0, colon));
  if (colon == rest.npos) return times;
  times.first = number_in<double>(rest.substr(colon + 1));
  if (!is_time(times.first) || *times.first == 0) throw odd(words, rest.substr(colon + 1));
  return times;
}

std::vector<double> parse_list(const std::string& words) {
  std::vector<double> times;
  std::string_view rest = words;
  for (;;) {
    const auto comma = rest.find(',');
    const auto time = number_in<double>(rest.substr(0, comma));
    if (!is_time(time)) throw odd(words, rest.substr(0, comma));
    times.push_back(*time);
    if (comma == rest.npos) return times;
    rest.remove_prefix(comma + 1);
  }
}

/// Root only: every rank needs all times.
std::string read_file(const std::string& path) {
  if (!std::filesystem::exists(path)) throw odd(path, path);
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (!failed && size > (std::uintmax_t{1} << 28)) {
    throw bad_input(fmt::format("{}: has {} bytes, too many for a list of output times: shorten it", path, size));
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (failed || !in) throw io_failure(fmt::format("{}: output times cannot be read: check the file", path));
  return text.str();
}

std::vector<double> parse_file(const std::string& path, const std::string& text) {
  std::vector<double> times;
  std::istringstream lines(text);
  std::string line;
  for (std::int64_t number = 1; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word, more;
    if (!(words >> word)) continue;
    const auto time = number_in<double>(word);
    if (!is_time(time) || words >> more) {
      throw bad_input(
          fmt::format("{}: line {}: '{}' is no time: write one finite number >= 0 a line", path, number, line));
    }
    times.push_back(*time);
  }
  return times;
}

bool is_file(const std::string& words) {
  for (const auto* word : {"", "none", "log", "linear"}) {
    if (words == word) return false;
  }
  const bool is_list = words.find(',') != words.npos || number_in<double>(words);
  return !is_list && !words.starts_with("log:") && !words.starts_with("linear:");
}

}  // namespace

TimesWanted parse_output_times(const Comm& comm, const std::string& words, bool has_end) {
  if (is_file(words)) {
    const auto own = agreed(comm, [&] { return comm.is_root() ? read_file(words) : std::string(); });
    const auto text = comm.broadcast(own, 0);
    return agreed(comm, [&] { return TimesWanted(parse_file(words, text)); });
  }
  return agreed(comm, [&]() -> TimesWanted {
    if (words.empty()) return has_end ? TimesWanted(LinearTimes{}) : LogarithmicTimes{};
    if (words == "none") return std::vector<double>{};
    if (words == "log") return LogarithmicTimes{};
    if (words.starts_with("log:")) return parse_logarithmic(words, std::string_view(words).substr(4));
    if (words != "linear" && !words.starts_with("linear:")) return parse_list(words);
    if (!has_end) throw usage_error("--output-times linear needs to know where the end is: give --end-time, too");
    if (words == "linear") return LinearTimes{};
    return LinearTimes{count_in(words, std::string_view(words).substr(7))};
  });
}

OutputTimes output_times(const TimesWanted& wanted, double start, double end, double first) {
  if (const auto* list = std::get_if<std::vector<double>>(&wanted)) return OutputTimes::listed(*list);
  if (end <= start) return OutputTimes::listed({});
  if (const auto* log = std::get_if<LogarithmicTimes>(&wanted)) {
    return OutputTimes::logarithmic(log->first.value_or(first), end, log->per_decade);
  }
  const auto count = std::get<LinearTimes>(wanted).count;
  if (start == 0) return OutputTimes::linear(end, count);
  std::vector<double> times;
  for (std::int64_t k = 1; k <= count; ++k) {
    times.push_back(k == count ? end : start + (end - start) * static_cast<double>(k) / static_cast<double>(count));
  }
  return OutputTimes::listed(std::move(times));
}

}  // namespace synbal::app
