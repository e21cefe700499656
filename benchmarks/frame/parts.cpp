// Sums over the stages of PETSc's log.
#include "frame/parts.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "synbal/core/petsc.hpp"
#include "synbal/core/profile.hpp"

namespace synbal::benchmark {

namespace {
/// Events in the log, and what they are called here.
const std::vector<std::pair<std::string, const char*>>& events() {
  static const std::vector<std::pair<std::string, const char*>> all{{to_string(Event::pass), "pass"},
                                                                    {to_string(Event::costs), "costs"},
                                                                    {to_string(Event::sweep), "sweep"},
                                                                    {to_string(Event::visits), "visits"},
                                                                    {to_string(Event::assembly), "assembly"},
                                                                    {to_string(Event::laplacian), "laplacian"},
                                                                    {to_string(Event::simulation), "simulate"},
                                                                    {"PCSetUp", "preconditioner_setup"},
                                                                    {"PCApply", "preconditioner"}};
  return all;
}

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
  for (const auto& [event_name, name] : events()) {
    PetscLogEvent event = -1;
    SYNBAL_PETSC(PetscLogEventGetId(event_name.c_str(), &event));
    // PETSc registers its own when a preconditioner is made.
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
