// The report and the summary of `simulate`.
#include <fmt/format.h>

#include <cmath>

#include "app/simulate/simulate.hpp"

namespace synbal::app {

namespace {

/// A ratio; nothing where there is nothing to divide by.
std::optional<double> ratio(double a, double b) { return b > 0 ? std::optional(a / b) : std::nullopt; }

void describe_gains(ReportWriter& report, const GainFacts& gains, std::int64_t neurons) {
  report("mu_mean", gains.mean)("sigma_mean", gains.sigma_mean)("sigma_min", gains.sigma_min);
  report("sigma_max", gains.sigma_max)("silent", gains.silent);
  report("silent_share", ratio(static_cast<double>(gains.silent), static_cast<double>(neurons)));
}

void describe_sensitivity(ReportWriter& report, const Sensitivity& s) {
  report("total", s.total())("cost", s.cost)("self_loops", s.self_loops)("neurons", s.neurons);
}

void describe_amplification(ReportWriter& report, const Amplification& a) {
  report("size", a.size)("mean", a.mean)("standard_error", a.standard_error)("samples", a.samples);
}

/// What is told of a network in both sections.
void describe_network(ReportWriter& report, const NetworkSection& found, std::int64_t neurons) {
  report.object("gains", [&](ReportWriter& w) { describe_gains(w, found.gains, neurons); });
  report.object("sensitivity", [&](ReportWriter& w) { describe_sensitivity(w, found.sensitivity); });
  if (!found.measured.amplification) return;
  report.object("amplification", [&](ReportWriter& w) { describe_amplification(w, *found.measured.amplification); });
}

void describe_setting(ReportWriter& report, const SimulateReport& r) {
  const auto& o = r.options;
  const auto& e = r.setting.ensemble;
  report("phi", o.phi)("readout", o.reads_states ? "states" : "rates")("drive", o.drive)("time_step", o.time_step);
  report("tau", o.tau)("steps", r.steps)("end_time", static_cast<double>(r.steps) * o.time_step);
  report("coupling", o.coupling)("seed", o.seed)("inputs", r.inputs)("outputs", r.outputs);
  report("random_inputs", r.drawn.inputs)("random_outputs", r.drawn.outputs)("recorded", r.recorded);
  report("conditions", e.conditions)("trials", e.trials)("runs", e.columns());
  report("output_power", r.found.measured.output_power)("reason", r.reason)("finished", r.is_whole);
}

/// One level of noise.
struct Level {
  const SimulateReport& report;
  std::size_t number;
};
void describe(ReportWriter& report, const Level& level) {
  const auto& r = level.report;
  const auto& one = r.found.measured.levels[level.number];
  const auto loss = [&](double v) { return r.has_targets() ? std::optional(v) : std::nullopt; };
  report("noise", r.setting.ensemble.noise[level.number])("loss", loss(one.loss))("deviation", one.deviation);
  if (!r.against) return;
  const auto& other = r.against->found.measured.levels[level.number];
  report("against_loss", loss(other.loss))("against_deviation", other.deviation);
  report("loss_ratio", r.has_targets() ? ratio(other.loss, one.loss) : std::nullopt);
  report("deviation_ratio", ratio(other.deviation, one.deviation));
}

std::vector<Level> levels_of(const SimulateReport& r) {
  std::vector<Level> levels;
  for (std::size_t k = 0; k < r.setting.ensemble.noise.size(); ++k) levels.push_back({r, k});
  return levels;
}

void describe_against(ReportWriter& report, const SimulateReport& r) {
  const auto& a = *r.against;
  report("path", a.path)("output_difference", a.largest_difference)("largest_output", a.largest_output);
  report("output_difference_relative", ratio(a.largest_difference, a.largest_output));
  report("gain_difference", a.gain_difference);
  report("sensitivity_difference", r.found.sensitivity.total() - a.found.sensitivity.total());
  report("cost_difference", r.found.sensitivity.cost - a.found.sensitivity.cost);
  describe_network(report, a.found, r.input.neurons);
}

// ---- text

void print_network_part(const char* title, const NetworkSection& found, std::int64_t neurons) {
  const auto& g = found.gains;
  const auto& s = found.sensitivity;
  fmt::print("{:<12} gains: sigma {} on average, from {} to {}; {} of {} neurons are silent\n", title,
             text_of(g.sigma_mean, "{:.4g}"), text_of(g.sigma_min, "{:.4g}"), text_of(g.sigma_max, "{:.4g}"), g.silent,
             neurons);
  fmt::print("             sensitivity {}: {} of synapses, {} of self-loops, {} of the neurons themselves\n",
             text_of(s.total()), text_of(s.cost), text_of(s.self_loops), text_of(s.neurons));
  if (!found.measured.amplification) return;
  const auto& a = *found.measured.amplification;
  fmt::print("             by trial {} +- {} ({} perturbations of {:g})\n", text_of(a.mean, "{:.6g}"),
             text_of(a.standard_error, "{:.2g}"), a.samples, a.size);
}

void print_levels(const SimulateReport& r) {
  if (r.setting.ensemble.noise.size() == 1 && !r.has_targets()) return;
  fmt::print("{:<12} {:>10} {:>14} {:>14}", "noise", "level", "loss", "deviation");
  fmt::print("{}\n", r.against ? fmt::format(" {:>14} {:>14}", "loss ratio", "dev. ratio") : "");
  for (std::size_t k = 0; k < r.setting.ensemble.noise.size(); ++k) {
    const auto& one = r.found.measured.levels[k];
    const auto loss = [&](std::optional<double> v) { return r.has_targets() && v ? fmt::format("{:.6g}", *v) : "-"; };
    fmt::print("             {:>10g} {:>14} {:>14.6g}", r.setting.ensemble.noise[k], loss(one.loss), one.deviation);
    if (r.against) {
      const auto& other = r.against->found.measured.levels[k];
      const auto deviation = ratio(other.deviation, one.deviation);
      fmt::print(" {:>14} {:>14}", loss(ratio(other.loss, one.loss)),
                 deviation ? fmt::format("{:.6g}", *deviation) : "-");
    }
    fmt::print("\n");
  }
}

void print_against(const SimulateReport& r) {
  if (!r.against) return;
  const auto& a = *r.against;
  print_network_part("against", a.found, r.input.neurons);
  fmt::print("             outputs without noise differ by {} at most, of {}; gains by {}\n",
             text_of(a.largest_difference, "{:.2e}"), text_of(a.largest_output, "{:.4g}"),
             text_of(a.gain_difference, "{:.2g}"));
}

std::string drawn_text(const SimulateReport& r) {
  if (r.drawn.inputs == 0 && r.drawn.outputs == 0) return "";
  return fmt::format(" ({} inputs and {} outputs drawn at random, seed {})", r.drawn.inputs, r.drawn.outputs,
                     r.options.seed);
}

}  // namespace

NetworkSection section_of(const Comm& comm, const Network& network, Measured&& measured) {
  NetworkSection section{facts_of(comm, measured.gains), sensitivity(comm, network, measured.gains), {}};
  section.measured = std::move(measured);
  return section;
}

void describe(ReportWriter& report, const SimulateReport& r) {
  describe(report, r.head);
  report("input", r.input);
  report.object("simulation", [&](ReportWriter& w) { describe_setting(w, r); });
  describe_network(report, r.found, r.input.neurons);
  report("noise", levels_of(r));
  if (r.against) report.object("against", [&](ReportWriter& w) { describe_against(w, r); });
  report("time", r.time)("memory", r.memory);
  if (r.resumed) report("resumed", *r.resumed);
  if (r.kept) report("checkpoints", *r.kept);
}

void print(const SimulateReport& r) {
  const auto& e = r.setting.ensemble;
  fmt::print("network      {}: {} neurons, {} synapses, {} inputs, {} outputs{}\n", r.input.facts.path, r.input.neurons,
             r.input.synapses, r.inputs, r.outputs, drawn_text(r));
  fmt::print("             {}\n", r.input.facts.taken_as);
  fmt::print("runs         {} with {}: {} conditions, {} trials, {} levels of noise; {} steps of {:g}\n",
             r.options.drive, r.options.phi, e.conditions, e.trials, e.levels(), r.steps, r.options.time_step);
  print_network_part("activity", r.found, r.input.neurons);
  print_against(r);
  print_levels(r);
  if (!r.is_whole) fmt::print("NOT WHOLE    {}\n", r.reason);
  fmt::print("time         {:.3g} s reading, {:.3g} s simulating, {:.3g} s writing on {} rank(s)\n", r.time.read,
             r.time.solve, r.time.write, r.head.ranks);
  fmt::print("result       {}\n", r.options.output);
}

}  // namespace synbal::app
