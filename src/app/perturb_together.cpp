// One change of a network, of one synapse or of several at once: what every synapse and every neuron answers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/perturb.hpp"
#include "synbal/core/timer.hpp"

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

// Collective.
Answer answer_of(PerturbRun& perturb) {
  auto& study = perturb.study;
  const auto& network = study.network();
  Answer answer;
  std::vector<Perturbed> all;
  for (const auto& s : perturb.synapses) answer.changed.push_back(s.entry), all.push_back({s.entry, 0});
  std::ranges::sort(answer.changed);
  answer.response = std::move(study.predict(all, 1).front());
  answer.known = perturb.options.truths(1) > 0;
  if (answer.known) study.rebalance(answer.changed, answer.response);
  answer.predicted = neuron_totals(study, answer.response, answer.changed, false);
  if (answer.known) answer.actual = neuron_totals(study, answer.response, answer.changed, true);
  const auto given = perturb.run.source().ids();
  answer.ids.assign(given.begin(), given.end());
  answer.ids.resize(answer.response.rate.size());
  const auto rows = at(network.local_size());
  HaloExchange<std::int64_t>(network.halo)
      .forward(std::span(answer.ids).first(rows), std::span(answer.ids).subspan(rows));
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    answer.row.insert(answer.row.end(), at(network.row_ptr[at(i) + 1] - network.row_ptr[at(i)]), i);
  }
  return answer;
}

/// What the changed synapses themselves do, now that all synapses' answers are known.
void take_over(PerturbRun& perturb, const Answer& answer, const ResponseNorms& norms) {
  const auto& network = perturb.study.network();
  for (auto& s : perturb.synapses) {
    const auto i = at(answer.row[at(s.entry)]), j = at(network.column[at(s.entry)]);
    s.converged = answer.response.converged && s.resistance.converged;
    if (!s.takes_part) {
      s.predicted = 0, s.measured = answer.known ? 0 : ChangedSynapse::kUnknown;
      continue;
    }
    s.predicted = answer.response.predicted[j] - answer.response.predicted[i];
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
      integer_column("postsynaptic", [&](std::int64_t e) { return answer.ids[at(answer.row[at(e)])]; }),
      integer_column("presynaptic", [&](std::int64_t e) { return answer.ids[at(network.column[at(e)])]; }),
      integer_column("takes_part", [part](std::int64_t e) { return std::int64_t{part(e)}; }),
      integer_column("changed",
                     [&](std::int64_t e) { return std::int64_t{std::ranges::binary_search(answer.changed, e)}; }),
      real_column("cost", [&](std::int64_t e) { return study.cost(answer.row[at(e)], e); }),
      real_column("immediate", difference(answer.response.rate)),
      real_column("predicted", difference(answer.response.predicted))};
  if (answer.known) table.columns.push_back(real_column("actual", difference(answer.response.actual)));
  table.notes = {{"eta", {study.eta()}}};
  return table;
}

