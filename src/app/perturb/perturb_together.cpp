// One change of a network, of one synapse or of several at once: what every synapse and every neuron answers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "app/perturb/perturb.hpp"
#include "app/words/called.hpp"

namespace synbal::app {

namespace {

/// The answer of the whole network.
struct Answer {
  std::vector<std::int64_t> changed;  ///< entries of this rank
  std::vector<std::int64_t> ids;      ///< [rows + ghosts]
  std::vector<LocalIndex> row;        ///< [entries of this rank]
  Response response;
  bool known = false;
  NeuronTotals predicted, actual;
};

/// [entries of this rank] The row of each.
std::vector<LocalIndex> rows_of_entries(const Network& network) {
  std::vector<LocalIndex> row;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    row.insert(row.end(), at(network.row_ptr[at(i) + 1] - network.row_ptr[at(i)]), i);
  }
  return row;
}

// Collective.
Answer answer_of(PerturbRun& perturb) {
  auto& study = perturb.study;
  Answer answer;
  std::vector<Perturbed> all;
  for (const auto& s : perturb.synapses) answer.changed.push_back(s.entry), all.push_back({s.entry, 0});
  std::ranges::sort(answer.changed);
  answer.response = std::move(study.predict(all, 1).front());
  answer.known = perturb.options.truths(1) > 0;
  study.predict_quadratic(answer.changed, answer.response);
  if (answer.known) study.rebalance(answer.changed, answer.response);
  answer.predicted = neuron_totals(study, answer.response, answer.changed, false);
  if (answer.known) answer.actual = neuron_totals(study, answer.response, answer.changed, true);
  answer.ids = perturb.run.source().ids_of_columns();
  answer.row = rows_of_entries(study.network());
  return answer;
}

/// What the changed synapses themselves do, now that all synapses' answers are known.
void take_over(PerturbRun& perturb, const Answer& answer, const ResponseNorms& norms) {
  const auto& network = perturb.study.network();
  for (auto& s : perturb.synapses) {
    const auto i = at(answer.row[at(s.entry)]), j = at(network.column[at(s.entry)]);
    s.converged = answer.response.converged && s.resistance.converged;
    if (!s.takes_part) {
      s.predicted = s.quadratic = 0, s.measured = answer.known ? 0 : ChangedSynapse::kUnknown;
      continue;
    }
    s.predicted = answer.response.predicted[j] - answer.response.predicted[i];
    s.quadratic = answer.response.quadratic[j] - answer.response.quadratic[i];
    if (!answer.known) continue;
    s.known = true, s.measured = answer.response.actual[j] - answer.response.actual[i];
    s.response_error = norms.relative_error(), s.uncertainty = answer.response.uncertainty;
  }
}

Table table_of(const PerturbRun& perturb, const Answer& answer) {
  const auto& study = perturb.study;
  const auto& network = study.network();
  const auto difference = [&](const std::vector<double>& values) {
    return [&](std::int64_t e) { return values[at(network.column[at(e)])] - values[at(answer.row[at(e)])]; };
  };
  const auto part = [&](std::int64_t e) { return study.takes_part(answer.row[at(e)], network.column[at(e)]); };
  Table table;
  table.rows = static_cast<std::int64_t>(network.column.size());
  table.columns = {
      neuron_column("postsynaptic", [&](std::int64_t e) { return answer.ids[at(answer.row[at(e)])]; }),
      neuron_column("presynaptic", [&](std::int64_t e) { return answer.ids[at(network.column[at(e)])]; }),
      integer_column("takes_part", [part](std::int64_t e) { return std::int64_t{part(e)}; }),
      integer_column("changed",
                     [&](std::int64_t e) { return std::int64_t{std::ranges::binary_search(answer.changed, e)}; }),
      real_column("cost", [&](std::int64_t e) { return study.cost(answer.row[at(e)], e); }),
      real_column("immediate", difference(answer.response.rate)),
      real_column("predicted", difference(answer.response.predicted)),
      real_column("quadratic", difference(answer.response.quadratic))};
  if (answer.known) table.columns.push_back(real_column("actual", difference(answer.response.actual)));
  table.notes = {{"eta", {study.eta()}}};
  return table;
}

Table neurons_of(const PerturbRun& perturb, const Answer& answer) {
  auto table = perturb.run.source().table_of_neurons();
  table.named = &perturb.run.source().network();
  const auto add = [&](const std::string& name, const NeuronTotals& totals) {
    const auto column = [&](const char* what, const std::vector<double>& values) {
      table.columns.push_back(real_column(name + what, [&values](std::int64_t r) { return values[at(r)]; }));
    };
    column("_input_log", totals.input_log), column("_output_log", totals.output_log);
    column("_input_cost", totals.input_cost), column("_output_cost", totals.output_cost);
  };
  add("predicted", answer.predicted);
  if (answer.known) add("actual", answer.actual);
  return table;
}

// Collective. Ids of neurons anywhere, on all ranks.
std::vector<std::int64_t> ids_of(const PerturbRun& perturb, const std::vector<GlobalIndex>& neurons) {
  const auto& source = perturb.run.source();
  const auto& rows = source.network().rows;
  std::vector<std::int64_t> ids(neurons.size(), std::numeric_limits<std::int64_t>::min());
  for (std::size_t k = 0; k < neurons.size(); ++k) {
    if (rows.owns(neurons[k])) ids[k] = source.ids()[at(neurons[k] - rows.first())];
  }
  perturb.comm().max(std::span(ids));
  return ids;
}

struct DistantSection {
  std::int64_t postsynaptic = 0, presynaptic = 0;  ///< ids
  std::string post, pre;                           ///< as the user calls them
  double cost = 0, predicted = 0;
  std::optional<double> actual;
};

void describe(ReportWriter& report, const DistantSection& d) {
  report("postsynaptic", d.postsynaptic)("presynaptic", d.presynaptic)("cost", d.cost);
  report("predicted_log_change", d.predicted)("measured_log_change", d.actual);
}

// Collective. Empty where no change makes anything move.
std::vector<DistantSection> distant_of(const PerturbRun& perturb, const Answer& answer) {
  if (!perturb.comm().any(std::ranges::any_of(perturb.synapses, &ChangedSynapse::takes_part))) return {};
  const auto list = largest_at_distance(perturb.study, answer.response, answer.changed, perturb.options.largest);
  std::vector<GlobalIndex> ends;
  for (const auto& r : list) ends.insert(ends.end(), {r.postsynaptic, r.presynaptic});
  const auto ids = ids_of(perturb, ends);
  const auto words = called(perturb.comm(), perturb.run.source().network(), ids);
  std::vector<DistantSection> sections;
  for (std::size_t k = 0; k < list.size(); ++k) {
    const auto i = 2 * k, j = i + 1;
    sections.push_back({ids[i], ids[j], words[i], words[j], list[k].cost, list[k].predicted, {}});
    if (answer.known) sections.back().actual = list[k].actual;
  }
  return sections;
}

/// Sums over the synapses of one neuron, as in NeuronTotals.
struct SumsSection {
  double input_log = 0, output_log = 0, input_cost = 0, output_cost = 0;
};

void describe(ReportWriter& report, const SumsSection& s) {
  report("input_log", s.input_log)("output_log", s.output_log);
  report("input_cost", s.input_cost)("output_cost", s.output_cost);
}

// Collective. Of a neuron anywhere.
SumsSection sums_of(const Network& network, const Comm& comm, const NeuronTotals& all, GlobalIndex neuron) {
  std::array<double, 4> sums{};
  if (network.rows.owns(neuron)) {
    const auto i = at(neuron - network.rows.first());
    sums = {all.input_log[i], all.output_log[i], all.input_cost[i], all.output_cost[i]};
  }
  comm.sum(std::span<double>(sums));
  return {sums[0], sums[1], sums[2], sums[3]};
}

/// A neuron at an end of the first changed synapse.
struct EndSection {
  std::int64_t id = 0;
  std::string neuron;  ///< as the user calls it
  SumsSection predicted;
  std::optional<SumsSection> actual;
};

void describe(ReportWriter& report, const EndSection& end) {
  report("id", end.id)("predicted", end.predicted)("actual", end.actual);
}

// Collective. The postsynaptic and the presynaptic end.
std::array<EndSection, 2> ends_of(const PerturbRun& perturb, const Answer& answer) {
  const auto& comm = perturb.comm();
  const auto& network = perturb.study.network();
  std::vector<GlobalIndex> ends(2, -1);
  for (const auto& s : perturb.synapses) {
    if (s.place != 0) continue;
    ends = {network.global(answer.row[at(s.entry)]), network.global(network.column[at(s.entry)])};
  }
  comm.max(std::span(ends));
  const auto ids = ids_of(perturb, ends);
  const auto words = called(comm, perturb.run.source().network(), ids);
  std::array<EndSection, 2> sections;
  for (std::size_t k = 0; k < ends.size(); ++k) {
    sections[k] = {ids[k], words[k], sums_of(network, comm, answer.predicted, ends[k]), {}};
    if (answer.known) sections[k].actual = sums_of(network, comm, answer.actual, ends[k]);
  }
  return sections;
}

/// The response of the whole network.
struct TogetherSection {
  PerturbationSection changes;
  const Answer& answer;
  ResponseNorms norms;
  bool converged = true;
  std::array<EndSection, 2> ends;
  std::vector<DistantSection> distant;

