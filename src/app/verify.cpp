// synbal verify FILE RESULT.h5
#include <fmt/format.h>

#include <cmath>

#include "app/command.hpp"
#include "app/costs/cost_terms.hpp"
#include "app/costs/cost_view.hpp"
#include "app/report.hpp"
#include "synbal/balance/gauge.hpp"
#include "synbal/balance/verification.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/terminal.hpp"
#include "synbal/io/result.hpp"
#include "synbal/network/groups.hpp"
#include "synbal/network/outside.hpp"

namespace synbal::app {

static void describe(ReportWriter& report, const Check& check) {
  report("name", check.name)("outcome", to_string(check.outcome))("value", check.value)("limit", check.limit);
  report("note", check.note);
}

namespace {

struct VerifyOptions {
  InputOptions input;
  std::string result, report;
};

/// A result beside the network it claims to be made from.
struct StoredPair {
  LoadedNetwork loaded;  ///< components once the result is known
  StoredResult stored;
  PhaseTimes times;
  /// Where inputs and outputs cost as well, `loaded.network` has a neuron more on every rank, which stands for them;
  /// this is the network without, and without synapses.
  std::optional<Network> inside;
  std::string differing;  ///< what the options or the file say of the neurons, and the result otherwise
};

bool counts_outside(const StoredResult& stored) { return stored.provenance.cost_scope == "all"; }

/// Collective. After what is checked of the network as it is in its file.
void add_outside(const Comm& comm, StoredPair& pair) {
  if (!counts_outside(pair.stored)) return;
  auto& network = pair.loaded.network;
  pair.inside.emplace();
  pair.inside->rows = network.rows, pair.inside->nodes = network.nodes, pair.inside->position = network.position;
  pair.inside->facts = network.facts;
  network = with_outside(comm, std::move(network), pair.stored.provenance.power);
  pair.stored.h.push_back(0.0);
}

/// @throws Error bad_input for a result that does not say which index is postsynaptic.
Orientation orientation_of(const StoredResult& stored, const std::string& path) {
  const auto& name = stored.provenance.orientation;
  if (const auto orientation = from_string<Orientation>(name)) return *orientation;
  throw bad_input(
      fmt::format("{}: its orientation '{}' is none of {}: balance again", path, name, choices<Orientation>()));
}

/// What the result was made with, as far as reading depends on it; false where that was not as asked. The same on all
/// ranks.
bool read_as_stored(InputOptions& input, const StoredResult& stored, const std::string& result) {
  const auto& about = stored.provenance;
  const auto orientation = orientation_of(stored, result);
  const bool turned = orientation != input.read.orientation;
  const bool without_alpha = !about.alpha_checksum.empty() && !input.read.alpha && !about.alpha_path.empty();
  if (turned) log_info("{} was made with --orientation {}: reading again", result, to_string(orientation));
  if (without_alpha) log_info("{} was made with --alpha {}: reading again", result, about.alpha_path);
  input.read.orientation = orientation;
  if (without_alpha) input.read.alpha = about.alpha_path;
  return !turned && !without_alpha;
}

/// Collective. The result says how the network was read; where the options say otherwise it is read again.
StoredPair read_pair(const Comm& comm, InputOptions input, const std::string& result) {
  StoredPair pair;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto& network = pair.loaded.network;
    network = load_network(comm, input, pair.times);
    pair.stored = timed(comm, pair.times.read, [&] { return read_result(comm, network, result, true); });
    if (read_as_stored(input, pair.stored, result)) break;
  }
  pair.differing = adopt(comm, pair.stored.nodes, input.read, pair.loaded.network);
  return pair;
}

/// Collective. Pins, gains, exponents, ties and alphas.
Check check_factors(const Comm& comm, const StoredPair& pair) {
  const auto& wanted = pair.stored.provenance.alpha_checksum;
  auto differing = pair.differing;
  if (alpha_checksum(comm, pair.loaded.network) != wanted) differing += differing.empty() ? "alpha" : ", alpha";
  return {"costs are those of the run",
          differing.empty() ? Outcome::passed : Outcome::failed,
          {},
          {},
          differing.empty() ? "pins, gains, exponents, ties, alphas" : "other values of: " + differing};
}

Claims claims_of(const Provenance& stored) {
  return {.n = stored.n,
          .nnz = stored.nnz,
          .input_size = stored.input_size,
          .input_checksum = stored.input_checksum,
          .power = stored.power,
          .tolerance = stored.tolerance,
          .converged = stored.exit_code == static_cast<int>(ExitCode::done)};
}

/// All that verifying finds.
struct Findings {
  std::vector<Check> checks;
  DirectCosts before, after;
  Imbalance imbalance;
  GapCheck gap;
};

/// Collective. What the neurons that stand for inputs and outputs must have, of which nothing is stored.
void complete_outside(const Comm& comm, StoredPair& pair, const DirectCosts& after) {
  if (!pair.inside) return;
  const auto& components = pair.loaded.components;
  auto& stored = pair.stored;
  stored.component.push_back(number_outside(comm, components, stored.component));
  stored.in_cost.push_back(after.in.back());
  stored.out_cost.push_back(after.out.back());
}

/// Collective.
Check check_gauge_of(const Comm& comm, const StoredPair& pair) {
  const auto& [network, components] = pair.loaded;
  const auto& stored = pair.stored;
  if (pair.inside || stored.provenance.gauge != to_string(Gauge::inputs_outputs)) {
    return check_gauge(comm, network, components, stored.h);
  }
  const auto weights = outside_weights(comm, network, stored.provenance.power);
  return check_input_output_gauge(comm, network, components, weights, stored.h, stored.provenance.power);
}

std::vector<CostTerm> terms_of(const Provenance& stored) {
  if (stored.cost_terms.empty()) return {{.power = stored.power, .weight = 1}};
  return cost_terms_of("cost_terms of the result", stored.cost_terms);
}

/// Collective. What is stored per neuron, and the costs.
void verify_neurons(const Comm& comm, StoredPair& pair, const Claims& claims, Findings& found) {
  const auto& [network, components] = pair.loaded;
  const auto& stored = pair.stored;
  const std::vector<double> origin(stored.h.size(), 0.0);
  const auto terms = terms_of(stored.provenance);
  found.before = costs_of_terms(comm, pair.loaded, origin, terms);
  found.after = costs_of_terms(comm, pair.loaded, stored.h, terms);
  const bool one = terms.size() == 1;
  found.imbalance =
      direct_imbalance(comm, network, one ? found.after : costs_of_terms(comm, pair.loaded, stored.h, terms, true));
  complete_outside(comm, pair, found.after);
  auto& checks = found.checks;
  checks.push_back({"file as it was written",
                    stored.unchanged ? Outcome::passed : Outcome::failed,
                    {},
                    {},
                    stored.unchanged ? "" : "its bytes do not add up to what its last line says, or that is lost"});
  checks.push_back(check_fixed_neurons(comm, network, components, stored.h));
  checks.push_back(check_gauge_of(comm, pair));
  checks.push_back(check_labels(comm, network, components, stored.component));
  const auto& [in, out, total, entries] = found.after;
  checks.push_back(check_stored_costs(comm, network, "stored in-costs", stored.in_cost, in, total));
  checks.push_back(check_stored_costs(comm, network, "stored out-costs", stored.out_cost, out, total));
  checks.push_back(check_imbalance(found.imbalance, found.after, claims));
  checks.push_back(check_cost(found.before, found.after));
  if (comm.any(has_ties(network))) checks.push_back(check_ties(comm, network, stored.h));
}

/// Collective. The last that is asked of the network: its synapses leave it.
BalanceProblem problem_of(const Comm& comm, LoadedNetwork& loaded, const CostView& view, double power) {
  if (view.groups()) return {comm, view.network(), view.components(), power};
  return {comm, loaded.network, loaded.components, power, BalanceProblem::Synapses::taken_over};
}

/// Collective. Where the solver's own view of the costs is needed: groups of tied neurons are one there. The last
/// check.
void verify_optimum(const Comm& comm, StoredPair& pair, const CostView& view, const Claims& claims, Findings& found) {
  if (!pair.stored.provenance.cost_terms.empty()) {
    found.gap.newton_step_inf = NAN;
    found.checks.push_back(
        {"gap to the minimum / cost", Outcome::skipped, {}, {}, "no bound is known for sums of costs"});
    return;
  }
  const auto h = view.of_groups(pair.stored.h);
  const auto& network = view.network();
  const auto& components = view.components();
  const auto costs = view.groups() ? direct_costs(comm, network, components, h, claims.power) : found.after;
  found.checks.push_back(check_cuts(comm, network, components, costs, h, claims));
  auto problem = problem_of(comm, pair.loaded, view, claims.power);
  found.gap = check_gap(problem, h, claims);
  found.checks.push_back(found.gap.check);
}

/// Collective. The stored weights; without any, what h makes of J still has a spectrum.
void verify_weights(const Comm& comm, const StoredPair& pair, const std::string& path, std::vector<Check>& checks) {
  const auto& [network, components] = pair.loaded;
  const auto& h = pair.stored.h;
  if (pair.stored.has_weights) {
    auto balanced = read_result_weights(comm, pair.inside ? *pair.inside : network, path);
    if (pair.inside) balanced = with_outside(comm, std::move(balanced), pair.stored.provenance.power);
    for (auto& check : check_weights(comm, network, balanced, h)) checks.push_back(std::move(check));
    checks.push_back(check_function(comm, network, balanced, h));
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
Findings verify(const Comm& comm, StoredPair& pair, const std::string& path) {
  const StageScope stage(Stage::verification);
  const auto claims = claims_of(pair.stored.provenance);
  Findings found;
  found.checks.push_back(check_input(pair.loaded.network, claims));
  found.checks.push_back(check_factors(comm, pair));
  add_outside(comm, pair);
  timed(comm, pair.times.components,
        [&] { pair.loaded.components = strongly_connected_components(comm, pair.loaded.network); });
  const CostView view(comm, pair.loaded, claims.power);
  verify_neurons(comm, pair, claims, found);
  verify_weights(comm, pair, path, found.checks);
  verify_optimum(comm, pair, view, claims, found);
  return found;
}

std::string names_of_failed(const std::vector<Check>& checks) {
  std::string names;
  for (const auto& check : checks) {
    if (check.failed()) names += (names.empty() ? "" : "; ") + check.name;
  }
  return names;
}

/// What is reported, and what the verdict is about.
struct VerificationReport {
  const VerifyOptions& options;
  const StoredPair& pair;
  const Findings& found;
  RunHead head;
  InputSection input;
  MemorySection memory;

  [[nodiscard]] CostSection cost() const {
    const auto& about = pair.stored.provenance;
    CostSection cost{about.power, found.before.total, found.after.total, found.gap.lower_bound, found.gap.gap};
    cost.terms = about.cost_terms;
    return cost;
  }
};

void describe(ReportWriter& report, const VerificationReport& r) {
  const auto& stored = r.pair.stored;
  const auto& about = stored.provenance;
  describe(report, r.head);
  report("input", r.input);
  report.object("result", [&](ReportWriter& result) {
    result("path", r.options.result)("command", about.command)("tolerance", about.tolerance)("reason", about.reason);
    result("exit_code", about.exit_code)("has_weights", stored.has_weights);
  });
  report("cost", r.cost())("imbalance", r.found.imbalance)("newton_step_inf", r.found.gap.newton_step_inf);
  report("checks", r.found.checks)("verified", names_of_failed(r.found.checks).empty());
  report("time", r.pair.times)("memory", r.memory);
}

std::string verdict(const VerifyOptions& options, const std::vector<Check>& checks) {
  const auto count = [&](Outcome outcome) { return std::ranges::count(checks, outcome, &Check::outcome); };
  const auto passed = count(Outcome::passed), failed = count(Outcome::failed);
  if (failed > 0) {
    return fmt::format("{} is not what it says it is: {} of {} checks failed.", options.result, failed,
                       passed + failed);
  }
  return fmt::format("{} is what it says it is, a scaling of {}: {} checks passed, {} skipped.", options.result,
                     options.input.path, passed, count(Outcome::skipped));
}

std::string outcome_text(Outcome outcome) {
  const auto word = fmt::format("{:<5}", to_string(outcome));
  if (outcome == Outcome::skipped) return word;
  return coloured(word, outcome == Outcome::passed ? Colour::green : Colour::red, Stream::out);
}

void print(const VerificationReport& r) {
  const auto text = [](const std::optional<double>& v) { return v ? fmt::format("{:.3g}", *v) : std::string("-"); };
  fmt::print("{:<36} {:<5} {:>10} {:>10}  {}\n", "check", "", "value", "at most", "note");
  for (const auto& c : r.found.checks) {
    fmt::print("{:<36} {} {:>10} {:>10}  {}\n", c.name, outcome_text(c.outcome), text(c.value), text(c.limit), c.note);
  }
  fmt::print("{}\n", verdict(r.options, r.found.checks));
  std::fflush(stdout);
}

void refuse_failed(const VerifyOptions& options, const std::vector<Check>& checks) {
  const auto failed = names_of_failed(checks);
  if (failed.empty()) return;
  throw bad_input(fmt::format(
      "{}: checks failed against {} ({}): give the network, --pinned, --gain, --alpha and --duplicates it was "
      "made with, or balance again",
      options.result, options.input.path, failed));
}

ExitCode run_verify(const Context& context, const VerifyOptions& options) {
  const Beginning beginning;
  const auto& comm = context.world;
  auto inputs = input_files(options.input);
  inputs.push_back(options.result);
  check_outputs(context, {{options.report, OutputKind::report}}, inputs);
  auto pair = read_pair(comm, options.input, options.result);
  refuse_foreign(context);
  const auto input = input_of(comm, pair.loaded.network);
  const auto found = timed(comm, pair.times.solve, [&] { return verify(comm, pair, options.result); });
  pair.times.solve -= pair.times.components;
  context.session.refuse_unused_petsc_options();
  pair.times.total = comm.max(beginning.timer.seconds());
  tell(context, VerificationReport{options, pair, found, head_of(context, beginning.date), input, memory_of(comm)},
       options.report, true);
  refuse_failed(options, found.checks);
  return ExitCode::done;
}

}  // namespace

Command add_verify(const OptionSet& root) {
  const auto command = root.add_command("verify", "recompute all that a result says, from the network and h alone");
  auto o = std::make_shared<VerifyOptions>();
  add_reading_options(command, o->input);
  command.add("RESULT", o->result, "result of `balance`").required().shown_as("");
  add_factor_options(command, o->input.read);
  add_report_option(command, o->report, "the checks as JSON");
  command.footer(
      "Exit code 0 only if no check failed, else 3. Power, orientation, pinned neurons, gains, exponents, ties and "
      "alphas\nare those that the result says it was made with; options that say otherwise fail a check.");
  command.examples(
      {"synbal verify net.h5 balanced.h5", "mpirun -n 4 synbal verify net.h5 balanced.h5 --report checks.json"});
  return {command, [o](const Context& context) { return run_verify(context, *o); }};
}

}  // namespace synbal::app
