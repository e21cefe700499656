// Families of generated networks, and the means of what their blocks need. N neurons, k presynaptic partners each,
// blocks of n = N/P rows.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "synbal/forecast/layout.hpp"

namespace synbal {

namespace {

struct Description {
  const GeneratorParams& params;
  double neurons, degree, ranks, rows;  ///< N, k, P, n
};

/// What a family fills in.
using Reach = void (*)(const Description&, Layout&);

double positive(double x) { return std::max(x, 0.0); }

/// Chance that none of `draws` independent draws, each with chance `hit`, is a hit.
double missed(double hit, double draws) { return hit >= 1 ? 0.0 : std::exp(draws * std::log1p(-hit)); }

/// Chance that the sum of two numbers, uniform below a and b, exceeds `limit`.
double sum_exceeds(double a, double b, double limit) {
  const auto square = [](double x) { return positive(x) * positive(x) / 2; };
  return positive(1 - (square(limit) - square(limit - a) - square(limit - b) + square(limit - a - b)) / (a * b));
}

/// Share of far ones among synapses from anywhere: from own neurons (a share n/N) and from ghosts.
double far_from_anywhere(const Description& d, double ghosts) {
  const double own = d.rows > 0 ? positive(1 - kFarPlaces / d.rows) : 0.0;
  const double share = d.rows / d.neurons;
  const double others = ghosts > 0 ? sum_exceeds(d.rows, ghosts, kFarPlaces) : 0.0;
  return share * own * own + (1 - share) * others;
}

void reach_anywhere(const Description& d, Layout& layout) {
  const double hit = std::min(1.0, d.degree / std::max(d.neurons - 1, 1.0));
  layout.ghosts = (d.neurons - d.rows) * (1 - missed(hit, d.rows));
  layout.peers = (d.ranks - 1) * (1 - missed(hit, d.rows * d.rows));
  layout.far = far_from_anywhere(d, layout.ghosts);
}

void reach_everybody(const Description& d, Layout& layout) {
  layout.ghosts = d.neurons - d.rows;
  layout.peers = d.ranks - 1;
  layout.far = far_from_anywhere(d, layout.ghosts);
}

/// Neurons up to `reach` places beyond one end of a block that are heard: the t-th by min(n, reach + 1 - t) rows.
double heard_beyond(double reach, double rows, double rewired) {
  double heard = 0;
  for (double t = 1; t <= reach; ++t) heard += 1 - std::pow(rewired, std::min(rows, reach + 1 - t));
  return heard;
}

void reach_ring(const Description& d, double rewired, Layout& layout) {
  const double up = std::ceil(d.degree / 2), down = std::floor(d.degree / 2);
  const double others = d.neurons - d.rows;
  const double near = std::min(others, heard_beyond(up, d.rows, rewired) + heard_beyond(down, d.rows, rewired));
  const double drawn = d.rows * d.degree * rewired;
  layout.ghosts = near + (others - near) * (1 - missed(1 / d.neurons, drawn));
  const double beside = std::min(d.ranks - 1, std::ceil(up / d.rows) + std::ceil(down / d.rows));
  layout.peers = beside + (d.ranks - 1 - beside) * (1 - missed(d.rows / d.neurons, drawn));
  layout.far = rewired * far_from_anywhere(d, layout.ghosts);
}

void reach_smallworld(const Description& d, Layout& layout) { reach_ring(d, d.params.rewiring, layout); }
void reach_neighbours(const Description& d, Layout& layout) { reach_ring(d, 0.0, layout); }

/// Lines of a sheet above and below a block, each with what of it the disc of the nearest k around the block covers.
void reach_sheet(const Description& d, Layout& layout) {
  const auto width = static_cast<double>(generators::sheet_width(*d.params.nodes));
  const double radius = std::sqrt((d.degree + 1) / M_PI);
  const auto half_width = [&](double line) { return std::sqrt(positive(radius * radius - line * line)); };
  double beyond = std::min(width - std::min(d.rows, width), 2 * half_width(0));  // on the block's own line
  for (double line = 1; line <= radius; ++line) beyond += 2 * std::min(width, d.rows + 2 * half_width(line));
  layout.ghosts = std::min(d.neurons - d.rows, beyond);
  const double lines_away = std::ceil(std::floor(radius) * width / d.rows);
  layout.peers = std::min(d.ranks - 1, 2 * std::max(1.0, d.rows < width ? 2 * std::floor(radius) : lines_away));
}

/// Modules of s neurons: what of the two modules that a block cuts it has to hear from beyond, over some blocks, and
/// two links a module, of which those between its own modules are the block's own.
void reach_modules(const Description& d, Layout& layout) {
  constexpr double looked_at = 1'000;  // blocks
  const double size = d.neurons / static_cast<double>(*d.params.modules);
  const double hit = std::min(1.0, d.degree / std::max(size - 1, 1.0));
  const auto rest = [&](double rows) { return (size - rows) * (1 - missed(hit, rows)); };
  const double blocks = std::min(d.ranks, looked_at);
  double ghosts = 0, cut = 0;
  for (double b = 0; b < blocks; ++b) {
    const double begin = std::floor(std::floor(b * d.ranks / blocks) * d.rows), end = std::floor(begin + d.rows);
    const double first = std::floor(begin / size), last = std::floor((end - 1) / size);
    const double head = std::min((first + 1) * size, end) - begin, tail = end - last * size;
    ghosts += first == last ? rest(head) : rest(head) + rest(tail);
    cut += (head < size ? 1 : 0) + (tail < size && first != last ? 1 : 0);
  }
  const bool linked = d.params.coupling > 0 && *d.params.modules > 1;
  const double links = linked ? 2 * std::min(1.0, d.rows / size) : 0.0;
  layout.ghosts = ghosts / blocks + (d.ranks > 1 ? links : 0.0);
  const double within = std::max(1.0, size / d.rows);  // blocks that share a module
  layout.peers = std::min(d.ranks - 1, std::max(links, cut / blocks + 2 * (within - 1)));
  layout.far = size > kFarPlaces ? far_from_anywhere(d, layout.ghosts) : 0.0;
}

/// Digits of R-MAT: of L levels, how many numbers have t ones, and what share of the draws such a number gets.
class Digits {
 public:
  explicit Digits(double neurons)
      : levels_(std::ceil(std::log2(std::max(neurons, 2.0)))), exist_(neurons / std::exp2(levels_)) {}

