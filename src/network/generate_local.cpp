// Matrices of low rank, and sheets that hear each other through windows.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "network/generator.hpp"
#include "synbal/core/error.hpp"

namespace synbal::generators {

namespace {

/// The numbers between the given separators; empty when some word is no number from 1 to 2^20.
std::vector<GlobalIndex> numbers_between(std::string_view text, char separator) {
  std::vector<GlobalIndex> numbers;
  while (true) {
    const auto end = std::min(text.find(separator), text.size());
    GlobalIndex value = 0;
    const auto [next, error] = std::from_chars(text.data(), text.data() + end, value);
    if (error != std::errc() || next != text.data() + end || value < 1 || value > (GlobalIndex{1} << 20)) return {};
    numbers.push_back(value);
    if (end == text.size()) return numbers;
    text.remove_prefix(end + 1);
  }
}

/// The places along one side that a window around place * stride covers: first, and behind the last.
std::pair<GlobalIndex, GlobalIndex> window(GlobalIndex place, std::int64_t stride, std::int64_t kernel,
                                           GlobalIndex side) {
  const auto first = place * stride - (kernel - 1) / 2;
  return {std::max<GlobalIndex>(first, 0), std::min<GlobalIndex>(first + kernel, side)};
}

}  // namespace

std::vector<Sheet> sheets_of(const std::string& layers, std::int64_t stride) {
  const auto comma = std::min(layers.find(','), layers.size());
  const auto first = numbers_between(std::string_view(layers).substr(0, comma), 'x');
  const auto more = comma == layers.size() ? std::vector<GlobalIndex>{}
                                           : numbers_between(std::string_view(layers).substr(comma + 1), ',');
  if (first.size() != 3 || more.empty()) {
    throw usage_error(fmt::format(
        "`layers` '{}' is no list of sheets: give channels x height x width of the first and the channels of "
        "the others, numbers from 1 to 2^20, such as 1x28x28,8,16",
        layers));
  }
  std::vector<Sheet> sheets{{0, first[0], first[1], first[2]}};
  for (const auto channels : more) {
    const auto& last = sheets.back();
    sheets.push_back(
        {last.first + last.size(), channels, (last.height - 1) / stride + 1, (last.width - 1) / stride + 1});
    if (sheets.back().first > (GlobalIndex{1} << 50)) {
      throw usage_error(fmt::format("`layers` '{}' has more than 2^50 neurons: give smaller sheets", layers));
    }
  }
  return sheets;
}

Family local_family(const GeneratorParams& params) {
  const auto sheets = sheets_of(params.layers, *params.stride);
  const auto kernel = *params.kernel, stride = *params.stride;
  const auto sheet_of = [sheets](GlobalIndex i) {
    std::size_t l = 0;
    while (l + 1 < sheets.size() && i >= sheets[l + 1].first) ++l;
    return l;
  };
  auto partners = [=](GlobalIndex i, std::vector<GlobalIndex>& columns) {
    const auto l = sheet_of(i);
    if (l == 0) return;
    const auto& here = sheets[l];
    const auto& before = sheets[l - 1];
    const auto place = (i - here.first) % (here.height * here.width);
    const auto [top, bottom] = window(place / here.width, stride, kernel, before.height);
    const auto [left, right] = window(place % here.width, stride, kernel, before.width);
    for (GlobalIndex c = 0; c < before.channels; ++c) {
      for (auto y = top; y < bottom; ++y) {
        for (auto x = left; x < right; ++x) {
          columns.push_back(before.first + (c * before.height + y) * before.width + x);
        }
      }
    }
  };
  auto synapses = [=](GlobalIndex first, GlobalIndex count) {
    std::int64_t total = 0;
    for (std::size_t l = 1; l < sheets.size(); ++l) {
      const auto rows = std::min(first + count, sheets[l].first + sheets[l].size()) - std::max(first, sheets[l].first);
      total += std::max<GlobalIndex>(rows, 0) * sheets[l - 1].channels * kernel * kernel;
    }
    return total;
  };
  return {partners, synapses};
}

Family lowrank_family(const GeneratorParams& params) {
  const auto n = *params.nodes;
  auto partners = [n](GlobalIndex, std::vector<GlobalIndex>& columns) {
    for (GlobalIndex j = 0; j < n; ++j) columns.push_back(j);
  };
  return {partners, [n](GlobalIndex, GlobalIndex count) { return n * count; }};
}

std::function<bool(GlobalIndex)> pinned_by(const GeneratorParams& params) {
  if (*params.nodes == 0) return {};
  GlobalIndex first_end = 0, last_begin = 0;
  if (params.kind == "layered") {
    const auto starts = layer_starts(params.layers);
    first_end = starts[1], last_begin = starts[starts.size() - 2];
  } else if (params.kind == "local") {
    const auto sheets = sheets_of(params.layers, *params.stride);
    first_end = sheets[1].first, last_begin = sheets.back().first;
  } else {
    return {};
  }
  return [=](GlobalIndex i) { return i < first_end || i >= last_begin; };
}

}  // namespace synbal::generators
