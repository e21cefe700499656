// Columns of a trajectory: figures of the run, h of neurons, weights and costs of synapses.
#include "app/flow_recording.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>

#include "synbal/network/partition.hpp"

namespace synbal::app {

namespace {

/// "sum of h" as the name of a dataset.
std::string dataset_name(std::string words) {
  std::ranges::replace_if(
      words, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return words;
}

/// Collective. For marked neurons their rank in the order of the file, whoever owns them.
std::vector<std::int64_t> columns_of(const Comm& comm, const Network& network,
                                     const std::vector<std::uint8_t>& marked) {
  const auto rows = Ownership::even(comm, network.size());
  const auto flags = to_file_order<std::uint8_t>(comm, network, rows, marked);
  std::vector<std::int64_t> column(flags.begin(), flags.end());
  const auto own = std::reduce(column.begin(), column.end(), std::int64_t{0});
  std::exclusive_scan(column.begin(), column.end(), column.begin(), comm.sum_below(own));
  return from_file_order<std::int64_t>(comm, network, rows, column);
}

}  // namespace

SynapseValues::SynapseValues(const Network& network, SelectedSynapses selected, double power)
    : network_(&network), selected_(std::move(selected)), power_(power) {
  const auto n = at(network.local_size());
  const auto& nodes = network.nodes;
  const auto gain = with_ghosts(nodes.gain.size() == n ? nodes.gain : std::vector<double>(n, 1.0));
  const auto exponent = with_ghosts(nodes.exponent.size() == n ? nodes.exponent : std::vector<double>(n, 1.0));
  for (const auto entry : selected_.entry) {
    const auto j = at(network.column[at(entry)]);
    gain_.push_back(gain[j]);
    exponent_.push_back(exponent[j]);
  }
  weight_.resize(selected_.entry.size());
  cost_.resize(selected_.entry.size());
}

std::vector<double> SynapseValues::with_ghosts(std::span<const double> owned) const {
  std::vector<double> all(owned.begin(), owned.end());
  if (selected_.count == 0) return all;
  all.resize(owned.size() + network_->halo.ghosts().size());
  HaloExchange<double>(network_->halo).forward(owned, std::span(all).subspan(owned.size()));
  return all;
}

void SynapseValues::update(std::span<const double> h) {
  if (selected_.count == 0) return;
  const auto all = with_ghosts(h);
  for (std::size_t k = 0; k < weight_.size(); ++k) {
    const auto entry = at(selected_.entry[k]);
    const double x = exponent_[k] * all[at(network_->column[entry])] - all[at(selected_.row[k])];
    weight_[k] = scaled_weight(network_->weight[entry], x);
    cost_[k] = gain_[k] * gain_[k] * std::pow(std::abs(weight_[k]), power_);
  }
}

Recording::Recording(const Comm& comm, const Network& network, const BalanceProblem& problem,
                     const FlowOptions& options, InvariantMonitor& monitor, Companions& companions)
    : comm_(comm),
      network_(network),
      problem_(problem),
      monitor_(monitor),
      companions_(companions),
      synapses_(network, select_synapses(comm, network, "--record-synapses", options.record_synapses),
                problem.power()) {
  choose_neurons(select_neurons(comm, network, "--record", options.record));
  choose_scalars();
}

/// Collective.
void Recording::choose_neurons(const std::vector<std::uint8_t>& marked) {
  const auto column = columns_of(comm_, network_, marked);
  const auto ids = neuron_ids(network_);
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] == 0) continue;
    neurons_.push_back(static_cast<LocalIndex>(i));
    place_.push_back(column[i]);
    id_.push_back(ids[i]);
  }
  width_ = comm_.sum(static_cast<std::int64_t>(neurons_.size()));
}

