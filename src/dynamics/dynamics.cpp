// Blocks of columns, interleaved: neuron i of column k of a block at [i * width + k].
#include "synbal/dynamics/dynamics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dynamics/block_product.hpp"
#include "dynamics/neuron_map.hpp"
#include "dynamics/streams.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/random.hpp"

namespace synbal {

namespace {
/// Two independent standard normal numbers for a neuron, a pair of runs and a step (Box-Muller).
std::array<double, 2> normal_pair(const CounterRandom& random, GlobalIndex neuron, std::int64_t pair,
                                  std::uint32_t step) {
  constexpr int kNeuronBits = 40;  // of the index; the pair of runs has the others
  const auto index = static_cast<std::uint64_t>(neuron) | static_cast<std::uint64_t>(pair) << kNeuronBits;
  const auto bits = random.bits(index, step);
  const auto unit = [](std::uint64_t b) { return static_cast<double>(b >> 11) * 0x1.0p-53; };
  const double radius = std::sqrt(-2.0 * std::log(1.0 - unit(bits[0])));
  const double angle = 2.0 * std::numbers::pi * unit(bits[1]);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// Columns first .. first + used - 1 of the ensemble.
struct Block {
  std::int64_t first = 0;
  int used = 0, width = 1;
  HugeVector<double> state = {};  ///< [n_local * width]; idle columns are 0

  [[nodiscard]] std::span<double> of(LocalIndex neuron) noexcept {
    return std::span(state).subspan(at(neuron) * at(width), at(width));
  }
  [[nodiscard]] std::span<const double> of(LocalIndex neuron) const noexcept {
    return std::span(state).subspan(at(neuron) * at(width), at(width));
  }
};

std::vector<Block> blocks_of(std::int64_t columns, LocalIndex neurons) {
  std::vector<Block> blocks;
  for (std::int64_t first = 0; first < columns; first += kWidestBlock) {
    const auto used = static_cast<int>(std::min<std::int64_t>(columns - first, kWidestBlock));
    Block block{first, used, block_width(used)};
    block.state.assign(at(neurons) * at(block.width), 0.0);
    blocks.push_back(std::move(block));
  }
  return blocks;
}
}  // namespace

struct Dynamics::Body {
  const Comm* comm;
  const Network* network;
  DynamicsParams params;
  Ensemble ensemble;
  NeuronMap inputs, outputs;
  std::vector<double> bias;
  BlockProduct product;
  std::vector<Block> blocks;

