// Sums over steps; means when they are asked for.
#include "dynamics/network_run.hpp"

#include <algorithm>
#include <cmath>

namespace synbal {

NetworkRun::NetworkRun(const Comm& comm, const Network& network, const DynamicsParams& dynamics,
                       const Ensemble& ensemble, const ExperimentParams& params, std::optional<std::int64_t> clean)
    : params_(&params),
      clean_(clean),
      dynamics_(comm, network, dynamics, ensemble),
      slopes_(at(network.local_size()), 0.0),
      squares_(slopes_),
      losses_(ensemble.noise.size(), 0.0),
      deviations_(losses_) {}

void NetworkRun::advance(std::int64_t step, std::span<const double> input, std::span<const double> target) {
  dynamics_.advance(step, input);
  outputs_ = dynamics_.read_out();
  dynamics_.add_slopes(slopes_, squares_);
  add_errors(target);
  if (params_->perturbation > 0) add_response(step);
  if ((step + 1) % params_->every == 0) record();
}

void NetworkRun::add_errors(std::span<const double> target) {
  const auto& ensemble = dynamics_.ensemble();
  const auto runs = ensemble.runs(), columns = ensemble.columns();
  for (std::int64_t output = 0; output < dynamics_.outputs(); ++output) {
    const auto y = std::span<const double>(outputs_).subspan(at(output * columns), at(columns));
    const auto quiet = y.subspan(at(clean_.value_or(0) * runs), at(runs));
    for (std::int64_t column = 0; column < columns; ++column) {
      const auto level = at(column / runs), run = at(column % runs);
      const double off = y[at(column)] - quiet[run];
      deviations_[level] += off * off;
      if (target.empty()) continue;
      const double miss = y[at(column)] - target[at(output * runs) + run];
      losses_[level] += miss * miss;
    }
    for (const double v : quiet) power_ += v * v;
  }
}

void NetworkRun::add_response(std::int64_t step) {
  for (const double r : dynamics_.response(params_->perturbation, static_cast<std::uint32_t>(step))) {
    responses_ += r, response_squares_ += r * r;
  }
}

void NetworkRun::record() {
  const auto& ensemble = dynamics_.ensemble();
  for (std::int64_t output = 0; output < dynamics_.outputs(); ++output) {
    const auto first = outputs_.begin() + output * ensemble.columns();
    recorded_outputs_.insert(recorded_outputs_.end(), first, first + ensemble.runs());
  }
  auto place = recorded_states_.size();
  recorded_states_.resize(place + params_->recorded.size() * at(ensemble.runs()));
  for (const auto neuron : params_->recorded) {
    dynamics_.copy_state(neuron, std::span(recorded_states_).subspan(place, at(ensemble.runs())));
    place += at(ensemble.runs());
  }
}

Measured NetworkRun::measured(std::int64_t steps) const {
  const auto& ensemble = dynamics_.ensemble();
  const auto samples = static_cast<double>(std::max<std::int64_t>(steps * ensemble.runs(), 1));
  Measured found;
  found.gains = {slopes_, squares_};
  for (auto* sums : {&found.gains.mean, &found.gains.mean_square}) {
    for (auto& v : *sums) v /= samples;
  }
  const double values = samples * static_cast<double>(std::max<std::int64_t>(dynamics_.outputs(), 1));
  for (std::size_t k = 0; k < losses_.size(); ++k)
    found.levels.push_back({losses_[k] / values, deviations_[k] / values});
  found.output_power = power_ / values;
  found.outputs = recorded_outputs_, found.states = recorded_states_;
  if (params_->perturbation == 0) return found;
  const double mean = responses_ / samples;
  const double scatter = std::max(0.0, response_squares_ / samples - mean * mean);
  found.amplification = {params_->perturbation, mean, std::sqrt(scatter / samples), std::llround(samples)};
  return found;
}

}  // namespace synbal
