// OUT.h5: the arrays of a simulation.
#include <algorithm>

#include "app/simulate/simulate.hpp"
#include "synbal/io/array_file.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

namespace {

/// The arrays being collected.
struct Arrays {
  const Comm& comm;
  const SimulateReport& report;
  std::vector<FileArray> all = {};

  [[nodiscard]] std::int64_t conditions() const { return report.setting.ensemble.conditions; }
  [[nodiscard]] std::int64_t trials() const { return report.setting.ensemble.trials; }

  void add_common(const std::string& name, std::vector<std::int64_t> shape, std::vector<double> values) {
    all.push_back(common_array(comm, name, std::move(shape), std::move(values)));
  }
  void add_list(const std::string& name, const std::vector<double>& values) {
    add_common(name, {std::ssize(values)}, values);
  }
};

/// Outputs, gains, losses of one network; their names begin with `group`.
void add_network(Arrays& arrays, const std::string& group, const NetworkSection& found,
                 const std::vector<std::int64_t>& places, std::int64_t n, std::int64_t times) {
  const auto& r = arrays.report;
  arrays.add_common(group + "outputs", {times, r.outputs, arrays.conditions(), arrays.trials()},
                    found.measured.outputs);
  const auto sigma = found.measured.gains.sigma();
  arrays.all.push_back({group + "mu", {n}, 1, places, found.measured.gains.mean});
  arrays.all.push_back({group + "sigma", {n}, 1, places, sigma});
  arrays.all.push_back({group + "gain", {n}, 1, places, sigma});
  std::vector<double> loss, deviation;
  for (const auto& level : found.measured.levels) loss.push_back(level.loss), deviation.push_back(level.deviation);
  if (r.has_targets()) arrays.add_list(group + "noise/loss", loss);
  arrays.add_list(group + "noise/deviation", deviation);
}

/// Collective. States of the recorded neurons, in the order of the file, and their ids.
void add_activity(Arrays& arrays, const Network& network, const std::vector<LocalIndex>& recorded, std::int64_t times) {
  const auto count = arrays.comm.sum(std::ssize(recorded));
  if (count == 0) return;
  const auto ids = neuron_ids(network);
  // Places among the recorded ones: how many of them stand before in the file.
  std::vector<std::int64_t> own;
  for (const auto i : recorded) own.push_back(network.file_index(i));
  auto order = arrays.comm.gather_all(std::span<const std::int64_t>(own));
  std::ranges::sort(order);
  FileArray id{"recorded", {count}, 1, {}, std::vector<std::int64_t>{}};
  FileArray states{"activity", {times, count, arrays.conditions(), arrays.trials()}, times, {}, {}};
  const auto runs = arrays.conditions() * arrays.trials();
  for (std::size_t k = 0; k < recorded.size(); ++k) {
    id.place.push_back(std::ranges::lower_bound(order, own[k]) - order.begin());
    std::get<1>(id.values).push_back(ids[at(recorded[k])]);
    for (std::int64_t run = 0; run < runs; ++run) states.place.push_back(id.place.back() * runs + run);
  }
  states.values = arrays.report.found.measured.states;
  arrays.all.push_back(std::move(id));
  if (times > 0) arrays.all.push_back(std::move(states));
}

}  // namespace

std::vector<std::int64_t> places_of(const Network& network) {
  std::vector<std::int64_t> places;
  for (LocalIndex i = 0; i < network.local_size(); ++i) places.push_back(network.file_index(i));
  return places;
}

void write_simulation(const Comm& comm, const Network& network, const SimulateReport& report,
                      const std::vector<LocalIndex>& recorded, const std::vector<double>& times,
                      const Provenance& about) {
  Arrays arrays{comm, report};
  arrays.add_list("time", times);
  arrays.add_list("noise/level", report.setting.ensemble.noise);
  const auto places = places_of(network);
  add_network(arrays, "", report.found, places, network.size(), std::ssize(times));
  if (report.against)
    add_network(arrays, "against/", report.against->found, report.against->places, network.size(), std::ssize(times));
  add_activity(arrays, network, recorded, std::ssize(times));
  write_arrays(comm, arrays.all, about, report.options.output);
}

}  // namespace synbal::app