  void advance(Block& block, std::int64_t step, std::span<const double> input);
  void drive(const Block& block, LocalIndex neuron, std::span<const double> input, std::span<double> sum) const;
  void add_noise(Block& block, std::int64_t step) const;
  void add_normals(const Block& block, LocalIndex neuron, const CounterRandom& random, std::uint32_t step,
                   std::span<const double> size, std::span<double> values) const;
  [[nodiscard]] std::vector<double> gathered(const Block& block, std::span<const double> input) const;
  void read_out(const Block& block, std::span<double> sums) const;
  void respond(const Block& block, double size, std::uint32_t draw, std::span<double> sums);
  /// visit(block, number of its columns that belong to the first level).
  template <class Visit>
  void for_first_level(Visit&& visit) const {
    for (const auto& block : blocks) {
      const auto count = static_cast<int>(std::clamp<std::int64_t>(ensemble.runs() - block.first, 0, block.used));
      if (count > 0) visit(block, count);
    }
  }
};

// ---- moving

/// [inputs * width] What comes into the columns of a block.
std::vector<double> Dynamics::Body::gathered(const Block& block, std::span<const double> input) const {
  std::vector<double> values(at(inputs.width) * at(block.width), 0.0);
  for (std::int64_t m = 0; m < inputs.width; ++m) {
    for (int k = 0; k < block.used; ++k) {
      const auto run = (block.first + k) % ensemble.runs();
      values[at(m * block.width + k)] = input[at(m * ensemble.runs() + run)];
    }
  }
  return values;
}

/// Adds W_in u + b of a neuron.
void Dynamics::Body::drive(const Block& block, LocalIndex neuron, std::span<const double> input,
                           std::span<double> sum) const {
  for (auto& s : sum) s += bias[at(neuron)];
  for (const auto& [m, weight] : inputs.of(neuron)) {
    const auto* u = input.data() + m * block.width;
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += weight * u[k];
  }
}

void Dynamics::Body::add_noise(Block& block, std::int64_t step) const {
  std::array<double, kWidestBlock> room{};
  const auto size = std::span(room).first(at(block.used));
  for (int k = 0; k < block.used; ++k) {
    size[at(k)] = std::sqrt(params.step) * ensemble.noise[at((block.first + k) / ensemble.runs())];
  }
  if (std::ranges::all_of(size, [](double s) { return s == 0; })) return;
  const CounterRandom random(params.seed, streams::kNoise);
  for (LocalIndex i = 0; i < network->local_size(); ++i) {
    add_normals(block, i, random, static_cast<std::uint32_t>(step), size, block.of(i));
  }
}

/// Adds normal numbers of these sizes to a neuron's columns, those of a run to each of its levels.
void Dynamics::Body::add_normals(const Block& block, LocalIndex neuron, const CounterRandom& random, std::uint32_t step,
                                 std::span<const double> size, std::span<double> values) const {
  const auto place = network->file_index(neuron);
  std::int64_t held = -1;
  std::array<double, 2> pair{};
  for (std::size_t k = 0; k < size.size(); ++k) {
    if (size[k] == 0) continue;
    const auto run = (block.first + static_cast<std::int64_t>(k)) % ensemble.runs();
    if (run / 2 != held) pair = normal_pair(random, place, run / 2, step), held = run / 2;
    values[k] += size[k] * pair[at(run % 2)];
  }
}

void Dynamics::Body::advance(Block& block, std::int64_t step, std::span<const double> input) {
  params.phi.apply(block.state, product.factors(block.width));
  const auto recurrent = product.multiply(block.width);
  const auto u = gathered(block, input);
  const double rate = params.step / params.tau;
  std::array<double, kWidestBlock> room;
  const auto sum = std::span(room).first(at(block.width));
  for (LocalIndex i = 0; i < network->local_size(); ++i) {
    std::ranges::copy(recurrent.subspan(at(i) * sum.size(), sum.size()), sum.begin());
    drive(block, i, u, sum);
    const auto x = block.of(i);
    for (int k = 0; k < block.used; ++k) x[at(k)] += rate * (sum[at(k)] - x[at(k)]);
  }
  add_noise(block, step);
}

// ---- looking

void Dynamics::Body::read_out(const Block& block, std::span<double> sums) const {
  const auto columns = ensemble.columns();
  for (LocalIndex i = 0; i < network->local_size(); ++i) {
    const auto weights = outputs.of(i);
    if (weights.empty()) continue;
    std::array<double, kWidestBlock> room;
    const auto value = std::span(room).first(at(block.width));
    std::ranges::copy(block.of(i), value.begin());
    if (!params.reads_states) params.phi.apply(block.of(i), value);
    for (const auto& [output, weight] : weights) {
      for (int k = 0; k < block.used; ++k) sums[at(output * columns + block.first + k)] += weight * value[at(k)];
    }
  }
}

void Dynamics::Body::respond(const Block& block, double size, std::uint32_t draw, std::span<double> sums) {
  const CounterRandom random(params.seed, streams::kPerturbation);
  const auto width = at(block.width);
  std::vector<double> moved(block.state.size(), 0.0);  // d
  const std::vector<double> sizes(at(block.used), size);
  for (LocalIndex i = 0; i < network->local_size(); ++i) {
    add_normals(block, i, random, draw, sizes, std::span(moved).subspan(at(i) * width, width));
  }
  const auto change = product.factors(block.width);
  for (std::size_t k = 0; k < moved.size(); ++k) {
    change[k] = params.phi(block.state[k] + moved[k]) - params.phi(block.state[k]);
  }
  const auto recurrent = product.multiply(block.width);
  for (std::size_t k = 0; k < moved.size(); ++k) {
    const auto column = block.first + static_cast<std::int64_t>(k % width);
    const double f = (recurrent[k] - moved[k]) / size;
    if (column < std::ssize(sums)) sums[at(column)] += f * f;
  }
}

// ---- the class

Dynamics::Dynamics(const Comm& comm, const Network& network, const DynamicsParams& params, const Ensemble& ensemble)
    : body_(new Body{&comm, &network, params, ensemble, map_of(comm, network, ArrayRole::input_weights),
                     map_of(comm, network, ArrayRole::output_weights), sums_of(comm, network, ArrayRole::bias),
                     BlockProduct(network), blocks_of(ensemble.columns(), network.local_size())}) {
  const auto start = sums_of(comm, network, ArrayRole::initial_state);
  for (std::int64_t c = 0; c < ensemble.columns(); ++c) set_column(c, start);
}

Dynamics::~Dynamics() = default;

const Network& Dynamics::network() const noexcept { return *body_->network; }
const Ensemble& Dynamics::ensemble() const noexcept { return body_->ensemble; }
std::int64_t Dynamics::inputs() const noexcept { return body_->inputs.width; }
std::int64_t Dynamics::outputs() const noexcept { return body_->outputs.width; }

void Dynamics::advance(std::int64_t step, std::span<const double> input) {
  for (auto& block : body_->blocks) body_->advance(block, step, input);
}

std::vector<double> Dynamics::read_out() const {
  std::vector<double> sums(at(outputs() * ensemble().columns()), 0.0);
  for (const auto& block : body_->blocks) body_->read_out(block, sums);
  body_->comm->sum(std::span(sums));
  return sums;
}

void Dynamics::copy_state(LocalIndex neuron, std::span<double> state) const {
  body_->for_first_level([&](const Block& block, int count) {
    std::copy_n(block.of(neuron).begin(), count, state.begin() + block.first);
  });
}

void Dynamics::add_slopes(std::span<double> slopes, std::span<double> squares) const {
  body_->for_first_level([&](const Block& block, int count) {
    for (LocalIndex i = 0; i < network().local_size(); ++i) {
      body_->params.phi.add_slopes(block.of(i).first(at(count)), slopes[at(i)], squares[at(i)]);
    }
  });
}

bool Dynamics::is_finite() const {
  double sum = 0;
  for (const auto& block : body_->blocks) {
    for (const double x : block.state) sum += 0 * x;  // 0, or not a number
  }
  return sum == 0;
}

std::vector<double> Dynamics::response(double size, std::uint32_t draw) {
  std::vector<double> sums(at(ensemble().runs()), 0.0);
  for (const auto& block : body_->blocks) {
    if (block.first < ensemble().runs()) body_->respond(block, size, draw, sums);
  }
  body_->comm->sum(std::span(sums));
  return sums;
}

std::vector<double> Dynamics::column(std::int64_t column) const {
  const auto& block = body_->blocks[at(column / kWidestBlock)];
  std::vector<double> values;
  for (LocalIndex i = 0; i < network().local_size(); ++i) values.push_back(block.of(i)[at(column - block.first)]);
  return values;
}

void Dynamics::set_column(std::int64_t column, std::span<const double> values) {
  auto& block = body_->blocks[at(column / kWidestBlock)];
  for (LocalIndex i = 0; i < network().local_size(); ++i) block.of(i)[at(column - block.first)] = values[at(i)];
}

}  // namespace synbal
