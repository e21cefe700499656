// Files are read some steps ahead; built-in signals are functions of the step.
#include "synbal/dynamics/signal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "dynamics/streams.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/range.hpp"

namespace synbal {

namespace {
constexpr std::int64_t kHeldValues = std::int64_t{1} << 20;  // values of a file that are held at once
constexpr std::int64_t kCdiInputs = 6, kCdiTargets = 2, kCdiConditions = 8;

class FileSignal final : public Signal {
 public:
  FileSignal(TimeSeries&& series, std::int64_t hold, std::int64_t copies)
      : series_(std::move(series)), hold_(hold), copies_(copies), spread_(at(series_.width() * copies)) {}

  [[nodiscard]] std::int64_t channels() const override { return series_.channels(); }
  [[nodiscard]] std::span<const double> at_step(std::int64_t step) override {
    const auto time = std::min(step / hold_, series_.times() - 1), width = series_.width();
    if (time < first_ || time >= first_ + count_) {
      first_ = time;
      count_ = std::min(std::max(kHeldValues / width, std::int64_t{1}), series_.times() - first_);
      held_ = series_.read(first_, count_);
    }
    const auto* values = held_.data() + (time - first_) * width;
    for (std::int64_t k = 0; k < std::ssize(spread_); ++k) spread_[at(k)] = values[k / copies_];
    return spread_;
  }

 private:
  TimeSeries series_;
  std::int64_t hold_, copies_;  // of every value
  std::int64_t first_ = 0, count_ = 0;
  std::vector<double> held_, spread_;
};

/// Normal numbers for (channel, condition, trial) at a time.
class InputNoise {
 public:
  InputNoise(std::uint64_t seed, double size) : random_(seed, streams::kInputs), size_(size) {}
  [[nodiscard]] double operator()(std::int64_t place, std::int64_t time) const {
    return size_ * random_.normal(static_cast<std::uint64_t>(place), static_cast<std::uint32_t>(time));
  }

 private:
  CounterRandom random_;
  double size_;
};

class WhiteSignal final : public Signal {
 public:
  WhiteSignal(std::int64_t inputs, std::int64_t trials, const InputNoise& noise)
      : inputs_(inputs), noise_(noise), values_(at(inputs * trials)) {}

  [[nodiscard]] std::int64_t channels() const override { return inputs_; }
  [[nodiscard]] std::span<const double> at_step(std::int64_t step) override {
    for (std::size_t k = 0; k < values_.size(); ++k) values_[k] = noise_(static_cast<std::int64_t>(k), step);
    return values_;
  }

 private:
  std::int64_t inputs_;
  InputNoise noise_;
  std::vector<double> values_;
};

class StepSignal final : public Signal {
 public:
  StepSignal(std::int64_t inputs, std::int64_t trials, double size, std::int64_t onset)
      : inputs_(inputs), onset_(onset), off_(at(inputs * inputs * trials), 0.0), on_(off_) {
    for (std::int64_t c = 0; c < inputs; ++c) {  // input c is the one of condition c
      std::fill_n(on_.begin() + (c * inputs + c) * trials, trials, size);
    }
  }

  [[nodiscard]] std::int64_t channels() const override { return inputs_; }
  [[nodiscard]] std::span<const double> at_step(std::int64_t step) override { return step < onset_ ? off_ : on_; }

 private:
  std::int64_t inputs_, onset_;
  std::vector<double> off_, on_;
};

/// The three bits of a condition: context, first and second signal. A bit of 0 is the pair (0, 1), of 1 the pair (1,
/// 0).
bool bit(std::int64_t condition, std::int64_t which) { return (condition >> (2 - which) & 1) != 0; }
double pair_value(bool set, std::int64_t member) { return set == (member == 0) ? 1.0 : 0.0; }

/// The inputs of context-dependent integration during a unit of time.
class CdiInputs {
 public:
  CdiInputs(std::int64_t trials, const InputNoise& noise) : trials_(trials), noise_(noise) {}

  [[nodiscard]] std::int64_t width() const { return kCdiConditions * trials_; }
  /// Of run (condition, trial).
  [[nodiscard]] double operator()(std::int64_t input, std::int64_t run, std::int64_t unit) const {
    return pair_value(bit(run / trials_, input / 2), input % 2) + noise_(input * width() + run, unit);
  }