  /// What is known only where the network was balanced again.
  [[nodiscard]] std::optional<double> if_known(double value) const {
    return answer.known ? std::optional(value) : std::nullopt;
  }
};

void describe(ReportWriter& report, const TogetherSection& s) {
  const auto& response = s.answer.response;
  describe(report, s.changes);
  report.object("response", [&](ReportWriter& r) {
    r("predicted_norm", s.norms.predicted)("actual_norm", s.if_known(s.norms.actual));
    r("relative_error", s.if_known(s.norms.relative_error()))("uncertainty", s.if_known(response.uncertainty));
    r("quadratic_error", s.if_known(s.norms.quadratic_error()));
    r("newton_steps", response.newton_steps)("residual", response.residual)("all_converged", s.converged);
  });
  report.object("ends", [&](ReportWriter& r) { r("postsynaptic", s.ends[0])("presynaptic", s.ends[1]); });
  report("distant", s.distant);
}

void print_end(const char* name, const EndSection& end) {
  const auto& sums = end.actual ? *end.actual : end.predicted;
  fmt::print("{:<12} neuron {}: log changes of its inputs sum to {}, of its outputs to {}; costs {} and {}\n", name,
             end.neuron, text_of(sums.input_log, "{:+.4e}"), text_of(sums.output_log, "{:+.4e}"),
             text_of(sums.input_cost, "{:+.4e}"), text_of(sums.output_cost, "{:+.4e}"));
}

void print(const TogetherSection& s) {
  print(s.changes);
  fmt::print("response     |predicted| = {}, |true| = {}, relative error {} (2-norms of log changes over synapses)\n",
             text_of(s.norms.predicted, "{:.6g}"), text_of(s.if_known(s.norms.actual), "{:.6g}"),
             text_of(s.if_known(s.norms.relative_error()), "{:.3e}"));
  fmt::print("             by the quadratic model of the changed network's cost: relative error {}\n",
             text_of(s.if_known(s.norms.quadratic_error()), "{:.3e}"));
  print_end("postsynaptic", s.ends[0]);
  print_end("presynaptic", s.ends[1]);
  if (s.distant.empty()) return;
  fmt::print("largest log changes at a distance (post, pre: predicted, true)\n");
  for (const auto& d : s.distant) {
    fmt::print("{:>12} {:>12}: {:>13} {:>13}\n", d.post, d.pre, text_of(d.predicted, "{:+.5e}"),
               text_of(d.actual, "{:+.5e}"));
  }
}

// Collective.
TogetherSection section_of(PerturbRun& perturb, const Answer& answer, bool converged) {
  const auto norms = response_norms(perturb.study, answer.response);
  take_over(perturb, answer, norms);
  return {perturbation_of(perturb), answer, norms, converged, ends_of(perturb, answer), distant_of(perturb, answer)};
}

}  // namespace

ExitCode perturb_together(PerturbRun& perturb) {
  const auto& options = perturb.options;
  auto& run = perturb.run;
  const Timer timer;
  const bool solved = solve_resistances(perturb);
  const auto answer = answer_of(perturb);
  const auto section = section_of(perturb, answer, solved && answer.response.converged);
  run.times().solve += perturb.comm().max(timer.seconds());
  const auto table = table_of(perturb, answer);
  if (!options.neurons.empty()) {
    write_table(perturb.comm(), neurons_of(perturb, answer), run.provenance(options.tolerance), options.neurons);
  }
  return run.finish({section.converged, options.tolerance, &table}, "perturb", section);
}

}  // namespace synbal::app
