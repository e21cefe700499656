// The changed synapses: their resistances (each alone, with a bracket, or those of all edges at once), and the part of
// the report about them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/perturb/perturb.hpp"
#include "app/words/called.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

constexpr std::size_t kListed = 50;   // synapses in the report
constexpr std::size_t kPrinted = 20;  // and on the terminal

using Synapses = std::vector<ChangedSynapse*>;

EdgeMethod method_for(const PerturbRun& perturb) {
  if (const auto asked = perturb.options.edges.asked()) return *asked;
  if (perturb.count <= kMostPairs) return EdgeMethod::pairs;
  return perturb.run.graph().global_size() <= kMostColumns ? EdgeMethod::columns : EdgeMethod::estimate;
}

void answer(const PerturbRun& perturb, ChangedSynapse& synapse, const PairResistance& resistance) {
  synapse.resistance = resistance;
  const auto& study = perturb.study;
  synapse.predicted = synapse.takes_part ? -study.eta() * resistance.leverage : 0.0;
  synapse.quadratic =
      synapse.takes_part ? quadratic_log_change(study.power(), perturb.options.factor, resistance.leverage) : 0.0;
}

/// Collective. Each of `synapses` (of this rank) to its own accuracy.
void solve_alone(PerturbRun& perturb, const Synapses& synapses) {
  const auto& comm = perturb.comm();
  perturb.resistances.pairs =
      comm.sum(static_cast<std::int64_t>(std::ranges::count_if(synapses, &ChangedSynapse::takes_part)));
  const auto own = static_cast<std::int64_t>(synapses.size());
  for_each_block(comm, own, "synapses", [&](std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> entries;
    for (auto k = first; k < first + count; ++k) entries.push_back(synapses[at(k)]->entry);
    const auto found = perturb.study.resistances(entries);
    for (std::size_t k = 0; k < found.size(); ++k) answer(perturb, *synapses[at(first) + k], found[k]);
  });
}

/// Collective. `synapses` (of this rank) from the resistances of all edges. @return those whose cost is too small for
/// an edge, although they take part.
Synapses answer_from_edges(PerturbRun& perturb, const Synapses& synapses, const EdgeResistances& found) {
  const EdgeOfSynapse edge_of(perturb.run.source(), found);
  Synapses left;
  for (auto* s : synapses) {
    PairResistance between;
    between.value = edge_of(perturb.study.row_of(s->entry), perturb.study.network().column[at(s->entry)]).resistance;
    if (s->takes_part && std::isinf(between.value)) left.push_back(s);
    between.lower = between.upper = ChangedSynapse::kUnknown;
    between.converged = found.converged;
    answer(perturb, *s, perturb.study.of_synapse(s->entry, between));
  }
  return left;
}

/// Collective. The same, by a method for all edges.
Synapses solve_edges(PerturbRun& perturb, EdgeMethod method, const Synapses& synapses) {
  auto& run = perturb.run;
  auto params = perturb.options.edges.params(method);
  params.seed = perturb.options.seed;
  params.keeper = answers_for(run, method);
  if (method == EdgeMethod::columns) {
    log_info("{} solves are ahead: an estimate takes {}", run.graph().global_size(), params.solves);
  }
  const auto found = edge_resistances(run.graph(), run.solver(), params);
  perturb.resistances.solves = found.solves;
  if (method == EdgeMethod::estimate) perturb.resistances.quality = found.quality;
  return answer_from_edges(perturb, synapses, found);
}

// Collective.
std::vector<ListedSynapse> with_names(const PerturbRun& perturb, const std::vector<ChangedSynapse>& list) {
  std::vector<std::int64_t> ends;
  for (const auto& s : list) ends.insert(ends.end(), {s.postsynaptic, s.presynaptic});
  const auto words = called(perturb.comm(), perturb.run.source().network(), ends);
  std::vector<ListedSynapse> listed;
  for (std::size_t k = 0; k < list.size(); ++k) {
    listed.push_back({list[k], perturb.study.eta(), words[2 * k], words[2 * k + 1]});
  }
  return listed;
}

// Collective. The first synapses, those that were balanced again before the others, on rank 0.
std::vector<ListedSynapse> first_synapses(const PerturbRun& perturb) {
  const auto before = [](const ChangedSynapse& s) { return std::pair(!s.known, s.place); };
  auto list = perturb.synapses;
  const auto shorten = [&] {
    std::ranges::sort(list, {}, before);
    if (list.size() > kListed) list.resize(kListed);
  };
  shorten();
  list = on_root<ChangedSynapse>(perturb.comm(), list);
  shorten();
  return with_names(perturb, list);
}

void print_resistances(const ResistanceWork& work) {
  const auto alone = fmt::format("{} solved alone, with a bracket", work.pairs);
  if (work.method == EdgeMethod::pairs) {
    fmt::print("resistances  by pairs: {}\n", alone);
  } else {
    fmt::print("resistances  by {} ({} solves); {}\n", to_string(work.method), work.solves, alone);
  }
  if (work.quality) print_quality(*work.quality);
}

