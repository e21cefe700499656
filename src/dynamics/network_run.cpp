// Sums over steps; means when they are asked for.
#include "dynamics/network_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "synbal/core/error.hpp"

namespace synbal {

NetworkRun::NetworkRun(const Comm& comm, const Network& network, const DynamicsParams& dynamics,
                       const Ensemble& ensemble, const ExperimentParams& params, std::optional<std::int64_t> clean)
    : comm_(&comm),
      params_(params),
      clean_(clean),
      dynamics_(comm, network, dynamics, ensemble),
      slopes_(at(network.local_size()), 0.0),
      squares_(slopes_),
      losses_(ensemble.noise.size(), 0.0),
      deviations_(losses_) {
  std::vector<std::int64_t> own;
  for (const auto neuron : params_.recorded) own.push_back(network.file_index(neuron));
  order_ = distinct(comm.gather_all(std::span<const std::int64_t>(own)));
}

void NetworkRun::advance(std::int64_t step, std::span<const double> input, std::span<const double> target) {
  dynamics_.advance(step, input);
  outputs_ = dynamics_.read_out();
  dynamics_.add_slopes(slopes_, squares_);
  add_errors(target);
  if (params_.perturbation > 0) add_response(step);
  if ((step + 1) % params_.every == 0) record();
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
  for (const double r : dynamics_.response(params_.perturbation, static_cast<std::uint32_t>(step))) {
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
  recorded_states_.resize(place + params_.recorded.size() * at(ensemble.runs()));
  for (const auto neuron : params_.recorded) {
    dynamics_.copy_state(neuron, std::span(recorded_states_).subspan(place, at(ensemble.runs())));
    place += at(ensemble.runs());
  }
}

// ---- keeping

/// Collective. [all recorded * times * runs] By the neurons' places in the file, the same on all ranks.
std::vector<double> NetworkRun::all_states() const {
  const auto recorded = params_.recorded.size(), runs = at(dynamics_.ensemble().runs());
  const auto times = recorded > 0 ? recorded_states_.size() / recorded / runs : 0;
  const auto length = at(comm_->max(static_cast<std::int64_t>(times * runs)));
  std::vector<double> all(order_.size() * length, 0.0);
  for (std::size_t k = 0; k < recorded; ++k) {
    const auto place = std::ranges::lower_bound(order_, dynamics_.network().file_index(params_.recorded[k]));
    auto* into = all.data() + at(place - order_.begin()) * length;
    for (std::size_t t = 0; t < times; ++t) {
      std::copy_n(recorded_states_.begin() + static_cast<std::ptrdiff_t>((t * recorded + k) * runs), runs,
                  into + t * runs);
    }
  }
  comm_->sum(std::span(all));
  return all;
}

void NetworkRun::take_states(const std::vector<double>& all) {
  const auto recorded = params_.recorded.size(), runs = at(dynamics_.ensemble().runs());
  const auto length = order_.empty() ? 0 : all.size() / order_.size();
  recorded_states_.assign(recorded * length, 0.0);
  for (std::size_t k = 0; k < recorded; ++k) {
    const auto place = std::ranges::lower_bound(order_, dynamics_.network().file_index(params_.recorded[k]));
    const auto* from = all.data() + at(place - order_.begin()) * length;
    for (std::size_t t = 0; t < length / runs; ++t) {
      std::copy_n(from + t * runs, runs,
                  recorded_states_.begin() + static_cast<std::ptrdiff_t>((t * recorded + k) * runs));
    }
  }
}

void NetworkRun::keep(Checkpoint& checkpoint, const std::string& name) const {
  for (std::int64_t c = 0; c < dynamics_.ensemble().columns(); ++c) {
    checkpoint.neurons[fmt::format("{}/x/{}", name, c)] = dynamics_.column(c);
  }
  checkpoint.neurons[name + "/slopes"] = slopes_, checkpoint.neurons[name + "/squares"] = squares_;
  checkpoint.numbers[name + "/losses"] = losses_, checkpoint.numbers[name + "/deviations"] = deviations_;
  checkpoint.numbers[name + "/sums"] = {power_, responses_, response_squares_};
  checkpoint.numbers[name + "/outputs"] = recorded_outputs_;
  checkpoint.numbers[name + "/states"] = all_states();
}

void NetworkRun::go_on_from(const Checkpoint& checkpoint, const std::string& name) {
  const auto found = [&](const auto& lists, const std::string& what, std::size_t length) -> const std::vector<double>& {
    const auto list = lists.find(name + "/" + what);
    if (list != lists.end() && (length == 0 || list->second.size() == length)) return list->second;
    throw bad_input(fmt::format("the checkpoint lacks {}/{}, or has another number of it: begin anew", name, what));
  };
  for (std::int64_t c = 0; c < dynamics_.ensemble().columns(); ++c) {
    dynamics_.set_column(c, found(checkpoint.neurons, fmt::format("x/{}", c), 0));
  }
  slopes_ = found(checkpoint.neurons, "slopes", 0), squares_ = found(checkpoint.neurons, "squares", 0);
  losses_ = found(checkpoint.numbers, "losses", losses_.size());
  deviations_ = found(checkpoint.numbers, "deviations", losses_.size());
  const auto& sums = found(checkpoint.numbers, "sums", 3);
  power_ = sums[0], responses_ = sums[1], response_squares_ = sums[2];
  recorded_outputs_ = found(checkpoint.numbers, "outputs", 0);
  take_states(found(checkpoint.numbers, "states", 0));
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
  if (params_.perturbation == 0) return found;
  const double mean = responses_ / samples;
  const double scatter = std::max(0.0, response_squares_ / samples - mean * mean);
  found.amplification = {params_.perturbation, mean, std::sqrt(scatter / samples), std::llround(samples)};
  return found;
}

}  // namespace synbal
