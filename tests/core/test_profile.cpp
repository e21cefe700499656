// Stages and events reach PETSc's log, inner stages get what is theirs, and exceptions leave none open.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "synbal/core/petsc.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {
namespace {

PetscEventPerfInfo logged(Stage stage, Event event) {
  PetscLogStage stage_id = -1;
  PetscLogEvent event_id = -1;
  SYNBAL_PETSC(PetscLogStageGetId(to_string(stage).c_str(), &stage_id));
  SYNBAL_PETSC(PetscLogEventGetId(to_string(event).c_str(), &event_id));
  PetscEventPerfInfo info{};
  SYNBAL_PETSC(PetscLogEventGetPerfInfo(stage_id, event_id, &info));
  return info;
}

TEST(Profile, counts_in_the_innermost_stage) {
  SYNBAL_PETSC(PetscLogDefaultBegin());
  {
    const StageScope outer(Stage::solving);
    { const EventScope event(Event::pass, 12.0); }
    const StageScope inner(Stage::writing);
    { const EventScope event(Event::pass, 5.0); }
    { const EventScope event(Event::pass, 6.0); }
  }
  EXPECT_EQ(logged(Stage::solving, Event::pass).count, 1);
  EXPECT_EQ(logged(Stage::solving, Event::pass).flops, 12.0);
  EXPECT_EQ(logged(Stage::writing, Event::pass).count, 2);
  EXPECT_EQ(logged(Stage::writing, Event::pass).flops, 11.0);
  EXPECT_EQ(logged(Stage::reading, Event::pass).count, 0);
}

TEST(Profile, ends_with_an_exception) {
  SYNBAL_PETSC(PetscLogDefaultBegin());
  const auto before = logged(Stage::solving, Event::costs).count;
  try {
    const StageScope stage(Stage::reading);
    const EventScope event(Event::costs);
    throw std::runtime_error("on the way");
  } catch (const std::runtime_error&) {
    const StageScope stage(Stage::solving);
    const EventScope event(Event::costs);
  }
  EXPECT_EQ(logged(Stage::solving, Event::costs).count, before + 1);
  EXPECT_EQ(logged(Stage::reading, Event::costs).count, 1);
}

}  // namespace
}  // namespace synbal
