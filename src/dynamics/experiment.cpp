// Step by step, all networks side by side, so that nothing but sums has to be kept of a run.
#include "synbal/dynamics/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "dynamics/network_run.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/range.hpp"

namespace synbal {

namespace {
constexpr std::int64_t kLook = 16;  // steps between looks for states that are no numbers any more

std::optional<std::int64_t> level_without_noise(const Ensemble& ensemble) {
  const auto found = std::ranges::find(ensemble.noise, 0.0);
  if (found == ensemble.noise.end()) return {};
  return found - ensemble.noise.begin();
}
}  // namespace

Experiment::Experiment(const Comm& comm, const std::vector<const Network*>& networks, const DynamicsParams& dynamics,
                       const Ensemble& ensemble, Protocol& protocol, const ExperimentParams& params)
    : comm_(&comm), ensemble_(ensemble), protocol_(&protocol), params_(params), clean_(level_without_noise(ensemble)) {
  auto own = params_;
  for (const auto* network : networks) {
    runs_.push_back(std::make_unique<NetworkRun>(comm, *network, dynamics, ensemble, own, clean_));
    own.recorded.clear();  // the states of the first network alone
  }
  agreed(comm, [&] { check_fit(); });
}

Experiment::~Experiment() = default;

void Experiment::check_fit() const {
  for (const auto& run : runs_) {
    const auto& dynamics = run->dynamics();
    const auto& path = dynamics.network().facts.path;
    if (dynamics.inputs() != protocol_->input->channels()) {
      throw usage_error(fmt::format("{} has {} inputs, but {} gives {}: give as many", path, dynamics.inputs(),
                                    parameter("drive"), protocol_->input->channels()));
    }
    if (protocol_->target && dynamics.outputs() != protocol_->target->channels()) {
      throw usage_error(fmt::format("{} has {} outputs, but {} gives {}: give as many", path, dynamics.outputs(),
                                    parameter("targets"), protocol_->target->channels()));
    }
    if (dynamics.outputs() != runs_.front()->dynamics().outputs()) {
      throw usage_error(fmt::format("{} has {} outputs, the other network {}: compare networks with the same", path,
                                    dynamics.outputs(), runs_.front()->dynamics().outputs()));
    }
  }
}

void Experiment::advance() {
  const auto input = protocol_->input->at_step(steps_);
  const auto target = protocol_->target ? protocol_->target->at_step(steps_) : std::span<const double>{};
  for (auto& run : runs_) run->advance(steps_, input, target);
  if (runs_.size() == 2 && clean_) compare();
  ++steps_;
  if (is_over() || steps_ % kLook == 0) check_finite();
}

void Experiment::keep(Checkpoint& checkpoint) const {
  checkpoint.numbers["experiment"] = {static_cast<double>(steps_), difference_, largest_};
  for (std::size_t k = 0; k < runs_.size(); ++k) runs_[k]->keep(checkpoint, fmt::format("network{}", k));
}

void Experiment::go_on_from(const Checkpoint& checkpoint) {
  agreed(*comm_, [&] {
    const auto found = checkpoint.numbers.find("experiment");
    if (found == checkpoint.numbers.end() || found->second.size() != 3) {
      throw bad_input("the checkpoint is none of a simulation: begin anew");
    }
    steps_ = std::llround(found->second[0]), difference_ = found->second[1], largest_ = found->second[2];
    for (std::size_t k = 0; k < runs_.size(); ++k) runs_[k]->go_on_from(checkpoint, fmt::format("network{}", k));
  });
}

double Experiment::recorded_in_the_end() const {
  const auto neurons = static_cast<double>(comm_->sum(std::ssize(params_.recorded)));
  return neurons * static_cast<double>(params_.grid.count / params_.every) * static_cast<double>(ensemble_.runs());
}

void Experiment::check_finite() const {
  const bool fault = fault_is("nan", "solve");
  for (const auto& run : runs_) {
    if (!comm_->any(fault || !run->dynamics().is_finite())) continue;
    throw bad_input(fmt::format(
        "{}: at time {:g} a state has left the range of doubles (the network amplifies without bound): give "
        "weaker weights, an earlier end or tanh",
        run->dynamics().network().facts.path, static_cast<double>(steps_) * params_.grid.step));
  }
}

void Experiment::compare() {
  const auto runs = ensemble_.runs(), columns = ensemble_.columns();
  const auto& a = runs_[0]->outputs();
  const auto& b = runs_[1]->outputs();
  for (std::int64_t output = 0; output < runs_[0]->dynamics().outputs(); ++output) {
    for (std::int64_t run = 0; run < runs; ++run) {
      const auto place = at(output * columns + *clean_ * runs + run);
      difference_ = std::max(difference_, std::abs(a[place] - b[place]));
      largest_ = std::max(largest_, std::abs(a[place]));
    }
  }
}

std::vector<double> Experiment::times() const {
  std::vector<double> times;
  for (auto step = params_.every; step <= steps_; step += params_.every) {
    times.push_back(static_cast<double>(step) * params_.grid.step);
  }
  return times;
}

std::int64_t Experiment::outputs() const noexcept { return runs_.front()->dynamics().outputs(); }

Measured Experiment::measured(std::size_t k) const { return runs_[k]->measured(steps_); }

}  // namespace synbal