  [[nodiscard]] int levels() const { return static_cast<int>(levels_); }
  /// Numbers beyond the neurons are drawn again, and those are scattered over all counts of ones.
  [[nodiscard]] double numbers(int ones) const { return exist_ * std::exp(log_choose(levels_, ones)); }
  [[nodiscard]] double share(int ones) const {
    return std::exp((levels_ - ones) * std::log(0.76) + ones * std::log(0.24)) / exist_;
  }
  /// Different synapses, no self-loops, among so many draws: pairs of numbers with `corner` digits (0, 0), `mixed` of
  /// (0, 1) or (1, 0) and the others (1, 1).
  [[nodiscard]] double distinct(double draws) const {
    double sum = 0;
    for (int mixed = 1; mixed <= levels(); ++mixed) {
      for (int corner = 0; corner + mixed <= levels(); ++corner) sum += distinct_of(corner, mixed, draws);
    }
    return sum;
  }
  /// Different synapses of the row without ones, whose columns have a one in a digit with chance 1/4.
  [[nodiscard]] double largest_row(double draws) const {
    double sum = 0;
    for (int t = 0; t <= levels(); ++t) {
      const double chance = std::exp((levels_ - t) * std::log(0.75) + t * std::log(0.25)) / exist_;
      sum += numbers(t) * -std::expm1(-draws * share(0) * chance);
    }
    return sum;
  }

 private:
  static double log_choose(double n, double k) {
    return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
  }
  [[nodiscard]] double distinct_of(int corner, int mixed, double draws) const {
    const double rest = levels_ - corner - mixed;
    const double pairs =
        exist_ * exist_ *
        std::exp(log_choose(levels_, mixed) + log_choose(levels_ - mixed, corner) + mixed * std::log(2.0));
    const double chance = std::exp(corner * std::log(0.57) + mixed * std::log(0.19) + rest * std::log(0.05));
    return pairs * -std::expm1(-draws * chance / (exist_ * exist_));
  }

