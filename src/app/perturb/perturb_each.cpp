// Synapses changed one after the other: resistances of all, and a new balance for all or for a random sample.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "app/perturb/perturb.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/random.hpp"
#include "synbal/graph/operator.hpp"

namespace synbal::app {

namespace {

constexpr const char* kMeasuredAnswers = "measured";
constexpr double kAboveRounding = 1e3;  // what is left of a Newton step, or the last bits of h

/// Places of the synapses that are balanced again, ascending; empty: all of them.
std::vector<std::int64_t> sample(std::int64_t count, std::int64_t wanted, std::uint64_t seed) {
  std::vector<std::int64_t> places;
  if (wanted == count) return places;
  const CounterRandom random(seed, 5);
  std::set<std::int64_t> chosen;  // Floyd's way to draw without putting back
  for (auto last = count - wanted; last < count; ++last) {
    const auto draw = random.below(static_cast<std::uint64_t>(last + 1), static_cast<std::uint64_t>(last));
    if (!chosen.insert(static_cast<std::int64_t>(draw)).second) chosen.insert(last);
  }
  return {chosen.begin(), chosen.end()};
}

/// Numbers the synapses of this rank that are to be balanced again.
void choose(PerturbRun& perturb, std::int64_t wanted) {
  const auto chosen = sample(perturb.count, wanted, perturb.options.seed);
  for (auto& s : perturb.synapses) {
    if (wanted == perturb.count) s.number = s.place;
    const auto found = std::ranges::lower_bound(chosen, s.place);
    if (found != chosen.end() && *found == s.place) s.number = found - chosen.begin();
  }
}

/// Collective. Balances again for one synapse, which one rank has (`own`).
bool measure(PerturbRun& perturb, ChangedSynapse* own, Response& response) {
  auto& study = perturb.study;
  std::vector<std::int64_t> entries;
  if (own != nullptr) entries.push_back(own->entry);
  study.rebalance(entries, response);
  const auto norms = response_norms(study, response);
  const auto distant = largest_at_distance(study, response, entries, 1);
  if (own == nullptr) return response.converged;
  const auto i = at(study.row_of(own->entry)), j = at(study.network().column[at(own->entry)]);
  own->known = true;
  own->converged = own->resistance.converged && response.converged;
  own->measured = own->takes_part ? response.actual[j] - response.actual[i] : 0.0;
  own->response_error = own->takes_part ? norms.relative_error() : ChangedSynapse::kUnknown;
  own->distant = distant.empty() ? 0.0 : distant.front().actual;
  own->uncertainty = response.uncertainty;
  return response.converged;
}

/// Values of a synapse that was balanced again, as they are kept.
using Measured = std::array<double, 6>;

Measured values_of(const ChangedSynapse& s, bool converged) {
  return {s.measured, s.response_error, s.distant, s.uncertainty, s.converged ? 1.0 : 0.0, converged ? 1.0 : 0.0};
}

void take_values(std::span<const double> values, ChangedSynapse& s) {
  s.known = true;
  s.measured = values[0], s.response_error = values[1], s.distant = values[2], s.uncertainty = values[3];
  s.converged = values[4] != 0;
}

/// Collective. From the rank that has the synapse number `number` (`own`) to the answers that are kept.
void remember(PerturbRun& perturb, std::int64_t number, const ChangedSynapse* own, bool converged) {
  auto* keeper = perturb.run.answers(kMeasuredAnswers);
  if (keeper == nullptr) return;
  auto values = own != nullptr ? values_of(*own, converged) : Measured{};
  perturb.comm().sum(std::span<double>(values));
  keeper->add({number, 0}, values);
  keeper->pause();
}

/// What was known of the synapses number `first` and up: whether all of them had converged, where all are known.
std::optional<bool> recall(PerturbRun& perturb, std::int64_t first, std::int64_t columns) {
  auto* keeper = perturb.run.answers(kMeasuredAnswers);
  if (keeper == nullptr) return {};
  bool converged = true;
  for (auto number = first; number < first + columns; ++number) {
    const auto known = keeper->known({number, 0});
    if (known.size() != Measured{}.size()) return {};
    converged = converged && known[5] != 0;
  }
  for (auto& s : perturb.synapses) {
    if (s.number && *s.number >= first && *s.number < first + columns) take_values(keeper->known({*s.number, 0}), s);
  }
  return converged;
}

/// Collective. Predicts and measures the responses to the synapses number `first` to `first + columns - 1`.
bool measure_block(PerturbRun& perturb, std::int64_t first, std::int64_t columns, CountProgress& progress) {
  if (const auto known = recall(perturb, first, columns)) return *known;
  std::vector<Perturbed> entries;
  std::vector<ChangedSynapse*> owner(at(columns), nullptr);
  for (auto& s : perturb.synapses) {
    if (!s.number || *s.number < first || *s.number >= first + columns) continue;
    const auto column = static_cast<int>(*s.number - first);
    entries.push_back({s.entry, column});
    owner[at(column)] = &s;
  }
  bool converged = true;
  auto responses = perturb.study.predict(entries, static_cast<int>(columns));
  for (std::size_t k = 0; k < responses.size(); ++k) {
    const bool fine = measure(perturb, owner[k], responses[k]);
    remember(perturb, first + static_cast<std::int64_t>(k), owner[k], fine);
    converged = fine && converged;
    progress.update(first + static_cast<std::int64_t>(k) + 1);
  }
  return converged;
}

/// Collective. @return whether all converged.
bool measure_all(PerturbRun& perturb, std::int64_t wanted) {
  constexpr std::int64_t block = LaplacianOperator::kMaxColumns;
  const HearsSignals hears;  // at the pauses of the answers
  CountProgress progress("perturb", wanted, "synapses");
  bool converged = true;
  for (std::int64_t first = 0; first < wanted; first += block) {
    converged = measure_block(perturb, first, std::min(block, wanted - first), progress) && converged;
  }
  return converged;
}

Table table_of(const PerturbRun& perturb) {
  using S = ChangedSynapse;
  const double eta = perturb.study.eta();
  RecordTable columns(perturb.synapses);
  for (const auto& s : perturb.synapses) columns.table.place.push_back(s.place);
  columns.neuron("postsynaptic", &S::postsynaptic).neuron("presynaptic", &S::presynaptic);
  columns.integer("takes_part", &S::takes_part)
      .integer("balanced_again", &S::known)
      .integer("converged", &S::converged);
  columns.real("cost", [](const S& s) { return s.resistance.conductance; });
  columns.real("resistance", [](const S& s) { return s.resistance.value; });
  columns.real("lower", [](const S& s) { return s.resistance.lower; });
  columns.real("upper", [](const S& s) { return s.resistance.upper; });
  columns.real("minus_c_r", &S::minus_c_r).real("measured_over_eta", [eta](const S& s) { return s.measured / eta; });
  columns.real("predicted", &S::predicted).real("quadratic", &S::quadratic).real("measured", &S::measured);
  columns.real("relative_error", &S::relative_error).real("quadratic_error", &S::quadratic_error);
  columns.real("response_error", &S::response_error).real("largest_distant", &S::distant);
  columns.real("uncertainty", &S::uncertainty);
  columns.table.notes = {{"eta", {eta}}};
  return columns.table;
}

/// Errors of the predictions over the synapses that were balanced again and moved by more than rounding may have done:
/// of a response of 1e-14 nobody knows how well it was predicted. Not known where there are none of these.
struct ErrorsSection {
  std::optional<double> mean_relative, largest_relative, mean_response, largest_response;
  std::optional<double> mean_quadratic, largest_quadratic;
  std::int64_t drowned = 0;
  bool converged = true;
};

void describe(ReportWriter& report, const ErrorsSection& e) {
  report("mean_relative_error", e.mean_relative)("largest_relative_error", e.largest_relative);
  report("mean_response_error", e.mean_response)("largest_response_error", e.largest_response);
  report("mean_quadratic_error", e.mean_quadratic)("largest_quadratic_error", e.largest_quadratic);
  report("drowned_in_rounding", e.drowned)("all_converged", e.converged);
}

// Collective.
ErrorsSection errors_of(const PerturbRun& perturb, bool converged) {
  std::array<double, 4> sums{};  // count, relative errors, errors of responses, of the quadratic model
  std::array<double, 3> most{};
  std::int64_t drowned = 0;
  for (const auto& s : perturb.synapses) {
    if (!s.known || !s.takes_part) continue;
    if (!(std::abs(s.measured) > kAboveRounding * s.uncertainty)) {
      ++drowned;
      continue;
    }
    sums[0] += 1, sums[1] += s.relative_error(), sums[2] += s.response_error, sums[3] += s.quadratic_error();
    most[0] = std::max(most[0], s.relative_error()), most[1] = std::max(most[1], s.response_error);
    most[2] = std::max(most[2], s.quadratic_error());
  }
  perturb.comm().sum(std::span<double>(sums));
  perturb.comm().max(std::span<double>(most));
  drowned = perturb.comm().sum(drowned);
  ErrorsSection errors;
  errors.drowned = drowned, errors.converged = converged;
  if (sums[0] == 0) return errors;
  errors.mean_relative = sums[1] / sums[0], errors.largest_relative = most[0];
  errors.mean_response = sums[2] / sums[0], errors.largest_response = most[1];
  errors.mean_quadratic = sums[3] / sums[0], errors.largest_quadratic = most[2];
  return errors;
}

struct EachSection {
  PerturbationSection changes;
  ErrorsSection errors;
};

void describe(ReportWriter& report, const EachSection& s) {
  describe(report, s.changes);
  report("errors", s.errors);
}

void print(const EachSection& s) {
  const auto& e = s.errors;
  print(s.changes);
  fmt::print("errors       of -c R: {} on average, {} at most; of all synapses' responses: {}, {}{}\n",
             text_of(e.mean_relative, "{:.3e}"), text_of(e.largest_relative, "{:.3e}"),
             text_of(e.mean_response, "{:.3e}"), text_of(e.largest_response, "{:.3e}"),
             e.converged ? "" : "; NOT ALL CONVERGED");
  fmt::print("             of the quadratic model: {} on average, {} at most\n", text_of(e.mean_quadratic, "{:.3e}"),
             text_of(e.largest_quadratic, "{:.3e}"));
  if (e.drowned > 0) fmt::print("             {} more moved so little that rounding hides it\n", e.drowned);
}

}  // namespace

ExitCode perturb_each(PerturbRun& perturb) {
  auto& run = perturb.run;
  const auto wanted = perturb.options.truths(perturb.count);
  const bool converged = timed(perturb.comm(), run.times().solve, [&] {
    choose(perturb, wanted);
    const bool solved = solve_resistances(perturb);
    return measure_all(perturb, wanted) && solved;
  });
  const EachSection section{perturbation_of(perturb), errors_of(perturb, converged)};
  const auto table = table_of(perturb);
  return run.finish({converged, perturb.options.tolerance, &table}, "perturb", section);
}

}  // namespace synbal::app
