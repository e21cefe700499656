// Resistances of changed synapses: each alone, with a bracket, or those of all edges at once.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/count_progress.hpp"
#include "app/edge_of_synapse.hpp"
#include "app/perturb.hpp"
#include "app/resistance_report.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

constexpr std::int64_t kBlock = 64;  // synapses of a rank between two signs of life

using Synapses = std::vector<ChangedSynapse*>;

EdgeMethod method_for(const PerturbRun& perturb) {
  if (const auto asked = perturb.options.edges.asked()) return *asked;
  if (perturb.count <= kMostPairs) return EdgeMethod::pairs;
  return perturb.run.graph().global_size() <= kMostColumns ? EdgeMethod::columns : EdgeMethod::estimate;
}

void answer(const PerturbRun& perturb, ChangedSynapse& synapse, const PairResistance& resistance) {
  synapse.resistance = resistance;
  synapse.predicted = synapse.takes_part ? -perturb.study.eta() * resistance.leverage : 0.0;
}

/// Collective. Each of `synapses` (of this rank) to its own accuracy.
void solve_alone(PerturbRun& perturb, const Synapses& synapses) {
  const auto& comm = perturb.comm();
  const auto own = static_cast<std::int64_t>(synapses.size()), most = comm.max(own), all = comm.sum(own);
  perturb.resistances.pairs =
      comm.sum(static_cast<std::int64_t>(std::ranges::count_if(synapses, &ChangedSynapse::takes_part)));
  CountProgress progress("resistance", all, "synapses");
  for (std::int64_t first = 0; first < most; first += kBlock) {
    std::vector<std::int64_t> entries;
    for (auto k = first; k < std::min(first + kBlock, own); ++k) entries.push_back(synapses[at(k)]->entry);
    const auto found = perturb.study.resistances(entries);
    for (std::size_t k = 0; k < found.size(); ++k) answer(perturb, *synapses[at(first) + k], found[k]);
    progress.update(std::min(all, (first + kBlock) * comm.size()));
  }
}

/// Collective. `synapses` (of this rank) from the resistances of all edges. @return those whose cost is too small for
/// an edge, although they take part.
Synapses solve_edges(PerturbRun& perturb, EdgeMethod method, const Synapses& synapses) {
  auto& run = perturb.run;
  auto params = perturb.options.edges.params(method);
  params.seed = perturb.options.seed;
  if (method == EdgeMethod::columns) {
    log_info("{} solves are ahead: an estimate takes {}", run.graph().global_size(), params.solves);
  }
  const auto found = edge_resistances(run.graph(), run.solver(), params);
  perturb.resistances.solves = found.solves;
  if (method == EdgeMethod::estimate) perturb.resistances.quality = found.quality;
  const EdgeOfSynapse edge_of(run.source(), found);
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

Json report_resistances(const ResistanceWork& work) {
  Json report{{"method", name_of(work.method)}, {"solves", work.solves}, {"pairs", work.pairs}};
  if (work.quality) report["quality"] = report_quality(*work.quality);
  return report;
}

void print_resistances(const Json& r) {
  const auto alone = fmt::format("{} solved alone, with a bracket", r["pairs"].get<std::int64_t>());
  if (r["method"] == "pairs") {
    fmt::print("resistances  by pairs: {}\n", alone);
  } else {
    fmt::print("resistances  by {} ({} solves); {}\n", r["method"].get<std::string>(), r["solves"].get<std::int64_t>(),
               alone);
  }
  if (r.contains("quality")) print_quality(r["quality"]);
}

}  // namespace synbal::app
