// Where the time of a run goes, in PETSc's log: stages and events of this library beside PETSc's own, for `-log_view`
// and for the benchmarks. Without a Session, or where PETSc keeps no log, nothing happens.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "synbal/core/enum_names.hpp"

namespace synbal {

/// What a run is made of; what belongs to none is PETSc's "Main Stage".
enum class Stage : std::uint8_t { reading, components, solving, verification, writing };
template <>
inline constexpr auto enum_names<Stage> = std::to_array<EnumName<Stage>>({{Stage::reading, "Reading"},
                                                                          {Stage::components, "Components"},
                                                                          {Stage::solving, "Solving"},
                                                                          {Stage::verification, "Verification"},
                                                                          {Stage::writing, "Writing"}});

/// What costs time in the stages. None is part of another, so their times add up; preconditioners are PETSc's events
/// PCSetUp and PCApply where PETSc has them.
enum class Event : std::uint8_t { pass, costs, sweep, visits, assembly, laplacian, simulation, recomputed };
template <>
inline constexpr auto enum_names<Event> = std::to_array<EnumName<Event>>({{Event::pass, "SynbalPass"},
                                                                          {Event::costs, "SynbalCosts"},
                                                                          {Event::sweep, "SynbalSweep"},
                                                                          {Event::visits, "SynbalVisits"},
                                                                          {Event::assembly, "SynbalAssembly"},
                                                                          {Event::laplacian, "SynbalLaplacian"},
                                                                          {Event::simulation, "SynbalSimulate"},
                                                                          {Event::recomputed, "SynbalRecompute"}});

/// Once, by Session.
void register_profile();

/// From here to the end of the scope.
class StageScope {
 public:
  explicit StageScope(Stage stage);
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;
  ~StageScope();
};

class EventScope {
 public:
  /// `operations`: floating point, of this rank, by the end of the scope.
  explicit EventScope(Event event, double operations = 0);
  EventScope(const EventScope&) = delete;
  EventScope& operator=(const EventScope&) = delete;
  ~EventScope();

 private:
  Event event_;
  double operations_;
};

}  // namespace synbal
