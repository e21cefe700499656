// Rounds of all contenders.
#include "frame/contest.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "frame/parts.hpp"
#include "synbal/core/error.hpp"

namespace synbal::benchmark {

/// Of one contender.
struct Contest::Measured {
  Sample seconds;
  std::map<std::string, Sample> phases;
  Counts counts;            // of the last run
  Parts parts;              // of the last run, on this rank
  double last = 0;          // its seconds
  double share_in_mpi = 0;  // of that run's seconds, on this rank
  std::int64_t memory = 0;  // of this rank, at its peak
  Verdict verdict;
  std::string failure;  // why it did not come to an end
  bool given_up = false;
};

Contest::Contest(const Comm& comm, const Settings& settings)
    : comm_(&comm), settings_(&settings), machine_(machine_facts(comm)) {
  keep_log();
  limits_ = measure_limits(comm, std::max(settings.repeats, 3), settings.array_bytes);
  ::malloc_trim(0);  // its arrays would count for the contenders
}

void Contest::run_once(const Contender& contender, Measured& measured, bool warmup) const {
  reset_peak_memory();
  const auto before = counts_so_far();
  const auto parts_before = parts_so_far();
  Phases phases(*comm_);
  try {
    contender.run(phases);
  } catch (const Error& e) {  // of all ranks together
    measured.failure = e.what(), measured.given_up = true;
    return;
  }
  phases.end();
  measured.counts = counts_so_far() - before;
  measured.parts = parts_so_far() - parts_before, measured.last = phases.total();
  measured.share_in_mpi = phases.mpi_seconds() / phases.total();
  measured.memory = std::max(measured.memory, peak_memory());
  measured.given_up = phases.total() > settings_->most_seconds;
  if (warmup && !measured.given_up) return;  // of a contender so slow the warm-up is all there is
  measured.seconds.add(phases.total());
  for (const auto& [name, seconds] : phases.seconds()) measured.phases[name].add(seconds);
  const auto verdict = contender.verdict();
  if (measured.seconds.size() == 1 || !(verdict.value <= measured.verdict.value)) measured.verdict = verdict;
}

void Contest::tell(const Field& field, const Contender& contender, const Measured& m, double best_peer) {
  const bool right = m.failure.empty() && !m.seconds.empty() && m.verdict.holds();
  if (!right && !contender.peer) all_right_ = false;
  Json line{{"benchmark", field.benchmark}, {"contender", contender.name}, {"peer", contender.peer}};
  line["network"] = field.network;
  line["seconds"] = json_of(m.seconds);
  for (const auto& [name, seconds] : m.phases) line["phases"][name] = json_of(seconds);
  line["parts"] = json_of(*comm_, m.parts, m.last);
  if (contender.figures && right) line["figures"] = contender.figures(m.seconds);
  if (best_peer > 0 && !contender.peer) line["seconds_over_best_peer"] = m.seconds.median() / best_peer;
  line["per_rank"] = json_of(*comm_, m.counts);
  line["per_rank"]["share_in_mpi"] = over_ranks(*comm_, m.share_in_mpi);
  line["per_rank"]["peak_memory"] = over_ranks(*comm_, static_cast<double>(m.memory));
  line["correct"] = {{"check", m.verdict.check}, {"value", m.verdict.value}, {"limit", m.verdict.limit}};
  line["limits"] = json_of(limits_), line["machine"] = machine_;
  if (!comm_->is_root()) return;
  if (right) {
    fmt::print("{}\n", line.dump());
  } else {
    fmt::print(stderr, "{}: {}: no figures: {}\n", field.benchmark, contender.name,
               m.failure.empty() ? fmt::format("{} is {:.3g}, and at most {:.3g} is right", m.verdict.check,
                                               m.verdict.value, m.verdict.limit)
                                 : m.failure);
  }
  std::fflush(nullptr);
}

void Contest::hold(const Field& field, std::vector<Contender> contenders) {
  if (!settings_->peers) std::erase_if(contenders, [](const Contender& c) { return c.peer; });
  std::vector<Measured> measured(contenders.size());
  for (int round = 0; round < settings_->warmups + settings_->repeats; ++round) {
    for (std::size_t k = 0; k < contenders.size(); ++k) {
      if (!measured[k].given_up) run_once(contenders[k], measured[k], round < settings_->warmups);
    }
  }
  double best = 0;
  for (std::size_t k = 0; k < contenders.size(); ++k) {
    if (!contenders[k].peer || !contenders[k].rival || measured[k].seconds.empty() || !measured[k].verdict.holds())
      continue;
    best = best > 0 ? std::min(best, measured[k].seconds.median()) : measured[k].seconds.median();
  }
  for (std::size_t k = 0; k < contenders.size(); ++k) tell(field, contenders[k], measured[k], best);
}

}  // namespace synbal::benchmark
