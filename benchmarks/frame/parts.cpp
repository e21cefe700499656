// Sums over the stages of PETSc's log.
#include "frame/parts.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "synbal/core/petsc.hpp"

namespace synbal::benchmark {

namespace {
/// Events in the log, and what they are called here.
constexpr auto kParts = std::to_array<std::pair<const char*, const char*>>({{"SynbalPass", "pass"},
                                                                            {"SynbalCosts", "costs"},
                                                                            {"SynbalSweep", "sweep"},
                                                                            {"SynbalVisits", "visits"},
                                                                            {"SynbalAssembly", "assembly"},
                                                                            {"SynbalLaplacian", "laplacian"},
                                                                            {"SynbalSimulate", "simulate"},
                                                                            {"PCSetUp", "preconditioner_setup"},
                                                                            {"PCApply", "preconditioner"}});

/// Over all stages.
double seconds_of(PetscStageLog log, PetscLogEvent event) {
  double sum = 0;
  for (int stage = 0; stage < log->numStages; ++stage) {
    const auto* events = log->stageInfo[stage].eventLog;
    if (event < events->numEvents) sum += events->eventInfo[event].time;
  }
  return sum;
}
}  // namespace

void keep_log() { SYNBAL_PETSC(PetscLogDefaultBegin()); }

Parts parts_so_far() {
  PetscStageLog log = nullptr;
  SYNBAL_PETSC(PetscLogGetStageLog(&log));
  Parts parts;
  for (const auto& [event_name, name] : kParts) {
    PetscLogEvent event = -1;
    SYNBAL_PETSC(PetscLogEventGetId(event_name, &event));
    parts[name] = event < 0 ? 0.0 : seconds_of(log, event);
  }
  return parts;
}

Parts operator-(const Parts& a, const Parts& b) {
  Parts between;
  for (const auto& [name, seconds] : a) between[name] = seconds - b.at(name);
  return between;
}

Json json_of(const Comm& comm, const Parts& parts, double total) {
  Json out = Json::object();
  double rest = total;
  for (const auto& [name, own] : parts) {
    const double seconds = comm.sum(own) / comm.size();
    rest -= seconds;
    if (seconds > 0) out[name] = seconds;
  }
  out["rest"] = std::max(rest, 0.0);
  return out;
}

}  // namespace synbal::benchmark
