// What comes into a network over time, and what should come out: from files, or built in.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "synbal/io/series.hpp"

namespace synbal {

/// Values of a few channels in every condition and trial, step by step.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  virtual ~Signal() = default;

  [[nodiscard]] virtual std::int64_t channels() const = 0;
  /// Collective. [channels * conditions * trials] The value during step `step` (from 0) for inputs, at its end for
  /// targets, the trial running fastest; good until the next call. @throws Error bad_input.
  [[nodiscard]] virtual std::span<const double> at_step(std::int64_t step) = 0;
};

/// The steps of a run.
struct TimeGrid {
  double step = 0.1;         ///< of time
  std::int64_t count = 500;  ///< steps
  std::int64_t a_unit = 10;  ///< steps in a unit of time, at least 1
};

/// A network's inputs and, if there is something that it should do with them, the outputs wanted.
struct Protocol {
  std::unique_ptr<Signal> input, target;
  std::int64_t conditions = 1;
};

/// Of a file, each time lasting `hold` steps, the last one to the end. Where the file has one trial, all `trials` get
/// that one. @throws Error as TimeSeries::read.
[[nodiscard]] std::unique_ptr<Signal> signal_of(TimeSeries&& series, std::int64_t hold, std::int64_t trials);

/// Whether `words` name a built-in protocol rather than a file.
[[nodiscard]] bool is_protocol(const std::string& words);

/// The number of inputs that a built-in protocol needs; 0: any.
[[nodiscard]] std::int64_t inputs_of_protocol(const std::string& words);

/// cdi[:SD] - context-dependent integration (Stock et al. 2022, methods): six inputs, pairs that say which of two
/// signals counts, the first and the second signal, plus noise of this standard deviation (0.3) drawn for every unit of
/// time; eight conditions; two targets, the integrals of the signal that counts.
/// white[:SD] - every input independent normal numbers (1), new at every step; one condition.
/// step[:SIZE] - a condition for every input, which is 0 up to time 1 and SIZE (1) from then on.
/// Noise is keyed by (seed, input, time, condition, trial). @throws Error usage.
[[nodiscard]] Protocol protocol_of(const std::string& words, std::int64_t inputs, std::int64_t trials,
                                   const TimeGrid& grid, std::uint64_t seed);

}  // namespace synbal
