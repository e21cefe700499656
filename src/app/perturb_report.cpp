// What all ways of perturbing share: the part of the report about the changed synapses.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/perturb.hpp"

namespace synbal::app {

namespace {

constexpr std::size_t kListed = 50;   // synapses in the report
constexpr std::size_t kPrinted = 20;  // and on the terminal
constexpr std::size_t kInteger = 6, kReal = 9;

// Collective. The first synapses, those that were balanced again before the others, on all ranks.
Json first_synapses(const PerturbRun& perturb) {
  std::vector<const ChangedSynapse*> own;
  for (const auto& s : perturb.synapses) own.push_back(&s);
  std::ranges::stable_sort(own, {}, [](const ChangedSynapse* s) { return !s->known; });
  if (own.size() > kListed) own.resize(kListed);
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  for (const auto* s : own) {
    const auto& r = s->resistance;
    integers.insert(integers.end(), {s->place, s->postsynaptic, s->presynaptic, s->takes_part, s->converged, s->known});
    reals.insert(reals.end(), {r.conductance, r.value, r.lower, r.upper, r.leverage, s->predicted, s->measured,
                               s->relative_error(), s->response_error});
  }
  integers = perturb.comm().gather_all(std::span<const std::int64_t>(integers));
  reals = perturb.comm().gather_all(std::span<const double>(reals));
  std::vector<std::size_t> order(integers.size() / kInteger);
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::ranges::sort(order, {},
                    [&](std::size_t k) { return std::pair(integers[k * kInteger + 5] == 0, integers[k * kInteger]); });
  if (order.size() > kListed) order.resize(kListed);
  const double eta = perturb.study.eta();
  Json list = Json::array();
  for (const auto k : order) {
    const auto* i = &integers[k * kInteger];
    const auto* r = &reals[k * kReal];
    list.push_back({{"postsynaptic", i[1]},
                    {"presynaptic", i[2]},
                    {"takes_part", i[3] != 0},
                    {"cost", number(r[0])},
                    {"resistance", number(r[1])},
                    {"lower", number(r[2])},
                    {"upper", number(r[3])},
                    {"minus_c_r", i[3] != 0 ? number(-r[4]) : Json(0.0)},
                    {"predicted_log_change", number(r[5])},
                    {"measured_log_change", number(r[6])},
                    {"measured_over_eta", number(r[6] / eta)},
                    {"relative_error", number(r[7])},
                    {"response_error", number(r[8])},
                    {"converged", i[4] != 0}});
  }
  return list;
}

}  // namespace

double ChangedSynapse::relative_error() const {
  if (!known || !takes_part || measured == 0) return kUnknown;
  return std::abs(predicted - measured) / std::abs(measured);
}

Json report_perturbation(const PerturbRun& perturb) {
  const auto& comm = perturb.comm();
  const auto& study = perturb.study;
  const auto count_if = [&](auto&& what) {
    return comm.sum(static_cast<std::int64_t>(std::ranges::count_if(perturb.synapses, what)));
  };
  return {{"factor", perturb.options.factor},
          {"eta", study.eta()},
          {"power", study.power()},
          {"synapses", perturb.count},
          {"taking_part", count_if([](const ChangedSynapse& s) { return s.takes_part; })},
          {"balanced_again", count_if([](const ChangedSynapse& s) { return s.known; })},
          {"together", perturb.options.together},
          {"newton_step_before", number(study.first_step())},
          {"newton_step_at_equilibrium", number(study.equilibrium_step())},
          {"resistances", report_resistances(perturb.resistances)},
          {"changed", first_synapses(perturb)}};
}

void print_perturbation(const Json& p) {
  const auto count = p["synapses"].get<std::int64_t>(), part = p["taking_part"].get<std::int64_t>();
  fmt::print("perturbation {} {} times {:g} (eta = {:g}){}; {} balanced again\n", count,
             count == 1 ? "synapse" : "synapses", p["factor"].get<double>(), p["eta"].get<double>(),
             p["together"].get<bool>() ? ", all at once" : "", p["balanced_again"].get<std::int64_t>());
  if (part < count) {
    fmt::print(
        "             {} of them {} no part in balancing (between components, self-loop, both ends pinned): no "
        "response\n",
        count - part, count - part == 1 ? "takes" : "take");
  }
  fmt::print("equilibrium  the Newton step that is left changes h by {}\n",
             text_of(p["newton_step_at_equilibrium"], "{:.1e}"));
  print_resistances(p["resistances"]);
  const auto& list = p["changed"];
  fmt::print("{:>12} {:>12} {:>13} {:>13} {:>14} {:>14} {:>11} {:>11}\n", "postsynaptic", "presynaptic", "cost c",
             "resistance R", "-c R", "measured/eta", "error", "all synapses");
  const auto shown = std::min(list.size(), kPrinted);
  for (std::size_t k = 0; k < shown; ++k) {
    const auto& s = list[k];
    fmt::print("{:>12} {:>12} {:>13} {:>13} {:>14} {:>14} {:>11} {:>11}\n", s["postsynaptic"].get<std::int64_t>(),
               s["presynaptic"].get<std::int64_t>(), text_of(s["cost"], "{:.6g}"),
               s["takes_part"].get<bool>() ? text_of(s["resistance"], "{:.6g}") : "none",
               text_of(s["minus_c_r"], "{:.8g}"), text_of(s["measured_over_eta"], "{:.8g}"),
               text_of(s["relative_error"], "{:.2e}"), text_of(s["response_error"], "{:.2e}"));
  }
  const auto left = count - static_cast<std::int64_t>(shown);
  if (left > 0) fmt::print("and {} more\n", left);
}

}  // namespace synbal::app
