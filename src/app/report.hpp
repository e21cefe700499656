// The report of a run: the numbers on the terminal and in the JSON file are the same object.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "app/command.hpp"
#include "app/loading.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

using Json = nlohmann::ordered_json;

/// A number, or null when it is not finite.
[[nodiscard]] Json number(double value);
[[nodiscard]] Json number(const std::optional<double>& value);

/// The parts that several commands report (CONTRACT.md, Report).
[[nodiscard]] Json report_head(const Comm& comm, const std::string& command_line, const std::string& started);
[[nodiscard]] Json report_input(const Network& network, std::int64_t pinned);
[[nodiscard]] Json report_components(const Components& components, const BalanceProblem& problem, double cost_inside);
[[nodiscard]] Json report_imbalance(const Imbalance& imbalance);
[[nodiscard]] Json report_solver(const SolverResult& solver);
[[nodiscard]] Json report_times(const PhaseTimes& times);
/// Collective.
[[nodiscard]] Json report_memory(const Comm& comm);
/// Collective.
[[nodiscard]] Json report_parallel(const Comm& comm, const Network& network, const BalanceProblem& problem);

/// The part of a file's provenance that every run knows; `finished` is now.
[[nodiscard]] Provenance provenance_of(const Context& context, const InputOptions& input, const Network& network,
                                       const std::string& started);

/// Collective. Pinned neurons over all ranks.
[[nodiscard]] std::int64_t count_pinned(const Comm& comm, const Network& network);

/// Root only. The lines of a summary about the network and its components, from the report.
void print_network(const Json& report);

/// A number of a report as text; "not known" where there is none.
[[nodiscard]] std::string text_of(const Json& value, const char* format = "{:.10g}");

/// A number of bytes as people read it.
[[nodiscard]] std::string human_bytes(double bytes);

/// Root only. Writes to a temporary name, then renames. @throws Error io_failure.
void write_report(const Json& report, const std::string& path);

}  // namespace synbal::app
