// Parts, and what every solver's part has in common.
#include "synbal/balance/run_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "synbal/balance/solver.hpp"
#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/own_sums.hpp"

namespace synbal {

namespace {

using Count = std::pair<const char*, std::int64_t SolverResult::*>;
constexpr std::array<Count, 5> kCounts{{{"iterations", &SolverResult::iterations},
                                        {"sweeps", &SolverResult::sweeps},
                                        {"newton_steps", &SolverResult::newton_steps},
                                        {"krylov_iterations", &SolverResult::krylov_iterations},
                                        {"matrix_passes", &SolverResult::matrix_passes}}};

template <class T>
std::vector<double> column(const std::vector<SolverProgress>& history, T SolverProgress::*member) {
  std::vector<double> values(history.size());
  std::ranges::transform(history, values.begin(), [&](const auto& line) { return static_cast<double>(line.*member); });
  return values;
}

template <class T>
void set_column(std::vector<SolverProgress>& history, T SolverProgress::*member, const std::vector<double>& values) {
  history.resize(std::max(history.size(), values.size()));
  for (std::size_t k = 0; k < values.size(); ++k) history[k].*member = static_cast<T>(values[k]);
}

const std::vector<double>& list(const RunPart& part, const std::string& name) {
  static const std::vector<double> none;
  const auto found = part.numbers.find(name);
  return found == part.numbers.end() ? none : found->second;
}

}  // namespace

double RunPart::number(const std::string& name) const {
  const auto& values = list(*this, name);
  if (values.empty()) throw bad_input(fmt::format("the kept state has no number '{}': begin anew, without it", name));
  return values.front();
}

std::int64_t RunPart::count(const std::string& name) const { return static_cast<std::int64_t>(number(name)); }

std::span<const double> RunPart::values(const std::string& name) const {
  const auto found = neurons.find(name);
  return found == neurons.end() ? std::span<const double>() : std::span<const double>(found->second);
}

void RunKeeper::begin_with(RunState state, std::vector<double> start) {
  begin_ = std::move(state);
  start_ = std::move(start);
}

std::optional<RunPart> RunKeeper::take(const std::string& name) {
  auto found = begin_.extract(name);
  if (found.empty()) return {};
  return std::move(found.mapped());
}

void RunKeeper::keep(Wish agreed) {
  RunState state;
  std::vector<double> h;
  bool somewhere = false;
  for (auto* part : parts_) {
    part->tell_(state[part->name_]);
    if (part->here_) h = part->here_(), somewhere = true;
  }
  if (!somewhere) throw internal_error("no solver says where it stands, so nothing can be kept");
  write(state, h, agreed);
}

KeptPart::KeptPart(RunKeeper* keeper, std::string name, Tell tell, Here here)
    : keeper_(keeper), name_(std::move(name)), tell_(std::move(tell)), here_(std::move(here)) {
  if (keeper_ != nullptr) keeper_->parts_.push_back(this);
}

KeptPart::~KeptPart() {
  if (keeper_ != nullptr) std::erase(keeper_->parts_, this);
}

std::optional<RunPart> taken_part(const StopCriteria& stop, const std::string& name) {
  if (stop.keeper == nullptr) return {};
  return stop.keeper->take(name);
}

Wish own_wish(const StopCriteria& stop, double seconds) {
  const bool late = stop.max_seconds > 0 && seconds > stop.max_seconds;
  return std::max(late ? Wish::late : Wish::go_on, stop.keeper != nullptr ? stop.keeper->wish() : Wish::go_on);
}

Wish heard(const Comm& comm, const StopCriteria& stop, double seconds) {
  fault_point("solve");
  if (stop.max_seconds <= 0 && stop.keeper == nullptr) return Wish::go_on;
  const bool stopped = stop.max_seconds > 0 && fault_is("stop-clock", "solve");
  const auto own = std::max(stopped ? Wish::late : Wish::go_on, own_wish(stop, seconds));
  const auto all = agreed_wish(comm, own);
  if (all != Wish::go_on && stop.keeper != nullptr) stop.keeper->keep(all);
  return all;
}

Wish agreed_wish(const Comm& comm, Wish own) {
  constexpr std::int32_t nan = static_cast<std::int32_t>(Wish::stop) + 1;
  const auto all = comm.max(own_sum_is_nan() ? nan : static_cast<std::int32_t>(own));
  if (all == nan) end_over_nan(comm);
  return static_cast<Wish>(all);
}

void put_result(RunPart& part, const SolverResult& result) {
  for (const auto& [name, member] : kCounts) part.put(name, static_cast<double>(result.*member));
  const auto& history = result.history;
  part.numbers["history.iteration"] = column(history, &SolverProgress::iteration);
  part.numbers["history.cost"] = column(history, &SolverProgress::cost);
  part.numbers["history.imbalance"] = column(history, &SolverProgress::imbalance);
  part.numbers["history.seconds"] = column(history, &SolverProgress::seconds);
}

void take_result(const RunPart& part, SolverResult& result) {
  for (const auto& [name, member] : kCounts) result.*member = part.count(name);
  result.history.clear();
  set_column(result.history, &SolverProgress::iteration, list(part, "history.iteration"));
  set_column(result.history, &SolverProgress::cost, list(part, "history.cost"));
  set_column(result.history, &SolverProgress::imbalance, list(part, "history.imbalance"));
  set_column(result.history, &SolverProgress::seconds, list(part, "history.seconds"));
}

}  // namespace synbal