  double levels_, exist_;
};

/// The largest of P means over blocks, if those were normal; or where the largest hub lies, if that is more.
double largest_over_mean(const Description& d, const Digits& digits, double draws, double synapses) {
  double square = 0;
  for (int t = 0; t <= digits.levels(); ++t) square += digits.numbers(t) * std::pow(draws * digits.share(t), 2);
  const double mean = draws / d.neurons, variance = positive(square / d.neurons - mean * mean);
  const double normal = std::sqrt(2 * std::log(d.ranks) * variance / d.rows) / mean;
  return 1 + std::max(normal, digits.largest_row(draws) / synapses);
}

void reach_hubs(const Description& d, Layout& layout) {
  const Digits digits(d.neurons);
  const double draws = d.neurons * d.degree;
  layout.synapses = digits.distinct(draws) / d.ranks;
  double heard = 0;
  for (int t = 0; t <= digits.levels(); ++t) {
    heard += digits.numbers(t) * -std::expm1(-draws / d.ranks * digits.share(t));
  }
  layout.ghosts = heard * (1 - 1 / d.ranks);
  layout.peers = (d.ranks - 1) * -std::expm1(-layout.synapses / d.ranks);
  layout.far = far_from_anywhere(d, layout.ghosts);
  layout.synapses_max_over_mean = largest_over_mean(d, digits, draws, layout.synapses);
}

/// Rows of a block in a layer, times the layer before: its synapses there.
struct LayerPart {
  double rows, before_begin, before_end;
};

std::vector<LayerPart> parts_of(const std::vector<GlobalIndex>& starts, double begin, double end) {
  std::vector<LayerPart> parts;
  for (std::size_t l = 1; l + 1 < starts.size(); ++l) {
    const double rows =
        std::min(end, static_cast<double>(starts[l + 1])) - std::max(begin, static_cast<double>(starts[l]));
    if (rows > 0) parts.push_back({rows, static_cast<double>(starts[l - 1]), static_cast<double>(starts[l])});
  }
  return parts;
}

void reach_layers(const Description& d, Layout& layout) {
  constexpr double looked_at = 1'000;  // blocks
  const auto starts = generators::layer_starts(d.params.layers);
  const double blocks = std::min(d.ranks, looked_at);
  double ghosts = 0, peers = 0, most = 0;
  for (double b = 0; b < blocks; ++b) {
    const double begin = std::floor(std::floor(b * d.ranks / blocks) * d.rows), end = begin + d.rows;
    double synapses = 0;
    for (const auto& part : parts_of(starts, begin, end)) {
      const double width = part.before_end - part.before_begin;
      const double own = positive(std::min(end, part.before_end) - std::max(begin, part.before_begin));
      synapses += part.rows * width;
      ghosts += width - own;
      peers += own < width ? std::max(1.0, (width - own) / d.rows) : 0.0;
    }
    most = std::max(most, synapses);
  }
  layout.ghosts = ghosts / blocks, layout.peers = std::min(d.ranks - 1, peers / blocks);
  layout.far = far_from_anywhere(d, layout.ghosts);
  if (layout.synapses > 0) layout.synapses_max_over_mean = std::max(1.0, most / layout.synapses);
}

Reach reach_of(const std::string& kind) {
  static const std::map<std::string, Reach> known{{"random", reach_anywhere},       {"modular", reach_modules},
                                                  {"smallworld", reach_smallworld}, {"kronecker", reach_hubs},
                                                  {"lattice", reach_sheet},         {"ring", reach_neighbours},
                                                  {"layered", reach_layers},        {"dense", reach_everybody},
                                                  {"lowrank", reach_everybody},     {"local", reach_anywhere}};
  return known.at(kind);
}

Layout layout_by(Reach reach, const GeneratorParams& params, double neurons, double synapses, std::int64_t ranks) {
  const auto p = static_cast<double>(ranks);
  Layout layout{ranks, neurons / p, synapses / p};
  if (neurons > 0) reach({params, neurons, synapses / neurons, p, neurons / p}, layout);
  if (ranks == 1) layout.ghosts = layout.peers = 0, layout.synapses_max_over_mean = 1;
  return layout;
}

}  // namespace

Layout expected_layout(const GeneratorParams& params, std::int64_t ranks) {
  const auto neurons = static_cast<double>(*params.nodes), synapses = static_cast<double>(expected_synapses(params));
  return layout_by(reach_of(params.kind), params, neurons, synapses, ranks);
}

Layout anywhere_layout(double neurons, double synapses, std::int64_t ranks) {
  return layout_by(reach_anywhere, {}, neurons, synapses, ranks);
}

}  // namespace synbal
