// `info --predict`: time and memory that balancing takes on some numbers of ranks, and which number is best, by the
// performance model (synbal/forecast).
#pragma once

#include <string>

#include "app/command.hpp"
#include "app/options.hpp"
#include "synbal/forecast/forecast.hpp"
#include "synbal/io/sizes.hpp"

namespace synbal::app {

/// The word for the family that a network is of.
inline constexpr const char* kOwnFamily = "own";

struct PredictionOptions {
  std::string ranks;              ///< "1,8,64"; empty: nothing is predicted
  std::string machine;            ///< a file; empty: the one whose measurements are built in
  std::string like = kOwnFamily;  ///< the family whose solves these are taken to be
};
void add_prediction_options(const OptionSet& command, PredictionOptions& options);

/// What sizes alone tell of a layout: the family's, or one with partners anywhere.
[[nodiscard]] Layout layout_by_sizes(const NetworkSizes& sizes, std::int64_t ranks);

/// Collective. A network that generate would make is not made, and with `header` no network is read; else the blocks of
/// a file's rows are counted, on one rank. @throws Error usage, bad_input, io_failure.
ExitCode tell_prediction(const Context& context, const InputOptions& input, const PredictionOptions& options,
                         bool header, const std::string& report);

}  // namespace synbal::app
