// Defaults of the generator families, and what is refused.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "network/generator.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/similar_names.hpp"

namespace synbal {

namespace {

constexpr GlobalIndex kUsualModule = 100;
constexpr double kLargestSigma = 80.0;  // exp(80 * 8.6) is still finite; no normal deviate here exceeds 8.6

bool uses_degree(const GeneratorParams& p) {
  return p.kind == "random" || p.kind == "modular" || p.kind == "smallworld" || p.kind == "kronecker" ||
         p.kind == "lattice";
}

void check_kind(const GeneratorParams& p) {
  const auto& kinds = generator_kinds();
  if (std::find(kinds.begin(), kinds.end(), p.kind) != kinds.end()) return;
  throw usage_error(fmt::format("there is no kind of network called '{}': choose one of {}{}", p.kind,
                                fmt::join(kinds, ", "), did_you_mean(p.kind, kinds)));
}

void check_share(const char* option, double value) {
  if (value >= 0.0 && value <= 1.0) return;
  throw usage_error(fmt::format("{} {} is not a share: give a number from 0 to 1", option, value));
}

void check_numbers(const GeneratorParams& p) {
  if (p.nodes && *p.nodes < 0) throw usage_error(fmt::format("`nodes` {} is negative: give 0 or more", *p.nodes));
  if (p.degree && *p.degree < 0) throw usage_error(fmt::format("`degree` {} is negative: give 0 or more", *p.degree));
  if (p.sigma && !(*p.sigma >= 0.0 && *p.sigma <= kLargestSigma)) {
    throw usage_error(
        fmt::format("`sigma` {} is outside 0..{} (weights exp(sigma z) would leave the range of double "
                    "precision): choose a value between",
                    *p.sigma, kLargestSigma));
  }
  check_share("`inhibitory`", p.inhibitory);
  check_share("`rewiring`", p.rewiring);
  if (!(p.coupling >= 0.0) || std::isinf(p.coupling)) {
    throw usage_error(fmt::format("`coupling` {} is not a weight: give a finite number, 0 or more", p.coupling));
  }
}

/// Modules of about the usual size that divide the nodes and are larger than the degree.
std::int64_t usual_modules(GlobalIndex nodes, std::int64_t degree) {
  std::int64_t best = 1;
  const auto consider = [&](GlobalIndex size) {
    if (size <= degree) return;
    if (std::abs(size - kUsualModule) < std::abs(nodes / best - kUsualModule)) best = nodes / size;
  };
  for (GlobalIndex d = 1; d * d <= nodes; ++d) {
    if (nodes % d != 0) continue;
    consider(d);
    consider(nodes / d);
  }
  return best;
}

void check_modules(const GeneratorParams& p) {
  if (*p.modules < 1) throw usage_error(fmt::format("`modules` {}: give 1 or more", *p.modules));
  if (*p.nodes % *p.modules != 0) {
    throw usage_error(
        fmt::format("`nodes` {} is not a multiple of `modules` {} (all modules have the same size): use "
                    "`nodes` {}, or leave `modules` out",
                    *p.nodes, *p.modules, (*p.nodes / *p.modules + 1) * *p.modules));
  }
  if (*p.nodes > 0 && *p.nodes / *p.modules <= *p.degree) {
    throw usage_error(
        fmt::format("modules of {} neurons cannot give each neuron `degree` {} partners: lower `degree` or "
                    "`modules`, or raise `nodes`",
                    *p.nodes / *p.modules, *p.degree));
  }
}

void complete_modular(GeneratorParams& p) {
  if (p.modules && *p.modules < 1) throw usage_error(fmt::format("`modules` {}: give 1 or more", *p.modules));
  if (!p.nodes && p.modules && *p.modules > (GlobalIndex{1} << 50)) {
    throw usage_error(fmt::format("`modules` {} is too many: give at most 2^50", *p.modules));
  }
  if (!p.nodes) p.nodes = p.modules.value_or(64) * kUsualModule;
  if (!p.degree) p.degree = std::clamp<std::int64_t>(*p.nodes / p.modules.value_or(1) - 1, 0, 8);
  if (!p.modules) p.modules = *p.nodes == 0 ? 1 : usual_modules(*p.nodes, *p.degree);
  check_modules(p);
}

std::string equal_layers(GlobalIndex nodes) {
  const auto count = std::min<GlobalIndex>(5, nodes);
  std::vector<GlobalIndex> sizes;
  for (GlobalIndex l = 0; l < count; ++l) sizes.push_back(nodes / count + (l < nodes % count ? 1 : 0));
  return fmt::format("{}", fmt::join(sizes, ","));
}

void complete_layered(GeneratorParams& p) {
  if (p.layers.empty()) p.layers = p.nodes ? equal_layers(*p.nodes) : "784,200,100,50,100,200,784";
  const auto total = p.layers.empty() ? 0 : generators::layer_starts(p.layers).back();
  if (p.nodes && *p.nodes != total) {
    throw usage_error(
        fmt::format("`layers` {} has {} neurons, `nodes` says {}: leave `nodes` out", p.layers, total, *p.nodes));
  }
  p.nodes = total;
  if (!p.sigma) p.sigma = 0.1;
}

void check_degree(const GeneratorParams& p) {
  if (*p.nodes > 0 && *p.degree >= *p.nodes) {
    throw usage_error(
        fmt::format("`degree` {} with `nodes` {} (partners are distinct, and not the neuron itself): lower "
                    "`degree` below `nodes`, or raise `nodes`",
                    *p.degree, *p.nodes));
  }
  if (static_cast<double>(*p.nodes) * static_cast<double>(*p.degree) > 4e18) {
    throw usage_error(
        fmt::format("`nodes` {} times `degree` {} is more than 2^62 synapses: lower one of them", *p.nodes, *p.degree));
  }
}

void complete_local(GeneratorParams& p) {
  if (p.layers.empty()) p.layers = "1x28x28,8,16";
  if (!p.kernel) p.kernel = 3;
  if (!p.stride) p.stride = 2;
  if (*p.kernel < 1 || *p.kernel > 1024) throw usage_error(fmt::format("`kernel` {}: give 1 to 1024", *p.kernel));
  if (*p.stride < 1 || *p.stride > 1024) throw usage_error(fmt::format("`stride` {}: give 1 to 1024", *p.stride));
  const auto sheets = generators::sheets_of(p.layers, *p.stride);
  const auto total = sheets.back().first + sheets.back().size();
  if (p.nodes && *p.nodes != total) {
    throw usage_error(
        fmt::format("`layers` {} has {} neurons, `nodes` says {}: leave `nodes` out", p.layers, total, *p.nodes));
  }
  p.nodes = total;
  if (!p.sigma) p.sigma = 0.1;
}

void complete_lowrank(GeneratorParams& p) {
  if (!p.rank) p.rank = 1;
  if (*p.rank < 1 || *p.rank > 10'000) throw usage_error(fmt::format("`rank` {}: give 1 to 10000", *p.rank));
  if (p.inhibitory > 0) {
    throw usage_error("`inhibitory` gives signs by presynaptic neuron, which no matrix of low rank has: leave it out");
  }
  if (p.normal == false) throw usage_error("weights of a matrix of low rank are sums of normals: leave `weights` out");
}

void check_scramble(const GeneratorParams& p) {
  constexpr double most = 30;  // e^{60} of the largest over the smallest factor is still far within doubles
  if (p.scramble >= 0 && p.scramble <= most) return;
  throw usage_error(fmt::format("`scramble` {} is no spread of h: give 0 to {}", p.scramble, most));
}

/// Synapses of the families that connect everything, as far as they are not a matter of nodes times degree.
double full_connections(const GeneratorParams& p) {
  if (p.kind == "dense" || p.kind == "lowrank") return static_cast<double>(*p.nodes) * static_cast<double>(*p.nodes);
  if (p.kind != "layered" || p.layers.empty()) return 0.0;
  const auto starts = generators::layer_starts(p.layers);
  double total = 0.0;
  for (std::size_t l = 2; l < starts.size(); ++l) {
    total += static_cast<double>(starts[l] - starts[l - 1]) * static_cast<double>(starts[l - 1] - starts[l - 2]);
  }
  return total;
}

void check_full_connections(const GeneratorParams& p) {
  if (full_connections(p) <= 4e18) return;
  throw usage_error(
      fmt::format("{} with {} neurons has more than 2^62 synapses: lower `nodes` or `layers`", p.kind, *p.nodes));
}

void check_sheet(const GeneratorParams& p) {
  if (*p.nodes == 0) return;
  const auto width = generators::sheet_width(*p.nodes);
  if (*p.nodes / width <= 4 * width) return;
  const auto side = static_cast<GlobalIndex>(std::llround(std::sqrt(static_cast<double>(*p.nodes))));
  throw usage_error(
      fmt::format("`nodes` {} neurons make a sheet of {} x {} at best, which is a line: use `nodes` {} ({} x "
                  "{}), or generate ring",
                  *p.nodes, width, *p.nodes / width, side * side, side, side));
}

}  // namespace

namespace generators {

std::vector<GlobalIndex> layer_starts(const std::string& layers) {
  std::vector<GlobalIndex> starts{0};
  const char* end = layers.data() + layers.size();
  for (const char* word = layers.data();; ++word) {
    GlobalIndex size = 0;
    const auto [next, error] = std::from_chars(word, end, size);
    const bool ends = next == end || *next == ',';
    if (error != std::errc{} || size < 1 || size > (GlobalIndex{1} << 40) || !ends) {
      throw usage_error(
          fmt::format("`layers` '{}' is not a list of layer sizes: give numbers from 1 to 2^40 with commas, "
                      "such as 784,200,100",
                      layers));
    }
    starts.push_back(starts.back() + size);
    if (next == end) return starts;
    word = next;
  }
}

GlobalIndex sheet_width(GlobalIndex nodes) {
  auto width = static_cast<GlobalIndex>(std::sqrt(static_cast<double>(nodes)));
  while (width > 1 && (width * width > nodes || nodes % width != 0)) --width;
  return std::max<GlobalIndex>(width, 1);
}

}  // namespace generators

const std::vector<std::string>& generator_kinds() {
  static const std::vector<std::string> kinds{"random", "modular", "smallworld", "kronecker", "lattice",
                                              "ring",   "layered", "dense",      "lowrank",   "local"};
  return kinds;
}

GeneratorParams completed(const GeneratorParams& params) {
  auto p = params;
  check_kind(p);
  check_numbers(p);
  if (!uses_degree(p)) p.degree.reset();
  if (p.kind == "modular") complete_modular(p);
  if (p.kind == "layered") complete_layered(p);
  if (p.kind == "local") complete_local(p);
  if (p.kind == "lowrank") complete_lowrank(p);
  if (!p.normal) p.normal = p.kind == "layered" || p.kind == "local" || p.kind == "lowrank";
  check_scramble(p);
  if (!p.nodes) p.nodes = 1000;
  if (!p.sigma) p.sigma = p.kind == "ring" ? 0.0 : 1.0;
  if (uses_degree(p)) {
    if (!p.degree) p.degree = std::clamp<std::int64_t>(*p.nodes - 1, 0, 10);
    check_degree(p);
  }
  check_full_connections(p);
  if (p.kind == "lattice") check_sheet(p);
  return p;
}

}  // namespace synbal
