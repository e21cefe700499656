// PETSc's stages and events, registered once in one order, so that all ranks number them alike.
#include "synbal/core/profile.hpp"

#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/petsc.hpp"

namespace synbal {

namespace {
bool registered = false;
std::array<PetscLogStage, enum_names<Stage>.size()> stages;
std::array<PetscLogEvent, enum_names<Event>.size()> events;

PetscLogStage id_of(Stage stage) { return stages[static_cast<std::size_t>(stage)]; }
PetscLogEvent id_of(Event event) { return events[static_cast<std::size_t>(event)]; }
}  // namespace

void register_profile() {
  PetscClassId kind = 0;
  SYNBAL_PETSC(PetscClassIdRegister("Synbal", &kind));
  for (const auto& [stage, name] : enum_names<Stage>) {
    SYNBAL_PETSC(PetscLogStageRegister(std::string(name).c_str(), &stages[static_cast<std::size_t>(stage)]));
  }
  for (const auto& [event, name] : enum_names<Event>) {
    SYNBAL_PETSC(PetscLogEventRegister(std::string(name).c_str(), kind, &events[static_cast<std::size_t>(event)]));
  }
  registered = true;
}

StageScope::StageScope(Stage stage) {
  if (registered) SYNBAL_PETSC(PetscLogStagePush(id_of(stage)));
}
StageScope::~StageScope() {
  if (registered) PetscLogStagePop();
}

EventScope::EventScope(Event event, double operations) : event_(event), operations_(operations) {
  if (registered) SYNBAL_PETSC(PetscLogEventBegin(id_of(event_), 0, 0, 0, 0));
}
EventScope::~EventScope() {
  if (!registered) return;
  if (operations_ > 0) (void)PetscLogFlops(operations_);
  (void)PetscLogEventEnd(id_of(event_), 0, 0, 0, 0);
}

}  // namespace synbal
