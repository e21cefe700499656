// synbal verify FILE RESULT.h5
#include <fmt/format.h>

#include "app/command.hpp"
#include "app/report.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

namespace {

struct Options {
  InputOptions input;
  std::string result, report;
};

/// A result beside the network it claims to be made from.
struct Pair {
  Network network;
  StoredResult stored;
  PhaseTimes times;
};

/// Collective. The result says which index is postsynaptic; where the options
/// say otherwise the network is read again.
Pair read_pair(const Comm& comm, InputOptions input, const std::string& result) {
  Pair pair;
  for (int attempt = 0; attempt < 2; ++attempt) {
    pair.network = load_network(comm, input, pair.times);
    pair.stored = timed(comm, pair.times.read, [&] { return read_result(comm, pair.network, result); });
    const auto orientation = orientation_of(pair.stored.provenance.orientation);
    if (orientation == input.read.orientation) break;
    log_info("{} was made with --orientation {}: reading again", result, name_of(orientation));
    input.read.orientation = orientation;
  }
  return pair;
}

Claims claims_of(const Provenance& told) {
  return {.n = told.n,
          .nnz = told.nnz,
          .input_size = told.input_size,
          .input_checksum = told.input_checksum,
          .power = told.power,
          .tolerance = told.tolerance,
          .converged = told.exit_code == static_cast<int>(ExitCode::done)};
}

/// All that verifying finds.
struct Findings {
  std::vector<Check> checks;
  DirectCosts before, after;
  Imbalance imbalance;
  GapCheck gap;
};

/// Collective. What is stored per neuron, and the costs.
void verify_neurons(const Comm& comm, const Pair& pair, const Components& components, const Claims& claims,
                    Findings& found) {
  const auto& [network, stored, times] = pair;
  const std::vector<double> origin(stored.h.size(), 0.0);
  found.before = direct_costs(comm, network, components, origin, claims.power);
  found.after = direct_costs(comm, network, components, stored.h, claims.power);
  found.imbalance = direct_imbalance(comm, network, found.after);
  auto& checks = found.checks;
  checks.push_back(check_input(network, claims));
  checks.push_back(check_fixed_neurons(comm, network, components, stored.h));
  checks.push_back(check_gauge(comm, network, components, stored.h));
  checks.push_back(check_labels(comm, network, components, stored.component));
  const auto& [in, out, total, entries] = found.after;
  checks.push_back(check_stored_costs(comm, network, "stored in-costs", stored.in_cost, in, total));
  checks.push_back(check_stored_costs(comm, network, "stored out-costs", stored.out_cost, out, total));
  checks.push_back(check_imbalance(found.imbalance, found.after, claims));
  checks.push_back(check_cost(found.before, found.after));
}

/// Collective. The stored weights; without any, what h makes of J still has a
/// spectrum.
void verify_weights(const Comm& comm, const Pair& pair, const Components& components, const std::string& path,
                    std::vector<Check>& checks) {
  const auto& network = pair.network;
  const auto& h = pair.stored.h;
  if (pair.stored.has_weights) {
    const auto balanced = read_result_weights(comm, network, path);
    for (auto& check : check_weights(comm, network, balanced, h)) checks.push_back(std::move(check));
    checks.push_back(check_cycle_products(comm, network, balanced, components, h));
    checks.push_back(check_spectrum(comm, network, balanced));
    return;
  }
  checks.push_back({"stored weights", Outcome::skipped, {}, {}, "the result has h only (--write h)"});
  Network balanced;
  if (network.size() <= kLargestSpectrum) {
    balanced = network;
    scale_weights(comm, balanced, h);
  }
  checks.push_back(check_spectrum(comm, network, balanced));
}

/// Collective.
Findings verify(const Comm& comm, Pair& pair, const Components& components, const std::string& path) {
  const auto claims = claims_of(pair.stored.provenance);
  Findings found;
  verify_neurons(comm, pair, components, claims, found);
  verify_weights(comm, pair, components, path, found.checks);
  found.gap = check_gap(comm, pair.network, components, pair.stored.h, claims);
  found.checks.push_back(found.gap.check);
  return found;
}

std::string names_of_failed(const std::vector<Check>& checks) {
  std::string names;
  for (const auto& check : checks) {
    if (check.failed()) names += (names.empty() ? "" : "; ") + check.name;
  }
  return names;
}

std::string verdict(const Options& options, const std::vector<Check>& checks) {
  std::array<int, 3> count{};
  for (const auto& check : checks) ++count[static_cast<std::size_t>(check.outcome)];
  const auto [passed, failed, skipped] = count;
  if (failed > 0) {
    return fmt::format("{} is not what it says it is: {} of {} checks failed.", options.result, failed,
                       passed + failed);
  }
  return fmt::format(
      "{} is what it says it is, a scaling of {}: {} checks "
      "passed, {} skipped.",
      options.result, options.input.path, passed, skipped);
}

void print_table(const std::vector<Check>& checks) {
  const auto text = [](const std::optional<double>& v) { return v ? fmt::format("{:.3g}", *v) : std::string("-"); };
  fmt::print("{:<36} {:<5} {:>10} {:>10}  {}\n", "check", "", "value", "at most", "note");
  for (const auto& c : checks) {
    fmt::print("{:<36} {:<5} {:>10} {:>10}  {}\n", c.name, to_string(c.outcome), text(c.value), text(c.limit), c.note);
  }
}

/// Collective.
Json make_report(const Context& context, const Options& options, const Pair& pair, const Findings& found,
                 const std::string& started) {
  Json report = report_head(context.world, context.command_line, started);
  report["input"] = report_input(pair.network, count_pinned(context.world, pair.network));
  const auto& told = pair.stored.provenance;
  report["result"] = {{"path", options.result},      {"command", told.command},
                      {"tolerance", told.tolerance}, {"reason", told.reason},
                      {"exit_code", told.exit_code}, {"has_weights", pair.stored.has_weights}};
  report["cost"] = {{"power", told.power},
                    {"initial", number(found.before.total)},
                    {"final", number(found.after.total)},
                    {"lower_bound", number(found.gap.lower_bound)},
                    {"gap", number(found.gap.gap)}};
  report["imbalance"] = report_imbalance(found.imbalance);
  report["newton_step_inf"] = number(found.gap.newton_step_inf);
  report["checks"] = Json::array();
  for (const auto& c : found.checks) {
    report["checks"].push_back({{"name", c.name},
                                {"outcome", to_string(c.outcome)},
                                {"value", number(c.value)},
                                {"limit", number(c.limit)},
                                {"note", c.note}});
  }
  report["verified"] = names_of_failed(found.checks).empty();
  report["time"] = report_times(pair.times);
  report["memory"] = report_memory(context.world);
  return report;
}

/// Collective. @throws Error bad_input when a check failed.
void tell(const Context& context, const Options& options, const Findings& found, const Json& report) {
  agreed(context.world, [&] {
    if (!context.world.is_root()) return;
    if (!options.report.empty()) write_report(report, options.report);
    if (context.verbosity < 0) return;
    print_table(found.checks);
    fmt::print("{}\n", verdict(options, found.checks));
    std::fflush(stdout);
  });
  const auto failed = names_of_failed(found.checks);
  if (failed.empty()) return;
  throw bad_input(
      fmt::format("{}: checks failed against {} ({}): give the "
                  "network, --pinned, --gain and --duplicates it "
                  "was made with, or balance again",
                  options.result, options.input.path, failed));
}

ExitCode run(const Context& context, const Options& options) {
  const Timer total;
  const auto started = utc_now();
  const auto& comm = context.world;
  auto others = input_files(options.input);
  others.push_back(options.result);
  if (!options.report.empty()) check_output(comm, options.report, OutputKind::report, others);
  auto pair = read_pair(comm, options.input, options.result);
  const auto components =
      timed(comm, pair.times.components, [&] { return strongly_connected_components(comm, pair.network); });
  const auto found = timed(comm, pair.times.solve, [&] { return verify(comm, pair, components, options.result); });
  context.session.refuse_unused_petsc_options();
  pair.times.total = comm.max(total.seconds());
  tell(context, options, found, make_report(context, options, pair, found, started));
  return ExitCode::done;
}

}  // namespace

Command add_verify(const OptionSet& root) {
  const auto command = root.add_command("verify", "recompute all that a result says, from the network and h alone");
  auto o = std::make_shared<Options>();
  add_reading_options(command, o->input);
  command.add("RESULT", o->result, "result of `balance`").required().shown_as("");
  command.add("--gain", o->input.read.gain, "presynaptic gains sigma_j, as given to `balance`")
      .shown_as("FILE[:/dataset]");
  command.add("--report", o->report, "the checks as JSON").shown_as("FILE.json");
  command.footer(
      "Exit code 0 only if no check failed, else 3. Power and "
      "orientation are those of the result.");
  return {command, [o](const Context& context) { return run(context, *o); }};
}

}  // namespace synbal::app