void print_changed(const PerturbationSection& section) {
  fmt::print("{:>12} {:>12} {:>13} {:>13} {:>14} {:>14} {:>11} {:>11}\n", "postsynaptic", "presynaptic", "cost c",
             "resistance R", "-c R", "measured/eta", "error", "all synapses");
  const auto shown = std::min(section.changed.size(), kPrinted);
  for (std::size_t k = 0; k < shown; ++k) {
    const auto& [s, eta, postsynaptic, presynaptic] = section.changed[k];
    fmt::print("{:>12} {:>12} {:>13} {:>13} {:>14} {:>14} {:>11} {:>11}\n", postsynaptic, presynaptic,
               text_of(s.resistance.conductance, "{:.6g}"),
               s.takes_part ? text_of(s.resistance.value, "{:.6g}") : "none", text_of(s.minus_c_r(), "{:.8g}"),
               text_of(s.measured / eta, "{:.8g}"), text_of(s.relative_error(), "{:.2e}"),
               text_of(s.response_error, "{:.2e}"));
  }
  const auto left = section.synapses - static_cast<std::int64_t>(shown);
  if (left > 0) fmt::print("and {} more\n", left);
}

}  // namespace

bool solve_resistances(PerturbRun& perturb) {
  const auto method = method_for(perturb);
  Synapses alone, others;
  for (auto& s : perturb.synapses) (method == EdgeMethod::pairs || s.number ? alone : others).push_back(&s);
  perturb.resistances.method = EdgeMethod::pairs;
  if (perturb.comm().any(!others.empty())) {
    perturb.resistances.method = method;
    const auto left = solve_edges(perturb, method, others);
    alone.insert(alone.end(), left.begin(), left.end());
  }
  solve_alone(perturb, alone);
  return !perturb.comm().any(
      !std::ranges::all_of(perturb.synapses, [](const ChangedSynapse& s) { return s.resistance.converged; }));
}

double ChangedSynapse::relative_error() const {
  if (!known || !takes_part || measured == 0) return kUnknown;
  return std::abs(predicted - measured) / std::abs(measured);
}

double ChangedSynapse::quadratic_error() const {
  if (!known || !takes_part || measured == 0) return kUnknown;
  return std::abs(quadratic - measured) / std::abs(measured);
}

PerturbationSection perturbation_of(const PerturbRun& perturb) {
  const auto& study = perturb.study;
  const auto count_if = [&](auto&& what) {
    return perturb.comm().sum(static_cast<std::int64_t>(std::ranges::count_if(perturb.synapses, what)));
  };
  return {perturb.options.factor,
          study.eta(),
          study.power(),
          perturb.count,
          count_if(&ChangedSynapse::takes_part),
          count_if(&ChangedSynapse::known),
          perturb.options.together,
          study.first_step(),
          study.equilibrium_step(),
          perturb.resistances,
          first_synapses(perturb)};
}

void describe(ReportWriter& report, const ResistanceWork& work) {
  report("method", to_string(work.method))("solves", work.solves)("pairs", work.pairs);
  if (work.quality) report("quality", *work.quality);
}

void describe(ReportWriter& report, const ListedSynapse& listed) {
  const auto& s = listed.synapse;
  const auto& r = s.resistance;
  report("postsynaptic", s.postsynaptic)("presynaptic", s.presynaptic)("takes_part", s.takes_part);
  report("cost", r.conductance)("resistance", r.value)("lower", r.lower)("upper", r.upper)("minus_c_r", s.minus_c_r());
  report("predicted_log_change", s.predicted)("quadratic_log_change", s.quadratic);
  report("measured_log_change", s.measured)("quadratic_error", s.quadratic_error());
  report("measured_over_eta", s.measured / listed.eta)("relative_error", s.relative_error());
  report("response_error", s.response_error)("converged", s.converged);
}

void describe(ReportWriter& report, const PerturbationSection& p) {
  report("factor", p.factor)("eta", p.eta)("power", p.power)("synapses", p.synapses)("taking_part", p.taking_part);
  report("balanced_again", p.balanced_again)("together", p.together)("newton_step_before", p.first_step);
  report("newton_step_at_equilibrium", p.equilibrium_step)("resistances", p.resistances)("changed", p.changed);
}

void print(const PerturbationSection& p) {
  fmt::print("perturbation {} {} times {:g} (eta = {:g}){}; {} balanced again\n", p.synapses,
             p.synapses == 1 ? "synapse" : "synapses", p.factor, p.eta, p.together ? ", all at once" : "",
             p.balanced_again);
  if (const auto left = p.synapses - p.taking_part; left > 0) {
    fmt::print(
        "             {} of them {} no part in balancing (between components, self-loop, both ends pinned): no "
        "response\n",
        left, left == 1 ? "takes" : "take");
  }
  fmt::print("equilibrium  the Newton step that is left changes h by {}\n", text_of(p.equilibrium_step, "{:.1e}"));
  print_resistances(p.resistances);
  print_changed(p);
}

}  // namespace synbal::app