void Recording::choose_scalars() {
  const auto count = [](std::int64_t IntegratorStatistics::*member) {
    return [member](const FlowMoment& m) { return static_cast<double>(m.statistics.*member); };
  };
  using S = IntegratorStatistics;
  scalars_ = {{"time", [](const FlowMoment& m) { return m.time; }},
              {"cost", [](const FlowMoment& m) { return m.cost; }},
              {"imbalance", [](const FlowMoment& m) { return m.imbalance.l1; }},
              {"imbalance_l2", [](const FlowMoment& m) { return m.imbalance.l2; }},
              {"imbalance_linf", [](const FlowMoment& m) { return m.imbalance.linf; }},
              {"max_log_ratio", [](const FlowMoment& m) { return m.imbalance.max_log_ratio; }},
              {"gradient_norm", [](const FlowMoment& m) { return m.gradient_norm; }},
              {"seconds", [this](const FlowMoment&) { return timer_.seconds(); }},
              {"integrator/step", [](const FlowMoment& m) { return m.statistics.step; }},
              {"integrator/order", [](const FlowMoment& m) { return static_cast<double>(m.statistics.order); }},
              {"integrator/steps", count(&S::steps)},
              {"integrator/derivatives", count(&S::derivatives)},
              {"integrator/nonlinear_iterations", count(&S::nonlinear_iterations)},
              {"integrator/krylov_iterations", count(&S::krylov_iterations)},
              {"integrator/error_test_failures", count(&S::error_test_failures)},
              {"integrator/nonlinear_failures", count(&S::nonlinear_failures)},
              {"integrator/linear_failures", count(&S::linear_failures)}};
  for (std::size_t k = 0; k < monitor_.invariants().size(); ++k) {
    const auto& invariant = monitor_.invariants()[k];
    if (!invariant.watched) continue;
    scalars_.push_back({"invariants/" + dataset_name(invariant.name),
                        [this, k](const FlowMoment&) { return monitor_.invariants()[k].drift; }});
  }
  auto& c = companions_;
  if (c.heat) {
    scalars_.push_back({"heat/difference_l2", [&c](const FlowMoment&) { return c.heat_difference.l2; }});
    scalars_.push_back({"heat/difference_linf", [&c](const FlowMoment&) { return c.heat_difference.linf; }});
    scalars_.push_back({"heat/difference_relative", [&c](const FlowMoment&) { return c.heat_difference.relative; }});
  }
  if (c.weights) {
    scalars_.push_back({"weights/largest_difference", [&c](const FlowMoment&) { return c.weight_difference; }});
  }
}

TrajectoryLabel Recording::label(const std::string& name, std::int64_t width, std::span<const std::int64_t> place,
                                 std::span<const std::int64_t> value) const {
  return {name, width, {place.begin(), place.end()}, {value.begin(), value.end()}};
}

TrajectoryLayout Recording::layout(std::int64_t expected_rows) const {
  TrajectoryLayout layout;
  layout.expected_rows = expected_rows;
  for (const auto& scalar : scalars_) layout.scalars.push_back(scalar.name);
  if (width_ > 0 || network_.size() == 0) {
    layout.labels.push_back(label("neuron", width_, place_, id_));
    layout.tables.push_back({"h", width_, place_});
    if (companions_.heat) layout.tables.push_back({"heat/h", width_, place_});
  }
  const auto& s = synapses_.selected();
  if (s.count > 0) {
    layout.labels.push_back(label("synapse/postsynaptic", s.count, s.place, s.postsynaptic));
    layout.labels.push_back(label("synapse/presynaptic", s.count, s.place, s.presynaptic));
    layout.tables.push_back({"synapse/weight", s.count, s.place});
    layout.tables.push_back({"synapse/cost", s.count, s.place});
  }
  return layout;
}

void Recording::open(const FlowOptions& options, std::int64_t expected_rows, const Provenance& about) {
  writer_ = std::make_unique<TrajectoryWriter>(comm_, options.output, layout(expected_rows), about);
}

/// [recorded neurons] Values of active neurons; the others have none.
std::vector<double> Recording::of_recorded(std::span<const double> active) const {
  const auto all = problem_.to_network(active, 0.0);
  std::vector<double> values;
  values.reserve(neurons_.size());
  for (const auto i : neurons_) values.push_back(all[at(i)]);
  return values;
}

/// Collective.
void Recording::advance_companions(const FlowMoment& moment) {
  auto& c = companions_;
  if (c.heat) c.heat_difference = c.heat->compare(moment.time, moment.h);
  if (!c.weights) return;
  c.weight_difference = c.weights->compare(moment.time, moment.h);
  // What is not a number stays in sight.
  if (!(c.weight_difference <= c.largest_weight_difference)) c.largest_weight_difference = c.weight_difference;
}

void Recording::row(const FlowMoment& moment) {
  advance_companions(moment);
  std::vector<double> figures;
  for (const auto& scalar : scalars_) figures.push_back(scalar.value(moment));
  std::vector<double> h, heat;
  std::vector<std::span<const double>> tables;
  if (width_ > 0 || network_.size() == 0) {
    tables.emplace_back(h = of_recorded(moment.h));
    if (companions_.heat) tables.emplace_back(heat = of_recorded(companions_.heat->h()));
  }
  if (synapses() > 0) {
    synapses_.update(problem_.to_network(moment.h, 0.0));
    tables.push_back(synapses_.weight());
    tables.push_back(synapses_.cost());
  }
  const Timer writing;
  writer_->append(figures, tables);
  writing_ += writing.seconds();
}

void Recording::finish(const Provenance& about) { writer_->finish(about); }

}  // namespace synbal::app