Table neurons_of(const PerturbRun& perturb, const Answer& answer) {
  const auto& source = perturb.run.source();
  Table table;
  table.rows = source.network().local_size(), table.place = source.places();
  table.columns = {integer_column("id", [&](std::int64_t r) { return answer.ids[at(r)]; })};
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

// Collective. Empty where no change makes anything move.
Json report_distant(const PerturbRun& perturb, const Answer& answer) {
  if (!perturb.comm().any(std::ranges::any_of(perturb.synapses, &ChangedSynapse::takes_part))) return Json::array();
  const auto list = largest_at_distance(perturb.study, answer.response, answer.changed, perturb.options.largest);
  std::vector<GlobalIndex> ends;
  for (const auto& r : list) ends.insert(ends.end(), {r.postsynaptic, r.presynaptic});
  const auto ids = ids_of(perturb, ends);
  Json report = Json::array();
  for (std::size_t k = 0; k < list.size(); ++k) {
    report.push_back({{"postsynaptic", ids[2 * k]},
                      {"presynaptic", ids[2 * k + 1]},
                      {"cost", number(list[k].cost)},
                      {"predicted_log_change", number(list[k].predicted)},
                      {"measured_log_change", answer.known ? number(list[k].actual) : Json(nullptr)}});
  }
  return report;
}

// Collective. The sums of the neurons at both ends of the first changed synapse.
Json report_ends(const PerturbRun& perturb, const Answer& answer) {
  const auto& comm = perturb.comm();
  const auto& network = perturb.study.network();
  std::vector<GlobalIndex> ends(2, -1);
  for (const auto& s : perturb.synapses) {
    if (s.place != 0) continue;
    ends = {network.global(answer.row[at(s.entry)]), network.global(network.column[at(s.entry)])};
  }
  comm.max(std::span(ends));
  const auto ids = ids_of(perturb, ends);
  const auto totals = [&](const NeuronTotals& all, GlobalIndex neuron) {
    std::vector<double> sums(4, 0.0);
    if (network.rows.owns(neuron)) {
      const auto i = at(neuron - network.rows.first());
      sums = {all.input_log[i], all.output_log[i], all.input_cost[i], all.output_cost[i]};
    }
    comm.sum(std::span(sums));
    return Json{{"input_log", number(sums[0])},
                {"output_log", number(sums[1])},
                {"input_cost", number(sums[2])},
                {"output_cost", number(sums[3])}};
  };
  Json report;
  for (std::size_t k = 0; k < 2; ++k) {
    report[k == 0 ? "postsynaptic" : "presynaptic"] = {
        {"id", ids[k]},
        {"predicted", totals(answer.predicted, ends[k])},
        {"actual", answer.known ? totals(answer.actual, ends[k]) : Json(nullptr)}};
  }
  return report;
}

void print(const Json& report) {
  const auto& p = report["perturb"];
  print_perturbation(p);
  const auto& r = p["response"];
  fmt::print("response     |predicted| = {}, |true| = {}, relative error {} (2-norms of log changes over synapses)\n",
             text_of(r["predicted_norm"], "{:.6g}"), text_of(r["actual_norm"], "{:.6g}"),
             text_of(r["relative_error"], "{:.3e}"));
  for (const auto* end : {"postsynaptic", "presynaptic"}) {
    const auto& neuron = p["ends"][end];
    const auto& sums = neuron["actual"].is_null() ? neuron["predicted"] : neuron["actual"];
    fmt::print("{:<12} neuron {}: log changes of its inputs sum to {}, of its outputs to {}; costs {} and {}\n", end,
               neuron["id"].get<std::int64_t>(), text_of(sums["input_log"], "{:+.4e}"),
               text_of(sums["output_log"], "{:+.4e}"), text_of(sums["input_cost"], "{:+.4e}"),
               text_of(sums["output_cost"], "{:+.4e}"));
  }
  if (p["distant"].empty()) return;
  fmt::print("largest log changes at a distance (post, pre: predicted, true)\n");
  for (const auto& d : p["distant"]) {
    fmt::print("{:>12} {:>12}: {:>13} {:>13}\n", d["postsynaptic"].get<std::int64_t>(),
               d["presynaptic"].get<std::int64_t>(), text_of(d["predicted_log_change"], "{:+.5e}"),
               text_of(d["measured_log_change"], "{:+.5e}"));
  }
}

}  // namespace

ExitCode perturb_together(PerturbRun& perturb) {
  const auto& comm = perturb.comm();
  auto& run = perturb.run;
  const Timer timer;
  bool converged = solve_resistances(perturb);
  const auto answer = answer_of(perturb);
  converged = converged && answer.response.converged;
  const auto norms = response_norms(perturb.study, answer.response);
  take_over(perturb, answer, norms);
  auto section = report_perturbation(perturb);
  section["response"] = {{"predicted_norm", number(norms.predicted)},
                         {"actual_norm", answer.known ? number(norms.actual) : Json(nullptr)},
                         {"relative_error", answer.known ? number(norms.relative_error()) : Json(nullptr)},
                         {"uncertainty", answer.known ? number(answer.response.uncertainty) : Json(nullptr)},
                         {"newton_steps", answer.response.newton_steps},
                         {"residual", number(answer.response.residual)},
                         {"all_converged", converged}};
  section["ends"] = report_ends(perturb, answer);
  section["distant"] = report_distant(perturb, answer);
  run.report()["perturb"] = section;
  run.times().solve += comm.max(timer.seconds());
  const auto table = table_of(perturb, answer);
  if (!perturb.options.neurons.empty()) {
    write_table(comm, neurons_of(perturb, answer), run.provenance(perturb.options.tolerance), perturb.options.neurons);
  }
  return run.finish({converged, perturb.options.tolerance,
                     [&](const Provenance& about) { write_table(comm, table, about, perturb.options.output); }, print});
}

}  // namespace synbal::app