 private:
  std::int64_t trials_;
  InputNoise noise_;
};

class CdiInput final : public Signal {
 public:
  CdiInput(const CdiInputs& inputs, std::int64_t a_unit) : inputs_(inputs), a_unit_(a_unit) {}

  [[nodiscard]] std::int64_t channels() const override { return kCdiInputs; }
  [[nodiscard]] std::span<const double> at_step(std::int64_t step) override {
    const auto unit = step / a_unit_, width = inputs_.width();
    if (unit == held_) return values_;
    held_ = unit;
    values_.clear();
    for (std::int64_t place = 0; place < kCdiInputs * width; ++place) {
      values_.push_back(inputs_(place / width, place % width, unit));
    }
    return values_;
  }

 private:
  CdiInputs inputs_;
  std::int64_t a_unit_, held_ = -1;
  std::vector<double> values_;
};

/// The integrals from the start to the end of the step, of the signal that the context names: the first where it is
/// (0, 1), the second where it is (1, 0).
class CdiTarget final : public Signal {
 public:
  CdiTarget(const CdiInputs& inputs, std::int64_t trials, const TimeGrid& grid)
      : inputs_(inputs), trials_(trials), grid_(grid) {}

  [[nodiscard]] std::int64_t channels() const override { return kCdiTargets; }
  [[nodiscard]] std::span<const double> at_step(std::int64_t step) override {
    if (step < next_) next_ = 0;
    if (next_ == 0) sums_.assign(at(kCdiTargets * inputs_.width()), 0.0);
    for (; next_ <= step; ++next_) add(next_ / grid_.a_unit);
    return sums_;
  }

 private:
  void add(std::int64_t unit) {
    const auto width = inputs_.width();
    for (std::int64_t place = 0; place < kCdiTargets * width; ++place) {
      const auto run = place % width;
      const std::int64_t first = bit(run / trials_, 0) ? 4 : 2;  // input of the signal that counts
      sums_[at(place)] += grid_.step * inputs_(first + place / width, run, unit);
    }
  }

  CdiInputs inputs_;
  std::int64_t trials_;
  TimeGrid grid_;
  std::int64_t next_ = 0;
  std::vector<double> sums_;
};

/// NAME or NAME:NUMBER.
struct Words {
  std::string name;
  std::optional<double> number;
};

Words taken_apart(const std::string& words) {
  const auto colon = words.find(':');
  Words taken{words.substr(0, colon), {}};
  if (colon == words.npos) return taken;
  double number = 0;
  const auto [rest, error] = std::from_chars(words.data() + colon + 1, words.data() + words.size(), number);
  if (error != std::errc() || rest != words.data() + words.size()) {
    throw usage_error(fmt::format("{} '{}': what follows the colon is no number", parameter("drive"), words));
  }
  require_in({0, 1e100}, "drive", number, "a size");
  taken.number = number;
  return taken;
}
}  // namespace

std::unique_ptr<Signal> signal_of(TimeSeries&& series, std::int64_t hold, std::int64_t trials) {
  const auto copies = series.trials() == 1 ? trials : 1;
  return std::make_unique<FileSignal>(std::move(series), hold, copies);
}

bool is_protocol(const std::string& words) {
  const auto name = words.substr(0, words.find(':'));
  return name == "cdi" || name == "white" || name == "step";
}

std::int64_t inputs_of_protocol(const std::string& words) {
  return words.substr(0, words.find(':')) == "cdi" ? kCdiInputs : 0;
}

Protocol protocol_of(const std::string& words, std::int64_t inputs, std::int64_t trials, const TimeGrid& grid,
                     std::uint64_t seed) {
  const auto [name, number] = taken_apart(words);
  if (name == "white") return {std::make_unique<WhiteSignal>(inputs, trials, InputNoise(seed, number.value_or(1))), {}};
  if (name == "step") {
    return {std::make_unique<StepSignal>(inputs, trials, number.value_or(1), grid.a_unit), {}, inputs};
  }
  if (inputs != kCdiInputs) {
    throw usage_error(fmt::format("{} cdi has {} inputs, but the network {}: give inputs in a file, white or step",
                                  parameter("drive"), kCdiInputs, inputs));
  }
  const CdiInputs made(trials, InputNoise(seed, number.value_or(0.3)));
  return {std::make_unique<CdiInput>(made, grid.a_unit), std::make_unique<CdiTarget>(made, trials, grid),
          kCdiConditions};
}

}  // namespace synbal
