// `info --header`: what the header of a file tells, and the memory that balancing such a network takes.
#pragma once

#include "app/command.hpp"
#include "app/options.hpp"

namespace synbal::app {

/// Collective. Reads sizes, estimates, prints, reports.
ExitCode tell_header(const Context& context, const InputOptions& input, const std::string& report);

}  // namespace synbal::app
